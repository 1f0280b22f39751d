"""One of the window's 3D views: its subject and its display."""

from dataclasses import dataclass, field

from app.state.document import Subject
from app.state.heat import Heat
from app.state.layers import LAYERS
from app.state.settings import ViewSettings
from app.state.slices import SliceSettings
from app.state.weights import Weights


@dataclass(eq=False)
class View:
    """The state of one viewport.

    Attributes:
        subject: garment, method and selection of the view.
        settings: layers and their appearance.
        slices: how the heatmap is shown.
    """

    subject: Subject = field(default_factory=Subject)
    settings: ViewSettings = field(default_factory=ViewSettings)
    slices: SliceSettings = field(default_factory=SliceSettings)
    _heat: Heat | None = field(default=None, init=False, repr=False)
    _weights: Weights | None = field(default=None, init=False, repr=False)

    def lacks(self, layer: str) -> str:
        """Return why a layer has nothing to show here; empty if it has something."""
        return LAYERS[layer].needs(self.subject)

    def shows(self, layer: str) -> bool:
        """Return whether a layer is on: as it was switched, otherwise by its default for the subject."""
        spec = LAYERS[layer]
        return not spec.needs(self.subject) and self.settings.layers.get(layer, spec.on(self.subject))

    @property
    def heat(self) -> Heat | None:
        """The current heatmap, the same object until it changes; None if there is none."""
        prediction = self.subject.heated
        if prediction is None:
            self._heat = None
            return None
        heat = Heat.of(prediction, self.slices, self.subject.segment, self.subject.reference)
        if self._heat is None or not heat.same(self._heat):  # one that is known has its grid at hand
            self._heat = heat
        return self._heat

    @property
    def weights(self) -> Weights | None:
        """The weights of the current prediction anywhere on the garment; None if there are none."""
        prediction, garment = self.subject.explained, self.subject.garment
        if prediction is None or garment is None:
            self._weights = None
        elif self._weights is None or not self._weights.are_of(prediction, garment):
            self._weights = Weights(prediction, garment)
        return self._weights

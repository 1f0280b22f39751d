"""Display settings of one view."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from psygnal import SignalGroupDescriptor

Background = Literal["theme", "white", "black"]
BACKGROUNDS: tuple[Background, ...] = get_args(Background)


@dataclass
class ViewSettings:
    """Display settings of a view: layers, their looks, and hidden keypoints.

    Attributes:
        layers: whether a layer is on, by its name in `app.state.layers.LAYERS`, for those that somebody has switched;
            the others are on or off as suits the garment, see `View.shows`.
        peak: whether keypoints lie on their heaviest point instead of their mean.
        weights: whether points and surface are coloured by the selected keypoint's weights.
        hidden: indices of keypoints that are not shown.
        most_segments: of the strongest segments, so many are shown.
        strength: segments that are weaker are not shown.
        point_size: of clouds, in logical pixels.
        label_size: of the keypoints' numbers, likewise.
        surface_opacity: from 0 to 1.
        background: behind everything.
        orthographic: whether what is far looks as large as what is near.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    layers: Mapping[str, bool] = field(default_factory=dict)
    peak: bool = False
    weights: bool = False
    hidden: frozenset[int] = frozenset()
    most_segments: int = 12
    strength: float = 0.0
    point_size: int = 4
    label_size: int = 16
    surface_opacity: float = 0.85
    background: Background = "theme"
    orthographic: bool = False

    def switch(self, layer: str, *, on: bool) -> None:
        """Switch a layer on or off, whatever is shown."""
        self.layers = {**self.layers, layer: on}

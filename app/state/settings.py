"""Display settings of one view."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from psygnal import SignalGroupDescriptor

Background = Literal["theme", "white", "black"]
BACKGROUNDS: tuple[Background, ...] = get_args(Background)


@dataclass
class ViewSettings:
    """Display settings of a view: layers, their appearance, and hidden keypoints.

    Attributes:
        layers: whether a layer is on, by its name in `app.state.layers.LAYERS`, for layers that were switched
            explicitly; `View.shows` decides for the others.
        peak: whether keypoints are drawn on their heaviest point instead of their mean.
        weights: whether points and surface are coloured by the selected keypoint's weights.
        hidden: indices of hidden keypoints.
        most_segments: maximum number of segments to show, strongest first.
        strength: minimum strength of the segments to show.
        point_size: size of a cloud's points, in logical pixels.
        label_size: size of keypoint labels, in logical pixels.
        surface_opacity: opacity of the surface, from 0 to 1.
        background: background of the view.
        orthographic: whether the projection is orthographic.
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
        """Switch a layer on or off, regardless of its default."""
        self.layers = {**self.layers, layer: on}

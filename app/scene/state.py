"""Everything that a scene shows, as one comparable value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from app.state.document import Distance, Subject
from app.state.heat import Heat
from app.state.layers import LAYERS
from app.state.preparation import Removed
from app.state.settings import ViewSettings
from app.state.slices import SliceSettings
from app.state.view import View
from app.state.weights import Weights
from keygrid.data.garment import Garment, Landmarks
from keygrid.palette import colours
from keygrid.prediction import Prediction, Skeleton

Floats = NDArray[np.float64]
Colour = tuple[float, float, float]

KEYPOINT_RADIUS = 0.012
"""Radius of a keypoint's sphere as a share of the garment's diagonal."""


@dataclass(frozen=True)
class Theme:
    """Colours of a scene, each red, green, blue from 0 to 1.

    Attributes:
        background: colour of the background.
        foreground: colour of text and skeleton.
        landmarks: colour of landmarks and their names.
    """

    background: Colour
    foreground: Colour
    landmarks: Colour


LIGHT = Theme((0.965, 0.969, 0.976), (0.10, 0.11, 0.13), (0.27, 0.30, 0.36))
DARK = Theme((0.110, 0.118, 0.133), (0.93, 0.94, 0.95), (0.93, 0.90, 0.80))


@dataclass(frozen=True)
class Look:
    """Properties of the target picture.

    Attributes:
        theme: colours.
        pixel_ratio: device pixels per logical pixel; lines scale with it, as text does with the plotter's DPI.
        text_scale: correction of text for a picture that is enlarged as it is taken: drawn pixels per pixel of the
            picture.
        bars: whether the picture includes colour bars.
        turning: whether the user is turning the camera, so that frames must be fast; large clouds are thinned out.
        share: factor of text, lines and the number of segments, below 1 in small views.
    """

    theme: Theme = LIGHT
    pixel_ratio: float = 1.0
    text_scale: float = 1.0
    bars: bool = False
    turning: bool = False
    share: float = 1.0


@dataclass(frozen=True, eq=False)
class Overlay:
    """Additions to a view from outside.

    Attributes:
        style: colours (K, 3) and titles that replace the method's own; ignored for a different K.
        mark: a picked place (3,) in file units; None for none.
        displacements: starts and ends (P, 3) of arrows, file units; None for none.
        others: keypoints (K, 3) of each further view, file units, and their colours (K, 3).
        removed: points that preparation removed; None for none.
    """

    style: tuple[NDArray[np.uint8], Sequence[str]] | None = None
    mark: Floats | None = None
    displacements: tuple[Floats, Floats] | None = None
    others: Sequence[tuple[Floats, NDArray[np.uint8]]] = ()
    removed: Removed | None = None


@dataclass(frozen=True, eq=False)
class SceneState:
    """Everything that a scene shows. K keypoints, E segments, V vertices.

    Attributes:
        garment: None for an empty scene.
        frame: index of the current frame, if the garment moves.
        shown: keypoints and their skeleton; None if there are none.
        predictions: predictions by frame, for drawing trails.
        heat: the heatmap; None if there is none.
        weights: weights of the keypoints at any place; None if there are none.
        layers: names of the layers that are on.
        settings: appearance of the layers.
        slices: how the heatmap is cut and coloured.
        keypoint: index of the selected keypoint.
        other: index of the keypoint to which the selected one is measured.
        segment: index of the selected segment.
        measure: text of the distance between the two keypoints.
        colours: (K, 3) red, green, blue of the keypoints.
        titles: K labels.
        landmarks: landmarks that are known in this frame; None if there are none.
        derived: landmarks carried over from other garments; None if there are none.
        marked: name of the selected landmark; empty for none.
        overlay: additions from other views.
        look: appearance of the picture.
    """

    garment: Garment | None = None
    frame: int = 0
    shown: Skeleton | None = None
    predictions: Mapping[int, Prediction] = field(default_factory=lambda: MappingProxyType({}))
    heat: Heat | None = None
    weights: Weights | None = None
    layers: frozenset[str] = frozenset()
    settings: ViewSettings = field(default_factory=ViewSettings)
    slices: SliceSettings = field(default_factory=SliceSettings)
    keypoint: int | None = None
    other: int | None = None
    segment: int | None = None
    measure: str = ""
    colours: NDArray[np.uint8] = field(default_factory=lambda: colours(0))
    titles: Sequence[str] = ()
    landmarks: Landmarks | None = None
    derived: Landmarks | None = None
    marked: str = ""
    overlay: Overlay = Overlay()
    look: Look = Look()

    @classmethod
    def of(cls, view: View, look: Look | None = None, overlay: Overlay | None = None) -> "SceneState":
        """Return a snapshot of a view, independent of later changes."""
        subject, overlay = view.subject, overlay or Overlay()
        shown = subject.shown if subject.garment is not None else None
        count = len(shown.keypoints) if shown is not None else 0
        style = overlay.style
        if style is None or len(style[1]) != count:
            style = subject.colours(count), tuple(subject.labels.title(index) for index in range(count))
        landmarks, derived, marked = _landmarks(subject)
        return cls(
            subject.garment,
            subject.frame,
            shown,
            # The trails belong to the prediction; a preview's keypoints are elsewhere.
            subject.predictions if subject.shown_preview is None else MappingProxyType({}),
            view.heat if shown is not None else None,
            view.weights,
            frozenset(name for name in LAYERS if view.shows(name)),
            replace(view.settings),
            replace(view.slices),
            _within(subject.keypoint, count),
            _within(subject.other, count),
            _within(subject.segment, len(shown.edges) if shown is not None else 0),
            _told(subject.distance),
            *style,
            landmarks,
            derived,
            marked,
            overlay,
            look or Look(),
        )

    @property
    def prediction(self) -> Prediction | None:
        """The current prediction if it has an explanation; without one, only keypoints and skeleton are shown."""
        return self.shown.explained if self.shown is not None else None

    @cached_property
    def vertices(self) -> Floats:
        """Vertices of the garment in this frame, (V, 3), file units."""
        return self.garment.vertices_in(self.frame) if self.garment is not None else np.empty((0, 3))

    @property
    def radius(self) -> float:
        """Radius of a keypoint's sphere, file units."""
        return KEYPOINT_RADIUS * self.garment.diagonal if self.garment is not None else 0.0

    @property
    def weighed(self) -> tuple[Weights, int] | None:
        """The weights that colour points and surface, and the keypoint they belong to; None if nothing is coloured."""
        wanted = self.settings.weights and self.weights is not None and self.keypoint is not None
        return (self.weights, self.keypoint) if wanted and self.weights and self.keypoint is not None else None

    @property
    def painted(self) -> bool:
        """True if garments have the colours and textures of their files; colouring by weights takes precedence."""
        has_some = self.garment is not None and self.garment.is_coloured
        return has_some and "colours" in self.layers and self.weighed is None

    @property
    def background(self) -> Colour:
        """The colour behind everything."""
        plain = {"white": (1.0, 1.0, 1.0), "black": (0.0, 0.0, 0.0)}
        return plain.get(self.settings.background, self.look.theme.background)

    @property
    def foreground(self) -> Colour:
        """A colour that is legible on the background."""
        contrast = {"white": LIGHT.foreground, "black": DARK.foreground}
        return contrast.get(self.settings.background, self.look.theme.foreground)

    @cached_property
    def drawn_segments(self) -> NDArray[np.bool_]:
        """Mask (E,) of the segments that are strong enough and join keypoints that are not hidden."""
        if self.shown is None:
            return np.zeros(0, bool)
        seen = np.array([index not in self.settings.hidden for index in range(len(self.shown.keypoints))], bool)
        strengths = self.shown.strengths
        most = max(round(self.settings.most_segments * self.look.share), 1)
        ranks = np.empty(len(strengths), np.int64)
        ranks[np.argsort(-strengths, kind="stable")] = np.arange(len(strengths))
        strong: NDArray[np.bool_] = (strengths >= self.settings.strength) & (ranks < most)
        return strong & seen[self.shown.edges].all(axis=1)


def _landmarks(subject: Subject) -> tuple[Landmarks | None, Landmarks | None, str]:
    """Return the garment's landmarks, its derived landmarks, and the name of the selected one."""
    garment, marks = subject.garment, subject.landmarks
    if garment is None:
        return None, None, ""
    # Return the same object until something changes, so that nothing is redrawn.
    known = marks.in_frame(subject.frame) if marks is not None and marks.frames else marks
    selected = subject.marked[1] if subject.marked is not None and subject.marked[0] is garment else ""
    return known, subject.derived.get(garment), selected


def _within(index: int | None, count: int) -> int | None:
    """Return an index if it is below `count`: a preview may have fewer keypoints than the prediction had."""
    return index if index is not None and index < count else None


def _told(distance: Distance | None) -> str:
    if distance is None:
        return ""
    straight = f"{distance.straight:.4g}"
    return straight if distance.along is None else f"{straight}, {distance.along:.4g} along the cloth"

"""Settings of the heatmap: its slices, resolution and colours."""

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar, Literal, get_args

from psygnal import SignalGroupDescriptor

Plane = Literal["x", "y", "z", "free"]
PLANES: tuple[Plane, ...] = get_args(Plane)

Axis = Literal["x", "y", "z"]
AXES: tuple[Axis, ...] = get_args(Axis)

Vector = tuple[float, float, float]

COLOUR_MAPS = ("inferno", "viridis", "cividis", "turbo", "gray", "coolwarm")
"""Names of Matplotlib colour maps; the first three are perceptually uniform and suit any colour vision."""

KEY_STEP = 0.05
"""Distance that a key moves a plane, normalised."""

RESOLUTIONS = (48, 96, 144, 192)
"""Samples along each side of a slice's square."""


@dataclass
class SliceSettings:
    """Slices through the heatmap, its resolution and its colours. Positions are normalised.

    Attributes:
        plane: the active plane, which keys, wheel and slider move.
        others: the other visible planes.
        x: position of the plane perpendicular to X, from -1 to 1.
        y: position of the plane perpendicular to Y, from -1 to 1.
        z: position of the plane perpendicular to Z, from -1 to 1.
        free: distance of the free plane from the centre, along its normal.
        normal: unit normal of the free plane.
        resolution: samples along each side of a slice's square.
        cells: whether slices show the decoder's cells instead of the continuous heatmap.
        colour_map: one of `COLOUR_MAPS`.
        limits: limits of the colours; None for those of the whole heatmap.
        whole: common limits of all views that share their colours; None if this view does not share them.
        level: level of the isosurface, as a share of the heatmap's maximum.
        sigma: width of the heatmap that overrides the model's; None for the model's own.
        single: whether only the selected segment contributes.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    plane: Plane = "z"
    others: frozenset[Plane] = frozenset()
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    free: float = 0.0
    normal: Vector = (0.0, 0.7071067811865476, 0.7071067811865476)
    resolution: int = 96
    cells: bool = False
    colour_map: str = "inferno"
    limits: tuple[float, float] | None = None
    whole: tuple[float, float] | None = None
    level: float = 0.5
    sigma: float | None = None
    single: bool = False

    @property
    def planes(self) -> tuple[Plane, ...]:
        """The visible planes, in the order of `PLANES`."""
        return tuple(plane for plane in PLANES if plane == self.plane or plane in self.others)

    @property
    def position(self) -> float:
        """Position of the active plane."""
        return float(getattr(self, self.plane))

    def reach(self, plane: Plane) -> float:
        """Return the largest distance from the centre at which a plane still cuts the cube [-1, 1]³."""
        return 1.0 if plane != "free" else sum(abs(part) for part in self.normal)

    def move(self, position: float, plane: Plane | None = None) -> None:
        """Move a plane, by default the active one, within its limits."""
        plane = plane or self.plane
        reach = self.reach(plane)
        setattr(self, plane, round(min(max(position, -reach), reach), 6))

    def grab(self, plane: Plane, position: float) -> None:
        """Make a visible plane the active one, and move it."""
        self.move(position, plane)
        if plane != self.plane:
            self.others |= {self.plane}  # before it is another one, so that none is hidden in between
            self.plane = plane
            self.others -= {plane}

    def turn(self, normal: Vector, position: float) -> None:
        """Turn the free plane, and move it."""
        length = sqrt(sum(part * part for part in normal))
        if length > 0:
            self.normal = (normal[0] / length, normal[1] / length, normal[2] / length)
            self.move(position, "free")

    def show(self, plane: Plane, *, shown: bool) -> None:
        """Show a plane and make it active, or hide it unless it is the last."""
        if shown and plane != self.plane:
            self.others |= {self.plane}
            self.plane = plane
        elif not shown and plane == self.plane and self.others - {plane}:
            self.plane = next(other for other in PLANES if other in self.others and other != plane)
        self.others -= {plane, self.plane}

    def choose(self, plane: Plane) -> None:
        """Make a plane active; if only one is visible, this one replaces it."""
        if self.others:
            self.show(plane, shown=True)
        else:
            self.plane = plane

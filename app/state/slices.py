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
"""Names in Matplotlib; the first three are even in lightness, and distinct with any colour vision."""

KEY_STEP = 0.05
"""Distance by which a key moves a plane, normalised."""

RESOLUTIONS = (48, 96, 144, 192)
"""Samples along each side of a slice's square."""


@dataclass
class SliceSettings:
    """Slices through the heatmap, and how it is evaluated and coloured. Positions are normalised.

    Attributes:
        plane: the plane that keys, wheel and slider move.
        others: the planes that are shown beside it.
        x: where the plane across X cuts that axis, from -1 to 1.
        y: likewise.
        z: likewise.
        free: how far the free plane is from the middle, along its normal.
        normal: of the free plane, of length 1.
        resolution: samples along each side of a slice's square.
        cells: whether slices have the cells that the decoder sees, instead of the continuous heatmap.
        colour_map: one of `COLOUR_MAPS`.
        limits: the colours' ends; None for those that the heatmap has everywhere.
        whole: those of the heatmaps of all views that share their colours; None if this view's are its own.
        level: the isosurface's, as a share of the most that the heatmap has.
        sigma: a width of the heatmap that the model did not use, to see what if; None for its own.
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
        """Those that are shown, in the order of `PLANES`."""
        return tuple(plane for plane in PLANES if plane == self.plane or plane in self.others)

    @property
    def position(self) -> float:
        """Position of the plane that is moved."""
        return float(getattr(self, self.plane))

    def reach(self, plane: Plane) -> float:
        """Return the largest distance from the middle at which a plane still cuts the cube [-1, 1]³."""
        return 1.0 if plane != "free" else sum(abs(part) for part in self.normal)

    def move(self, position: float, plane: Plane | None = None) -> None:
        """Move a plane, the chosen one if not given, as far as it can be moved."""
        plane = plane or self.plane
        reach = self.reach(plane)
        setattr(self, plane, round(min(max(position, -reach), reach), 6))

    def grab(self, plane: Plane, position: float) -> None:
        """Move one of the planes that are shown, which becomes the one that keys and wheel move."""
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
        """Show a plane beside the others, which makes it the one that is moved; or hide it, if it is not the last."""
        if shown and plane != self.plane:
            self.others |= {self.plane}
            self.plane = plane
        elif not shown and plane == self.plane and self.others - {plane}:
            self.plane = next(other for other in PLANES if other in self.others and other != plane)
        self.others -= {plane, self.plane}

    def choose(self, plane: Plane) -> None:
        """Move this plane from now on; where only one is shown, it takes that one's place."""
        if self.others:
            self.show(plane, shown=True)
        else:
            self.plane = plane

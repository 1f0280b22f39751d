"""Every constant of the network, disputed ones included: a checkpoint carries this, so it is enough to predict."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from reprlib import repr as shortened
from typing import Literal, get_args

from keygrid.data.sampling import MINIMUM_POINTS, NormalisationMode
from keygrid.errors import KeygridError

Widths = tuple[int, ...]

MAXIMUM_KEYPOINTS = 64
MAXIMUM_POINTS = 2**17
MAXIMUM_WIDTH = 2**13
MAXIMUM_CELLS = 2**15

LEVELS = 4
"""Set-abstraction levels of the encoder, and as many levels of propagation back from them."""


@dataclass(frozen=True)
class HeatmapConfig:
    """The heatmap's constants.

    Attributes:
        distance: which segment a grid point looks at: `nearest`, s exp(-d^2 / sigma^2), as in the published code, or
            `farthest`, s exp(+d^2 / sigma^2), as the paper prints it.
        sigma_squared: the heatmap's width.
        grid: cells of the decoder's grid along x, y, z.
    """

    distance: Literal["nearest", "farthest"]
    sigma_squared: float
    grid: tuple[int, int, int]


@dataclass(frozen=True)
class ModelConfig:
    """The network's shape and constants; the defaults are those of the published code.

    Attributes:
        keypoints: K.
        points: N, how many points are drawn on a garment.
        normalisation: how file units become [-1, 1]; see `keygrid.data.sampling.Normalisation`.
        centroids: farthest points of each set-abstraction level.
        radii: ball radii of each level's two scales, in normalised units.
        neighbours: points taken in the balls of the two scales.
        abstraction: layer widths of each level's two scales.
        propagation: layer widths of each feature-propagation level, deepest first.
        dropout: before the point weights.
        mix_keypoints: after the last layer, take a log-softmax over the K keypoints and mix them by a linear layer,
            as the published code does; the paper has neither.
        distance: which segment a grid point looks at: `nearest`, s exp(-d^2 / sigma^2), as in the published code, or
            `farthest`, s exp(+d^2 / sigma^2), as the paper prints it.
        sigma_squared: the heatmap's width.
        grid: cells of the decoder's grid along x, y, z.
        heatmap_levels: how many of the decoder's four levels, deepest first, look at the grid.
        grid_position: whether a level receives the cell's position besides its value.
    """

    keypoints: int = 8
    points: int = 2048
    normalisation: NormalisationMode = "range"
    centroids: Widths = (1024, 256, 64, 16)
    radii: tuple[tuple[float, float], ...] = ((0.05, 0.1), (0.1, 0.2), (0.2, 0.4), (0.4, 0.8))
    neighbours: tuple[int, int] = (16, 32)
    abstraction: tuple[tuple[Widths, Widths], ...] = (
        ((16, 16, 32), (32, 32, 64)),
        ((64, 64, 128), (64, 96, 128)),
        ((128, 196, 256), (128, 196, 256)),
        ((256, 256, 512), (256, 384, 512)),
    )
    propagation: tuple[Widths, ...] = ((256, 256), (256, 256), (256, 128), (128, 128, 128))
    dropout: float = 0.5
    mix_keypoints: bool = True
    distance: Literal["nearest", "farthest"] = "nearest"
    sigma_squared: float = 2.5e-3
    grid: tuple[int, int, int] = (16, 16, 8)
    heatmap_levels: int = 3
    grid_position: bool = True

    def __post_init__(self) -> None:
        # A checkpoint's header gives any JSON at all, so neither types nor sizes are taken for granted.
        if not _whole(self.keypoints, 2, MAXIMUM_KEYPOINTS):
            raise KeygridError(
                f"A network has from 2 to {MAXIMUM_KEYPOINTS} keypoints, and {shortened(self.keypoints)} were asked"
                " for."
            )
        if not _whole(self.points, MINIMUM_POINTS, MAXIMUM_POINTS):
            raise KeygridError(
                f"A network takes from {MINIMUM_POINTS} to {MAXIMUM_POINTS} points, and {shortened(self.points)} were"
                " asked for."
            )
        possible = {
            "normalisation": self.normalisation in get_args(NormalisationMode),
            # Features are interpolated from three points.
            "centroids": _each(self.centroids, LEVELS, lambda count: _whole(count, 3, MAXIMUM_POINTS)),
            "radii": _each(self.radii, LEVELS, lambda radii: _each(radii, 2, _positive)),
            "neighbours": _each(self.neighbours, 2, lambda count: _whole(count, 1, MAXIMUM_WIDTH)),
            "abstraction": _each(self.abstraction, LEVELS, lambda scales: _each(scales, 2, _layers)),
            "propagation": _each(self.propagation, LEVELS, _layers),
            "dropout": type(self.dropout) in {int, float} and 0 <= self.dropout < 1,
            "mix_keypoints": type(self.mix_keypoints) is bool,
            "distance": self.distance in ("nearest", "farthest"),
            "sigma_squared": _positive(self.sigma_squared),
            "grid": _each(self.grid, 3, lambda cells: _whole(cells, 2, MAXIMUM_CELLS))
            and math.prod(self.grid) <= MAXIMUM_CELLS,
            "heatmap_levels": _whole(self.heatmap_levels, 0, LEVELS),
            "grid_position": type(self.grid_position) is bool,
        }
        for name, holds in possible.items():
            if not holds:
                raise KeygridError(f"There is no network with {name} = {shortened(getattr(self, name))}.")

    @property
    def edges(self) -> list[tuple[int, int]]:
        """All pairs (i, j), i < j, in row order: the skeleton (paper, section 3.2)."""
        return [(i, j) for i in range(self.keypoints) for j in range(i + 1, self.keypoints)]


def _whole(value: object, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _positive(value: object) -> bool:
    return isinstance(value, int | float) and type(value) is not bool and 0 < value < math.inf


def _each(values: object, count: int, holds: Callable[[object], bool]) -> bool:
    return isinstance(values, tuple) and len(values) == count and all(map(holds, values))


def _layers(widths: object) -> bool:
    return isinstance(widths, tuple) and 0 < len(widths) <= 8 and all(_whole(w, 1, MAXIMUM_WIDTH) for w in widths)


Preset = Literal["released", "paper", "keygrid"]
PRESETS: tuple[Preset, ...] = get_args(Preset)


def preset(name: str, keypoints: int = 8) -> ModelConfig:
    """The configuration `released` (the published code), `paper` (what the paper says) or `keygrid` (ours)."""
    if name == "released":
        return ModelConfig(keypoints=keypoints)
    if name == "paper":
        return ModelConfig(
            keypoints=keypoints,
            mix_keypoints=False,
            distance="farthest",
            # The paper names no sigma; with the code's, exp(+d^2 / sigma^2) overflows. One keeps it below e^12.
            sigma_squared=1.0,
            grid=(16, 16, 16),
            heatmap_levels=4,
            grid_position=False,
        )
    if name == "keygrid":
        # Narrower, with fewer points and wider balls: what a place is on a garment, its surroundings say, and a step
        # costs a tenth.
        return ModelConfig(
            keypoints=keypoints,
            points=512,
            normalisation="centred",
            centroids=(256, 64, 16, 4),
            radii=((0.15, 0.3), (0.3, 0.6), (0.6, 1.2), (1.2, 2.4)),
            neighbours=(8, 16),
            abstraction=(((16, 32),) * 2, ((64, 64),) * 2, ((128, 128),) * 2, ((256, 256),) * 2),
            propagation=((256, 128), (128, 128), (128, 128), (128, 128)),
            dropout=0.1,
            mix_keypoints=False,
        )
    raise KeygridError(f"There is no preset called {name!r}: choose one of {', '.join(PRESETS)}.")

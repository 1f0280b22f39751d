"""Every constant of the network, disputed ones included: a checkpoint carries this, so it is enough to predict."""

from dataclasses import dataclass
from typing import Literal

from keygrid.data.sampling import NormalisationMode
from keygrid.errors import KeygridError

Widths = tuple[int, ...]

MAXIMUM_KEYPOINTS = 64


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
        if not 2 <= self.keypoints <= MAXIMUM_KEYPOINTS:
            raise KeygridError(
                f"A network has from 2 to {MAXIMUM_KEYPOINTS} keypoints, and {self.keypoints} were asked for."
            )

    @property
    def edges(self) -> list[tuple[int, int]]:
        """All pairs (i, j), i < j, in row order: the skeleton (paper, section 3.2)."""
        return [(i, j) for i in range(self.keypoints) for j in range(i + 1, self.keypoints)]


PRESETS = ("released", "paper")


def preset(name: str, keypoints: int = 8) -> ModelConfig:
    """The configuration called `released` (what the published code does) or `paper` (what the paper says)."""
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
    raise KeygridError(f"There is no preset called {name!r}: choose one of {', '.join(PRESETS)}.")

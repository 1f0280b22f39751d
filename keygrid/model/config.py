"""Every constant of the network, disputed ones included: a checkpoint carries this, so it is enough to predict.

Importing this module does not import torch.
"""

import math
from dataclasses import dataclass, field
from reprlib import repr as shortened
from typing import Literal, get_args

from keygrid.data.sampling import MINIMUM_POINTS, NormalisationMode
from keygrid.errors import KeygridError
from keygrid.model.checks import MAXIMUM_POINTS, Widths, is_each, is_layers, is_positive, is_whole, refuse_unless
from keygrid.model.decoder_config import DecoderConfig, GridDecoderConfig, NoDecoderConfig, SkeletonDecoderConfig
from keygrid.model.encoders.base import LEVELS, EncoderConfig
from keygrid.model.encoders.cloud.config import DiffusionCloudConfig
from keygrid.model.encoders.pointnet.config import PointNetConfig
from keygrid.model.encoders.residual.config import ResidualConfig
from keygrid.model.encoders.sprin.config import SprinConfig
from keygrid.model.encoders.surface.config import SurfaceConfig

MAXIMUM_KEYPOINTS = 64
MAXIMUM_CELLS = 2**15


@dataclass(frozen=True)
class HeatmapConfig:
    """Constants of the grid heatmap (paper, section 3.3).

    Attributes:
        distance: which segment a grid point looks at: `nearest`, s exp(-d^2 / sigma^2), as in the published code, or
            `farthest`, s exp(+d^2 / sigma^2), as the paper prints it.
        sigma_squared: width, in squared normalised units.
        grid: number of cells of the decoder's grid along x, y, z.
    """

    distance: Literal["nearest", "farthest"] = "nearest"
    sigma_squared: float = 2.5e-3
    grid: tuple[int, int, int] = (16, 16, 8)

    def __post_init__(self) -> None:
        refuse_unless(
            self,
            {
                "distance": self.distance in ("nearest", "farthest"),
                "sigma_squared": is_positive(self.sigma_squared),
                "grid": is_each(self.grid, 3, lambda cells: is_whole(cells, 2, MAXIMUM_CELLS))
                and math.prod(self.grid) <= MAXIMUM_CELLS,
            },
        )


@dataclass(frozen=True)
class ModelConfig:
    """The network's shape and constants; the defaults are those of the published code.

    Attributes:
        keypoints: K.
        points: N, the number of points drawn on a garment.
        normalisation: map from file units to [-1, 1]; see `keygrid.data.sampling.Normalisation`.
        dropout: share of the values that are dropped before the point weights in training.
        hidden: layer widths between point features and the layer that gives the keypoints' logits.
        mix_keypoints: whether the point weights end with a log-softmax over the K keypoints, mixed by a linear layer,
            as in the published code; the paper has neither.
        encoder: constants of the encoder, of any kind in `keygrid.model.encoders.ENCODERS`.
        heatmap: constants of the grid heatmap, where the decoder has one.
        decoder: constants of the decoder, of any kind in `keygrid.model.decoder_config.DECODERS`.
    """

    keypoints: int = 8
    points: int = 2048
    normalisation: NormalisationMode = "range"
    dropout: float = 0.5
    hidden: Widths = (128,)
    mix_keypoints: bool = True
    encoder: EncoderConfig = field(default_factory=PointNetConfig)
    heatmap: HeatmapConfig = field(default_factory=HeatmapConfig)
    decoder: DecoderConfig = field(default_factory=GridDecoderConfig)

    def __post_init__(self) -> None:
        if not is_whole(self.keypoints, 2, MAXIMUM_KEYPOINTS):
            raise KeygridError(
                f"A network must have from 2 to {MAXIMUM_KEYPOINTS} keypoints; you gave {shortened(self.keypoints)}."
            )
        if not is_whole(self.points, MINIMUM_POINTS, MAXIMUM_POINTS):
            raise KeygridError(
                f"A network must have from {MINIMUM_POINTS} to {MAXIMUM_POINTS} points; "
                f"you gave {shortened(self.points)}."
            )
        refuse_unless(
            self,
            {
                "normalisation": self.normalisation in get_args(NormalisationMode),
                "dropout": type(self.dropout) in {int, float} and 0 <= self.dropout < 1,
                "hidden": self.hidden == () or is_layers(self.hidden),
                "mix_keypoints": type(self.mix_keypoints) is bool,
                "encoder": isinstance(self.encoder, EncoderConfig),
                "heatmap": isinstance(self.heatmap, HeatmapConfig),
                "decoder": isinstance(self.decoder, DecoderConfig),
            },
        )
        if isinstance(self.decoder, GridDecoderConfig) and not self.encoder.has_levels:
            raise KeygridError(f"The encoder {self.encoder.kind} has no levels for a decoder of the kind grid.")

    @property
    def edges(self) -> list[tuple[int, int]]:
        """All pairs (i, j), i < j, in row order: the skeleton (paper, section 3.2); none where the method has none."""
        if not self.decoder.has_segments:
            return []
        return [(i, j) for i in range(self.keypoints) for j in range(i + 1, self.keypoints)]


Preset = Literal["released", "paper", "keygrid", "keygrid-surface", "keygrid-cloud", "skeleton-merger", "sc3k", "useek"]
PRESETS: tuple[Preset, ...] = get_args(Preset)


def preset(name: str, keypoints: int = 8) -> ModelConfig:
    """Return a configuration: `released` (the published code), `paper` (the paper's constants) or one of our own.

    Our own presets are `keygrid`, which sees points, `keygrid-surface`, which sees the surface of a mesh, and
    `keygrid-cloud`, which sees points and estimates the surface that they lie on. `skeleton-merger`, `sc3k`
    and `useek`, which is USEEK's student, are baselines, as their published code has them; the first one shares the
    encoder of `released`.

    Raises:
        KeygridError: there is no preset of that name, or the number of keypoints is out of range.
    """
    check_preset(name)
    if name == "paper":
        return ModelConfig(
            keypoints=keypoints,
            mix_keypoints=False,
            # The paper gives no sigma; with the code's, exp(+d^2 / sigma^2) overflows. A sigma of 1 keeps it below
            # e^12.
            heatmap=HeatmapConfig("farthest", sigma_squared=1.0, grid=(16, 16, 16)),
            decoder=GridDecoderConfig(heatmap_levels=4, grid_position=False),
        )
    if name == "keygrid":
        # Narrower, with fewer points and wider balls: surroundings identify a place on a garment, and a step costs a
        # tenth.
        propagation = ((256, 128), (128, 128), (128, 128), (128, 128))
        return ModelConfig(
            keypoints=keypoints,
            points=512,
            normalisation="centred",
            dropout=0.1,
            mix_keypoints=False,
            encoder=PointNetConfig(
                centroids=(256, 64, 16, 4),
                radii=((0.15, 0.3), (0.3, 0.6), (0.6, 1.2), (1.2, 2.4)),
                neighbours=(8, 16),
                abstraction=(((16, 32),) * 2, ((64, 64),) * 2, ((128, 128),) * 2, ((256, 256),) * 2),
                propagation=propagation,
            ),
            decoder=GridDecoderConfig(propagation),
        )
    if name in ("keygrid-surface", "keygrid-cloud"):
        is_surface = name == "keygrid-surface"
        return ModelConfig(
            keypoints=keypoints,
            # A keypoint is one of the points, so they should be dense; features cost the same for any number.
            points=4096 if is_surface else 2048,
            normalisation="centred",
            dropout=0.0,
            mix_keypoints=False,
            encoder=SurfaceConfig() if is_surface else DiffusionCloudConfig(),
            decoder=GridDecoderConfig(((128, 128),) * LEVELS),
        )
    if name in ("sc3k", "useek"):
        is_student = name == "useek"
        return ModelConfig(
            keypoints=keypoints,
            normalisation="sphere",
            dropout=0.0,
            hidden=(128, 256) if is_student else (),
            mix_keypoints=False,
            encoder=SprinConfig() if is_student else ResidualConfig(),
            decoder=NoDecoderConfig(),
        )
    if name == "skeleton-merger":
        return ModelConfig(keypoints=keypoints, decoder=SkeletonDecoderConfig())
    return ModelConfig(keypoints=keypoints)


def check_preset(name: str) -> None:
    """Raise a `KeygridError` that lists the presets if there is none of that name."""
    if name not in PRESETS:
        raise KeygridError(f"There is no preset called {name!r}: choose one of {', '.join(PRESETS)}.")

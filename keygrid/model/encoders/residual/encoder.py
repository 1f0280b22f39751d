"""PointNet followed by residual blocks: features of points that know the cloud only through two matrices."""

import torch
from torch import Tensor, nn

from keygrid.model.encoders.residual.config import ResidualConfig
from keygrid.model.encoding import Encoding
from keygrid.model.inputs import Inputs
from keygrid.model.layers import BatchNorm, SharedMLP
from keygrid.model.rows import Rows


class Transform(nn.Module):
    """A matrix of a cloud, near the identity at first, that its points' features are multiplied by."""

    def __init__(self, config: ResidualConfig, width: int) -> None:
        super().__init__()
        self.width = width
        self.points = SharedMLP(width, config.transform)
        self.head = SharedMLP(config.transform[-1], config.transform_head)
        self.last = nn.Linear(config.transform_head[-1], width * width)

    def forward(self, x: Tensor) -> Tensor:
        """Return features (B, N, width) of features (B, N, width)."""
        batch, count, _ = x.shape
        rows = x.flatten(0, 1)
        none = torch.empty(len(rows), 0, dtype=torch.int64, device=x.device)
        begins = torch.arange(0, len(rows) + 1, count, device=x.device)
        pooled = self.points.over(Rows(rows, rows.new_empty(0, 0), none, rows.new_empty(len(rows), 0), pool=begins))
        matrix = self.last(self.head(pooled)).reshape(batch, self.width, self.width)
        return x @ (matrix + torch.eye(self.width, dtype=matrix.dtype, device=x.device))


class ResidualBlock(nn.Module):
    """Two layers with a shortcut from the input to their sum."""

    def __init__(self, inputs: int, width: int, *, shares_shortcut: bool) -> None:
        super().__init__()
        self.first = SharedMLP(inputs, [inputs])
        self.second = nn.Sequential(nn.Linear(inputs, width), BatchNorm(width))
        self.shortcut = None if shares_shortcut else nn.Sequential(nn.Linear(inputs, width), BatchNorm(width))

    def forward(self, rows: Tensor) -> Tensor:
        """Return rows (R, width) of rows (R, inputs)."""
        shortcut = self.second if self.shortcut is None else self.shortcut
        return torch.relu(self.second(self.first(rows)) + shortcut(rows))


class ResidualEncoder(nn.Module):
    """Sampled points to features of points; see `keygrid.model.encoding.Encoder`."""

    def __init__(self, config: ResidualConfig) -> None:
        super().__init__()
        self.config = config
        self.level_widths: list[int] = []
        self.point_width = self.summary_width = config.blocks[-1]
        self.positions = Transform(config, 3)
        self.first = SharedMLP(3, config.widths[:1])
        self.features = Transform(config, config.widths[0])
        self.rest = SharedMLP(config.widths[0], config.widths[1:]) if config.widths[1:] else nn.Identity()
        inputs = [config.widths[-1], *config.blocks[:-1]]
        self.blocks = nn.Sequential(
            *(
                ResidualBlock(before, width, shares_shortcut=config.shares_shortcut)
                for before, width in zip(inputs, config.blocks, strict=True)
            )
        )

    def forward(self, inputs: Inputs) -> Encoding:
        """Encode a batch of clouds."""
        points = inputs.points
        x = self.rest(self.features(self.first(self.positions(points))))
        features = self.blocks(x.flatten(0, 1)).unflatten(0, points.shape[:2])
        return Encoding(features, None, features.amax(dim=1))

"""An encoder that is added from outside: of surfaces, ragged, in a table of two lines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.checkpoints.header import read_header
from keygrid.data.garment import Garment
from keygrid.data.sampling import sample
from keygrid.errors import KeygridError
from keygrid.methods.learned import LearnedMethod
from keygrid.model.config import ModelConfig
from keygrid.model.encoders import ENCODERS, EncoderKind
from keygrid.model.encoders.base import EncoderConfig
from keygrid.model.encoding import Encoding
from keygrid.model.inputs import Inputs
from keygrid.model.levels import pooled_levels
from keygrid.model.network import KeyGrid
from keygrid.model.preparation import inputs_of, inputs_of_clouds
from tests.model.test_network import assert_sound


@dataclass(frozen=True)
class ToyConfig(EncoderConfig):
    """Constants of the toy."""

    kind: ClassVar[str] = "toy"
    needs_surface: ClassVar[bool] = True

    width: int = 6
    centroids: tuple[int, ...] = (32, 16, 8, 4)


class Toy(nn.Module):
    """Vertices with the mean of their neighbours, and one linear layer."""

    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        self.config = config
        self.point_width = self.summary_width = config.width
        self.level_widths: Sequence[int] = [config.width] * len(config.centroids)
        self.linear = nn.Linear(6, config.width)

    def forward(self, inputs: Inputs) -> Encoding:
        features = []
        for surface in inputs.surfaces:
            vertices = surface.operators["vertices"].to(inputs.points.dtype)
            around = surface.operators["around"].to(vertices.dtype) @ vertices
            features.append(surface.at_points(self.linear(torch.cat([vertices, around], dim=1))))
        of_points = torch.stack(features)
        levels = pooled_levels(inputs.points, of_points, self.config.centroids)
        return Encoding(of_points, levels, of_points.amax(dim=1))


def operators(garment: Garment, _config: ToyConfig) -> Mapping[str, Tensor]:
    """The vertices about their mean, over their deviation, and a sparse matrix that averages neighbours."""
    count = len(garment.vertices)
    edges = torch.from_numpy(garment.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)).T
    shape = (count, count)
    ones = torch.sparse_coo_tensor(edges, torch.ones(edges.shape[1]), shape).coalesce()
    sums = torch.sparse.sum(ones, dim=1).to_dense().clamp(min=1)
    means = ones.values() / sums[ones.indices()[0]]
    around = torch.sparse_coo_tensor(ones.indices(), means, shape)
    centred = (garment.vertices - garment.vertices.mean(axis=0)) / garment.vertices.std()
    return {"vertices": torch.from_numpy(centred.astype(np.float32)), "around": around.coalesce()}


@pytest.fixture(autouse=True)
def _checked() -> Iterator[None]:
    """Sparse tensors are checked, which PyTorch wants to be told, or not."""
    with torch.sparse.check_sparse_tensor_invariants():
        yield


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tiny_config: ModelConfig) -> ModelConfig:
    monkeypatch.setitem(ENCODERS, "toy", EncoderKind(ToyConfig, Toy, operators))
    return replace(tiny_config, encoder=ToyConfig())


@pytest.fixture
def checkpoint(config: ModelConfig, tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "toy.safetensors"
    Checkpoint(config, KeyGrid(config).state_dict()).save(path)
    return path


def sheet(side: int, seed: int = 0) -> Garment:
    """A bent square of side x side vertices, whose triangles are shuffled."""
    rng = np.random.default_rng(seed)
    u, v = np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1.5, side))
    vertices = np.stack([u, v, 0.3 * np.sin(3 * u + seed)], axis=-1).reshape(-1, 3)
    first = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    faces = np.concatenate([first[:, None] + corners for corners in ([0, 1, side], [1, side + 1, side])])
    return Garment(f"sheet {side}", vertices, rng.permutation(faces))


def test_meshes_of_several_sizes_are_one_batch(config: ModelConfig) -> None:
    torch.manual_seed(0)
    network = KeyGrid(config).double()
    garments = [sheet(5), sheet(12, seed=1), sheet(9, seed=2)]
    inputs, maps = inputs_of(garments, [sample(garment, config.points) for garment in garments], config)
    assert [len(surface.operators["vertices"]) for surface in inputs.surfaces] == [25, 144, 81]
    assert len(inputs) == len(maps) == 3
    inputs = replace(inputs, points=inputs.points.double())
    network.train()
    trained = network(inputs)
    assert_sound(trained, inputs.points, config.keypoints)
    trained.reconstruction.square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.encoder.parameters())
    network.eval()
    with torch.no_grad():
        together = network(inputs)
        for b in range(3):
            alone = network(Inputs(inputs.points[b : b + 1], inputs.surfaces[b : b + 1]))
            torch.testing.assert_close(alone.keypoints[0], together.keypoints[b], rtol=0, atol=1e-12)


def test_points_are_where_their_vertices_say(config: ModelConfig) -> None:
    garment = sheet(7)
    drawn = sample(garment, config.points)
    inputs, (applied,) = inputs_of([garment], [drawn], config)
    (surface,) = inputs.surfaces
    found = surface.at_points(torch.from_numpy(garment.vertices))
    np.testing.assert_allclose(found.numpy(), drawn.points, rtol=0, atol=1e-6)
    np.testing.assert_allclose(applied.invert(inputs.points[0].numpy()), drawn.points, rtol=0, atol=1e-6)
    moved = inputs.to(torch.device("meta"))
    tensors = [moved.points, *moved.surfaces[0].operators.values(), moved.surfaces[0].corners]
    assert {tensor.device.type for tensor in tensors} == {"meta"}


def test_its_checkpoint_is_read_described_and_predicts(config: ModelConfig, checkpoint: Path) -> None:
    assert read_header(checkpoint).config == Checkpoint.load(checkpoint).config == config
    method = LearnedMethod(checkpoint)
    assert method.needs_surface
    moving = replace(sheet(8), frames=np.stack([sheet(8).vertices * [1, s, 1] for s in (1, 2)]).astype(np.float32))
    rest, second = method.find([moving, moving], [None, 1])
    assert rest.keypoints.shape == second.keypoints.shape == (config.keypoints, 3)
    assert not np.allclose(rest.normalised, second.normalised)
    assert np.array_equal(method.find([replace(moving, frames=None)])[0].vertices, rest.vertices)
    assert method.features(moving).values.shape == (config.points, 6)


def test_clouds_are_refused_with_a_sentence(config: ModelConfig, checkpoint: Path) -> None:
    cloud = Garment("dust", np.random.default_rng(0).normal(size=(100, 3)), np.empty((0, 3), np.int64))
    with pytest.raises(KeygridError, match=r"^dust is a cloud, .* open a mesh.*\.$"):
        LearnedMethod(checkpoint).find([cloud])
    with pytest.raises(KeygridError, match="reads surfaces"):
        inputs_of_clouds([cloud.vertices], config)


def test_a_constant_that_it_does_not_have_is_of_another_version(
    config: ModelConfig, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(ENCODERS, config.encoder.kind)
    with pytest.raises(KeygridError, match="another version"):
        read_header(checkpoint)

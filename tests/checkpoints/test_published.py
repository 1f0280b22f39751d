"""Checkpoints of the published code, held against a network that is written here from its description alone."""

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.checkpoints.published import import_published
from keygrid.errors import KeygridError
from keygrid.methods.learned import LearnedMethod
from keygrid.model.config import preset
from keygrid.model.inputs import Inputs

State = dict[str, Tensor]

CENTROIDS = (1024, 256, 64, 16)
RADII = ((0.05, 0.1), (0.1, 0.2), (0.2, 0.4), (0.4, 0.8))
NEIGHBOURS = (16, 32)
ABSTRACTION = (
    ((16, 16, 32), (32, 32, 64)),
    ((64, 64, 128), (64, 96, 128)),
    ((128, 196, 256), (128, 196, 256)),
    ((256, 256, 512), (256, 384, 512)),
)
PROPAGATION = {4: (256, 256), 3: (256, 256), 2: (256, 128), 1: (128, 128, 128)}
SKIPS = {4: 512, 3: 256, 2: 96, 1: 0}
BELOW = {4: 1024, 3: 256, 2: 256, 1: 128}


class Writer:
    """Random weights and statistics under the published names."""

    def __init__(self, keypoints: int) -> None:
        self.rng = np.random.default_rng(keypoints)
        self.state: State = {}
        for level, (scales, inputs) in enumerate(zip(ABSTRACTION, (9, 96, 256, 512), strict=True), start=1):
            for scale, widths in enumerate(scales):
                self.layers(f"PTW.sa{level}.conv_blocks.{scale}", f"PTW.sa{level}.bn_blocks.{scale}",
                            inputs + 3, widths, kernel=(1, 1))  # fmt: skip
        for part, extra in (("PTW", 0), ("decoder", 4)):
            for level, widths in PROPAGATION.items():
                self.layers(f"{part}.fp{level}.mlp_convs", f"{part}.fp{level}.mlp_bns",
                            SKIPS[level] + BELOW[level] + extra * (level > 1), widths, kernel=(1,))  # fmt: skip
        self.linear("PTW.conv1", 128, 128, kernel=(1,))
        self.norm("PTW.bn1", 128)
        self.linear("PTW.conv2", keypoints, 128, kernel=(1,), gain=5)
        self.linear("PT_L", keypoints, keypoints, gain=3)
        self.layers("MA.sublayers", "MA.batch_norms", 1024, (512, 256))
        self.linear("MA_L", keypoints * (keypoints - 1) // 2, 256)
        inputs = 128
        for half, widths in (("mlp1", (128, 128, 128)), ("mlp2", (64, 32, 16))):
            for i, width in enumerate(widths):
                self.linear(f"decoder.decoder.{half}.{3 * i}", width, inputs, kernel=(1,))
                self.norm(f"decoder.decoder.{half}.{3 * i + 1}", width)
                inputs = width
        self.linear("decoder.decoder.mlp2.9", 3, 16, kernel=(1,))
        # What the published code saves and never uses.
        self.linear("DEC.linear1", 7, 5)
        self.norm("DEC.norm", 7)
        self.draw("MA_EMB", 1, 11)

    def draw(self, name: str, *shape: int, gain: float = 1, offset: float = 0) -> None:
        # Steps of 2^-12, so that sums of a few are exact in float32.
        values = np.round((self.rng.normal(size=shape) * gain + offset) * 4096) / 4096
        self.state[name] = torch.tensor(values, dtype=torch.float32)

    def linear(self, name: str, outputs: int, inputs: int, kernel: tuple[int, ...] = (), gain: float = 1.4) -> None:
        self.draw(f"{name}.weight", outputs, inputs, *kernel, gain=gain / np.sqrt(inputs))
        self.draw(f"{name}.bias", outputs, gain=0.1)

    def norm(self, name: str, width: int) -> None:
        self.draw(f"{name}.weight", width, gain=0.1, offset=1)
        self.draw(f"{name}.bias", width, gain=0.2)
        self.draw(f"{name}.running_mean", width, gain=0.2)
        self.draw(f"{name}.running_var", width, gain=0.1, offset=1)
        self.state[f"{name}.num_batches_tracked"] = torch.tensor(1600)

    def layers(
        self, linear: str, norm: str, inputs: int, widths: tuple[int, ...], kernel: tuple[int, ...] = ()
    ) -> None:
        for i, width in enumerate(widths):
            self.linear(f"{linear}.{i}", width, inputs, kernel)
            self.norm(f"{norm}.{i}", width)
            inputs = width


class Published:
    """The published network in evaluation mode on one cloud (N, 3), float64, as its description reads."""

    def __init__(self, state: State, points: Tensor) -> None:
        self.state = {name: tensor.double() for name, tensor in state.items()}
        self.points = points
        clouds, features = [points], [torch.cat([points, points, points], dim=1)]
        for level in range(1, 5):
            chosen = farthest_points(clouds[-1], CENTROIDS[level - 1])
            pooled = [self.abstract(level, scale, clouds[-1], features[-1], chosen) for scale in (0, 1)]
            clouds.append(clouds[-1][chosen])
            features.append(torch.cat(pooled, dim=1))

        x = features[4]
        for level in (4, 3, 2, 1):
            x = self.propagate(f"PTW.fp{level}", (clouds, features), x, [])
        logits = self.linear(self.layer(x, "PTW.conv1", "PTW.bn1"), "PTW.conv2")  # [N, K]
        self.weights = torch.softmax(self.linear(torch.log_softmax(logits, dim=1), "PT_L"), dim=0).T  # [K, N]
        self.levels = clouds, features

    def linear(self, x: Tensor, name: str) -> Tensor:
        weight = self.state[f"{name}.weight"]
        return x @ weight.reshape(weight.shape[:2]).T + self.state[f"{name}.bias"]

    def layer(self, x: Tensor, linear: str, norm: str) -> Tensor:
        mean, variance = self.state[f"{norm}.running_mean"], self.state[f"{norm}.running_var"]
        scaled = (self.linear(x, linear) - mean) / torch.sqrt(variance + 1e-5)
        return torch.clamp(scaled * self.state[f"{norm}.weight"] + self.state[f"{norm}.bias"], min=0)

    def answer(self, *, peak: bool) -> tuple[Tensor, Tensor]:
        """Keypoints (K, 3) and reconstruction (N, 3)."""
        clouds, features = self.levels
        keypoints = self.points[self.weights.argmax(dim=1)] if peak else self.weights @ self.points

        y = features[4].max(dim=0).values
        for i in (0, 1):
            y = self.layer(y, f"MA.sublayers.{i}", f"MA.batch_norms.{i}")
        strengths = 1 / (1 + torch.exp(-self.linear(y, "MA_L")))
        axes = [torch.linspace(-1, 1, n, dtype=torch.float64) for n in (16, 16, 8)]
        grid = torch.cartesian_prod(*axes)
        heat = grid_heatmap(grid, keypoints, strengths)

        x = features[4]
        for level in (4, 3, 2, 1):
            looked_up = []
            if level > 1:
                cell = torch.cdist(clouds[level - 1], grid).argmin(dim=1)
                looked_up = [heat[cell, None], grid[cell]]
            x = self.propagate(f"decoder.fp{level}", (clouds, features), x, looked_up)
        for half in ("mlp1", "mlp2"):
            for i in (0, 3, 6):
                x = self.layer(x, f"decoder.decoder.{half}.{i}", f"decoder.decoder.{half}.{i + 1}")
        return keypoints, self.linear(x, "decoder.decoder.mlp2.9")

    def abstract(self, level: int, scale: int, cloud: Tensor, features: Tensor, chosen: Tensor) -> Tensor:
        centres = cloud[chosen]
        apart = (centres[:, None] - cloud).square().sum(-1)
        index = torch.arange(len(cloud)).repeat(len(centres), 1)
        index[apart > RADII[level - 1][scale] ** 2] = len(cloud)
        index = index.sort(dim=1).values[:, : NEIGHBOURS[scale]]
        index = torch.where(index == len(cloud), index[:, :1], index)
        x = torch.cat([features[index], cloud[index] - centres[:, None]], dim=-1)
        for i in range(3):
            name = f"PTW.sa{level}.{{}}_blocks.{scale}.{i}"
            x = self.layer(x, name.format("conv"), name.format("bn"))
        return x.max(dim=1).values

    def propagate(
        self, name: str, levels: tuple[list[Tensor], list[Tensor]], coarse: Tensor, more: list[Tensor]
    ) -> Tensor:
        """Go from a level, the last digit of `name`, to the one above; level 0 is the cloud itself."""
        (clouds, features), level = levels, int(name[-1])
        apart = (clouds[level - 1][:, None] - clouds[level]).square().sum(-1)
        squared, index = apart.sort(dim=1)
        weights = 1 / (squared[:, :3] + 1e-8)
        weights = weights / weights.sum(dim=1, keepdim=True)
        x = torch.einsum("nj,njc->nc", weights, coarse[index[:, :3]])
        skip = [features[level - 1]] if level > 1 else []
        x = torch.cat([*skip, x, *more], dim=1)
        for i in range(len(PROPAGATION[level])):
            x = self.layer(x, f"{name}.mlp_convs.{i}", f"{name}.mlp_bns.{i}")
        return x


def farthest_points(cloud: Tensor, count: int) -> Tensor:
    chosen, nearest = [0], torch.full((len(cloud),), torch.inf, dtype=torch.float64)
    while len(chosen) < count:
        nearest = torch.minimum(nearest, (cloud - cloud[chosen[-1]]).square().sum(-1))
        chosen.append(int(nearest.argmax()))
    return torch.tensor(chosen)


def grid_heatmap(grid: Tensor, keypoints: Tensor, strengths: Tensor) -> Tensor:
    best = torch.zeros(len(grid), dtype=torch.float64)
    edge = 0
    for i in range(len(keypoints)):
        for j in range(i + 1, len(keypoints)):
            along = keypoints[j] - keypoints[i]
            t = torch.clamp((grid - keypoints[i]) @ along / torch.clamp(along @ along, min=1e-30), 0, 1)
            squared = (grid - keypoints[i] - t[:, None] * along).square().sum(-1)
            best = torch.maximum(best, strengths[edge] * torch.exp(-squared / 2.5e-3))
            edge += 1
    return best


@pytest.fixture(scope="module", params=[8, 10])
def published(request: pytest.FixtureRequest) -> State:
    return Writer(request.param).state


@pytest.fixture(scope="module")
def eight() -> State:
    return Writer(8).state


@pytest.fixture
def save(tmp_path: Path) -> Callable[[Any], Path]:
    def save_content(content: Any) -> Path:
        path = tmp_path / "model_99.pt"
        torch.save(content, path)
        return path

    return save_content


def wrapped(state: State) -> dict[str, Any]:
    return {"epoch": 99, "model_state_dict": state}


def draw_cloud(total: int = 1100) -> Tensor:
    """A bent sheet, which the published radii find neighbours on."""
    rng = np.random.default_rng(0)
    u, v = rng.uniform(-1, 1, (2, total))
    return torch.tensor(np.stack([u, v, 0.3 * np.sin(3 * u) * np.cos(2 * v)], axis=1), dtype=torch.float64)


def test_an_imported_network_answers_like_the_published_one(published: State, save: Callable[[Any], Path]) -> None:
    checkpoint = import_published(save(wrapped(published)))
    assert checkpoint.config == preset("released", keypoints=len(published["PT_L.bias"]))
    points = draw_cloud()
    original = Published(published, points)
    single, double = checkpoint.network(), checkpoint.network().double()
    for peak in (False, True):
        keypoints, reconstruction = original.answer(peak=peak)
        assert torch.cdist(keypoints, keypoints).amax() > 0.1  # a network that says something
        with torch.no_grad():
            output = double(Inputs(points[None]), peak=peak)
            rounded = single(Inputs(points[None].float()), peak=peak)
        torch.testing.assert_close(output.keypoints[0], keypoints, rtol=0, atol=1e-9)
        torch.testing.assert_close(output.reconstruction[0], reconstruction, rtol=0, atol=1e-9)
        torch.testing.assert_close(rounded.keypoints[0].double(), keypoints, rtol=0, atol=1e-5)


@pytest.mark.parametrize("part", ["MA_EMB", "DEC.linear1.weight"])
def test_parameters_that_nothing_uses_are_left_out(eight: State, save: Callable[[Any], Path], part: str) -> None:
    with_part = import_published(save(wrapped(eight))).weights
    without = import_published(save(wrapped({n: t for n, t in eight.items() if n != part}))).weights
    assert with_part.keys() == without.keys()
    assert all(torch.equal(tensor, without[name]) for name, tensor in with_part.items())


def test_an_imported_checkpoint_can_be_saved(eight: State, save: Callable[[Any], Path], tmp_path: Path) -> None:
    imported = import_published(save(wrapped(eight)))
    assert imported.record == {"imported": "model_99.pt"}
    imported.save(tmp_path / "imported.safetensors")
    loaded = Checkpoint.load(tmp_path / "imported.safetensors")
    assert loaded.config == imported.config
    assert loaded.network().state_dict().keys() == imported.weights.keys()
    assert LearnedMethod(tmp_path / "imported.safetensors").config.keypoints == 8


@pytest.mark.parametrize("keypoints", [2, 3, 20])
def test_the_number_of_keypoints_follows_from_the_shapes(keypoints: int, save: Callable[[Any], Path]) -> None:
    assert import_published(save(wrapped(Writer(keypoints).state))).config.keypoints == keypoints


def test_half_precision_is_read(eight: State, save: Callable[[Any], Path]) -> None:
    halved = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in eight.items()}
    weights = import_published(save(wrapped(halved))).weights
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32, torch.int64}


# Files that are something else.


def refusal(path: Path) -> str:
    with pytest.raises(KeygridError) as caught:
        import_published(path)
    message = str(caught.value)
    assert path.name in message
    assert len(message.splitlines()) == 1
    return message


class Hostile:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.target}'",)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("place", ["whole", "state", "value"])
def test_code_in_a_file_is_not_run(tmp_path: Path, eight: State, zipped: bool, place: str) -> None:
    target = tmp_path / "owned"
    hostile = Hostile(target)
    content = {"whole": hostile, "state": wrapped(hostile), "value": wrapped(eight | {"MA_EMB": hostile})}[place]  # type: ignore[arg-type, dict-item]
    path = tmp_path / "model.pt"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    assert "would run code" in refusal(path)
    assert not target.exists()
    torch.load(path, weights_only=False)  # proof that it would
    assert target.exists()


def test_code_in_a_plain_pickle_is_not_run(tmp_path: Path) -> None:
    target = tmp_path / "owned"
    path = tmp_path / "model.pt"
    path.write_bytes(pickle.dumps(Hostile(target)))
    assert "would run code" in refusal(path)
    assert not target.exists()


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(1).expand(10**12),  # of a few bytes
        torch.zeros(3, 3).to_sparse(),
        torch.quantize_per_tensor(torch.zeros(3), 1, 0, torch.quint8),
        torch.zeros(10**12, device="meta"),
    ],
    ids=["expanded", "sparse", "quantised", "non-numeric"],
)
def test_tensors_that_are_no_plain_numbers(eight: State, save: Callable[[Any], Path], tensor: torch.Tensor) -> None:
    for inside in (tensor, [tensor], {"deep": (tensor,)}):
        assert "save plain ones" in refusal(save(wrapped(eight | {"MA_EMB": inside})))  # type: ignore[arg-type, dict-item]


def test_a_compressed_file_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "compressed.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/data/0", bytes(10**6))
    assert "compressed" in refusal(path)


def test_a_file_that_was_cut_off(eight: State, save: Callable[[Any], Path]) -> None:
    path = save(wrapped(eight))
    content = path.read_bytes()
    for length in (0, 1, 10, 1000, len(content) // 3, len(content) - 10):
        path.write_bytes(content[:length])
        assert "damaged" in refusal(path), length


def test_files_of_other_kinds(tmp_path: Path, tiny_checkpoint: Path) -> None:
    assert "no file" in refusal(tmp_path / "missing.pt")
    assert "can't be read as a PyTorch file" in refusal(tmp_path)
    assert "damaged" in refusal(tiny_checkpoint)
    noise = tmp_path / "noise.pt"
    rng = np.random.default_rng(0)
    for length in (5, 500, 50_000):
        noise.write_bytes(rng.bytes(length))
        assert "damaged" in refusal(noise), length
    noise.write_text("v 0 0 0\nv 1 0 0\n")
    assert "damaged" in refusal(noise)


@pytest.mark.parametrize(
    "content",
    [{}, [], 3, torch.zeros(3), {"epoch": 3}, {"model_state_dict": None}, {"model_state_dict": [1]},
     {"model_state_dict": {"PT_L.weight": 3}}, {"model_state_dict": {3: torch.zeros(3)}}, {"state_dict": {}}],
)  # fmt: skip
def test_a_file_without_the_published_state(content: Any, save: Callable[[Any], Path]) -> None:
    assert "`model_state_dict`" in refusal(save(content))


def test_a_state_of_another_network(save: Callable[[Any], Path]) -> None:
    for state in ({}, {"weight": torch.zeros(3)}, {"MA_L.bias": torch.tensor(1.0)}, {"MA_L.bias": torch.zeros(5)}):
        assert "published Key-Grid code" in refusal(save(wrapped(state)))


@pytest.mark.parametrize(
    "name",
    ["PTW.sa1.conv_blocks.0.0.weight", "PTW.sa4.bn_blocks.1.2.running_var", "PT_L.weight",
     "MA.batch_norms.0.num_batches_tracked", "decoder.fp4.mlp_convs.0.weight", "decoder.decoder.mlp2.9.bias"],
)  # fmt: skip
def test_a_parameter_that_is_missing_or_of_another_shape(eight: State, save: Callable[[Any], Path], name: str) -> None:
    assert "a different network" in refusal(save(wrapped({n: t for n, t in eight.items() if n != name})))
    for other in (torch.zeros(2, 3), torch.zeros(()) if eight[name].ndim else torch.zeros(1)):
        assert "a different network" in refusal(save(wrapped(eight | {name: other})))


def test_numbers_of_pairs_that_no_keypoints_have(eight: State, save: Callable[[Any], Path]) -> None:
    for pairs in (0, 2, 27, 29):
        assert "does not hold" in refusal(save(wrapped(eight | {"MA_L.bias": torch.zeros(pairs)})))

"""Checkpoints: what is saved is loaded, and whatever else is opened ends with one sentence."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.checkpoints.header import DIGEST
from keygrid.errors import KeygridError
from keygrid.files import fingerprint
from keygrid.model.config import ModelConfig
from keygrid.model.inputs import Inputs
from keygrid.model.network import KeyGrid
from tests.conftest import SmallDisk
from tests.networks import changed, model_of_format_1


@pytest.fixture
def header(tiny_checkpoint: Path) -> dict[str, Any]:
    with safe_open(tiny_checkpoint, framework="pt") as file:
        return json.loads(file.metadata()["keygrid"])


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a header, with one small weight if no others are given."""

    def write_with(text: str, weights: dict[str, torch.Tensor] | None = None) -> Path:
        path = tmp_path / "other.safetensors"
        save_file(weights or {"weight": torch.zeros(3)}, path, metadata={"keygrid": text})
        return path

    return write_with


def refusal(path: Path) -> str:
    """Return the message when a file is refused: soon, and in one line."""
    began = time.monotonic()
    with pytest.raises(KeygridError) as caught:
        Checkpoint.load(path)
    assert time.monotonic() - began < 5
    message = str(caught.value)
    assert path.name in message
    assert message.endswith(".")
    assert len(message.splitlines()) == 1
    return message


# Round trip.


def test_what_is_saved_is_loaded(tiny_config: ModelConfig, tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = KeyGrid(tiny_config).train()
    network(Inputs(torch.rand(2, 70, 3)))  # running statistics are no longer those of a new network
    record = {"history": [{"epoch": 1, "train": {"farthest": 0.1 + 0.2}}], "garments": ['Ä "quoted" 服'], "none": None}
    path = tmp_path / "a.safetensors"
    Checkpoint(tiny_config, network.state_dict(), "Büstenhalter", record).save(path)
    loaded = Checkpoint.load(path)
    assert (loaded.config, loaded.category, loaded.record) == (tiny_config, "Büstenhalter", record)
    assert isinstance(hash(loaded.config), int)  # lists have become tuples again
    restored = loaded.network()
    assert not restored.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(restored.state_dict()[name], tensor), name
    inputs = Inputs(torch.rand(1, 70, 3))
    with torch.no_grad():
        assert torch.equal(network.eval()(inputs).reconstruction, restored(inputs).reconstruction)


@pytest.mark.parametrize(
    "changes", [{"keypoints": 7}, {"mix_keypoints": False}, {"distance": "farthest"}, {"points": 64}, {"dropout": 0.0}]
)
def test_every_constant_comes_back(tiny_config: ModelConfig, changes: dict[str, Any], tmp_path: Path) -> None:
    config = changed(tiny_config, **changes)
    Checkpoint(config, KeyGrid(config).state_dict()).save(tmp_path / "a.safetensors")
    assert Checkpoint.load(tmp_path / "a.safetensors").config == config


def test_saving_and_loading_again_changes_nothing(tiny_checkpoint: Path, tmp_path: Path) -> None:
    first = Checkpoint.load(tiny_checkpoint)
    first.save(tmp_path / "again.safetensors")
    second = Checkpoint.load(tmp_path / "again.safetensors")
    assert first.weights.keys() == second.weights.keys()
    assert all(torch.equal(tensor, second.weights[name]) for name, tensor in first.weights.items())
    assert (first.config, first.category, first.record) == (second.config, second.category, second.record)


def test_half_a_checkpoint_is_half_as_large_and_loads_as_a_whole_one(tiny_config: ModelConfig, tmp_path: Path) -> None:
    weights = KeyGrid(tiny_config).state_dict()
    name = next(name for name in weights if name.endswith("running_var"))
    weights[name][0] = 1e6  # more than 16 bits can say
    checkpoint = Checkpoint(tiny_config, weights)
    for half in (True, False):
        checkpoint.save(tmp_path / f"{half}.safetensors", half=half)
    sizes = [(tmp_path / f"{half}.safetensors").stat().st_size for half in (True, False)]
    assert sizes[0] < 0.7 * sizes[1]
    loaded = Checkpoint.load(tmp_path / "True.safetensors").weights
    assert all(weight.dtype == torch.float32 for weight in loaded.values())
    for key, weight in weights.items():
        torch.testing.assert_close(loaded[key], weight.float(), rtol=1e-3, atol=1e-7)


def test_a_fingerprint_tells_contents_apart(tiny_checkpoint: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.safetensors"
    content = bytearray(tiny_checkpoint.read_bytes())
    copy.write_bytes(content)
    assert fingerprint(copy) == fingerprint(tiny_checkpoint)
    assert len(fingerprint(copy)) == 12
    content[-1] ^= 1
    copy.write_bytes(content)
    assert fingerprint(copy) != fingerprint(tiny_checkpoint)


# Saving.


def test_a_save_that_fails_leaves_the_old_file(tiny_checkpoint: Path, tmp_path: Path, small_disk: SmallDisk) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(tiny_checkpoint.read_bytes())
    checkpoint = Checkpoint.load(path)
    with small_disk(1000), pytest.raises(KeygridError, match=r"a\.safetensors can't be written: File too large"):
        checkpoint.save(path)
    assert path.read_bytes() == tiny_checkpoint.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_save_into_a_missing_folder_is_refused(tiny_checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(KeygridError, match=r"folder .* does not exist"):
        Checkpoint.load(tiny_checkpoint).save(tmp_path / "missing" / "a.safetensors")


# Files that are no checkpoints.


def test_a_missing_file(tmp_path: Path) -> None:
    assert "There is no checkpoint" in refusal(tmp_path / "a.safetensors")


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").touch()
    assert "damaged" in refusal(tmp_path / "a.safetensors")


def test_a_folder(tmp_path: Path) -> None:
    assert "can't be read as a checkpoint" in refusal(tmp_path)


def test_a_file_that_was_cut_off(tiny_checkpoint: Path, tmp_path: Path) -> None:
    content = tiny_checkpoint.read_bytes()
    path = tmp_path / "a.safetensors"
    for length in (1, 7, 8, 9, 100, 5000, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        assert "damaged" in refusal(path), length


def test_random_bytes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "a.safetensors"
    for length in (3, 64, 10_000):
        for _ in range(5):
            path.write_bytes(rng.bytes(length))
            assert "damaged" in refusal(path), length
    # A header length beyond the file, and the largest there is.
    for size in (10**6, 10**9, 2**63, 2**64 - 1):
        path.write_bytes(size.to_bytes(8, "little") + b"{}")
        assert "damaged" in refusal(path), size


def test_damaged_weights_are_noticed(tiny_checkpoint: Path, tmp_path: Path) -> None:
    path, content = tmp_path / "a.safetensors", tiny_checkpoint.read_bytes()
    begin = 8 + int.from_bytes(content[:8], "little")
    for at in np.linspace(begin, len(content) - 1, 20).astype(int):
        flipped = content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]
        zeroed = content[:at] + bytes(len(content) - at)
        for damaged in (flipped, zeroed):
            path.write_bytes(damaged)
            if damaged != content:
                assert "weights differ from those that were saved" in refusal(path)


def test_files_without_a_digest_are_read(tiny_checkpoint: Path, tmp_path: Path) -> None:
    with safe_open(tiny_checkpoint, framework="pt") as file:
        metadata = file.metadata()
        del metadata[DIGEST]
        save_file({name: file.get_tensor(name) for name in file.keys()}, tmp_path / "a.safetensors", metadata)  # noqa: SIM118
    assert Checkpoint.load(tmp_path / "a.safetensors").config == Checkpoint.load(tiny_checkpoint).config


def test_a_flipped_byte_in_the_header(tiny_checkpoint: Path, tmp_path: Path) -> None:
    content = tiny_checkpoint.read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "a.safetensors"
    refused = 0
    for position in rng.integers(8, 3000, 30):
        changed = bytearray(content)
        changed[position] ^= 1 << int(rng.integers(7))
        path.write_bytes(changed)
        try:
            Checkpoint.load(path).network()  # where a number or a letter became another that serves
        except KeygridError:
            refused += 1
    assert refused > 15


@pytest.mark.parametrize("suffix", [".pt", ".pth"])
def test_a_pytorch_file_is_sent_to_import(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    torch.save({"model_state_dict": {}}, path)
    assert "main.py import" in refusal(path)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_weights_of_something_else(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / "a.safetensors", metadata=metadata)
    assert "not those of a Key-Grid network" in refusal(tmp_path / "a.safetensors")


# Headers that don't fit, or are hostile.


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[" * 100_000, '{"a":' * 50_000])
def test_a_header_that_is_no_json(write: Callable[..., Path], text: str) -> None:
    assert "not those of a Key-Grid network" in refusal(write(text))


@pytest.mark.parametrize("text", ["[]", "{}", "null", "1", '"text"', '{"format": 1}', '{"format": 1, "model": []}'])
def test_a_header_of_another_shape(write: Callable[..., Path], text: str) -> None:
    assert "another version" in refusal(write(text))


@pytest.mark.parametrize("number", [0, 3, -1, "1", 1.5, None, True, [1], {}])
def test_another_format_number(write: Callable[..., Path], header: dict[str, Any], number: Any) -> None:
    assert "another version" in refusal(write(json.dumps(header | {"format": number})))


@pytest.mark.parametrize("part", [None, "encoder", "heatmap", "decoder"])
def test_a_constant_that_this_version_does_not_know(
    write: Callable[..., Path], header: dict[str, Any], part: str | None
) -> None:
    (header["model"] if part is None else header["model"][part])["attention_heads"] = 8
    assert "another version" in refusal(write(json.dumps(header)))


@pytest.mark.parametrize("kind", ["other", "", None, 3, [], {}])
def test_an_encoder_that_this_version_does_not_know(
    write: Callable[..., Path], header: dict[str, Any], kind: Any
) -> None:
    header["model"]["encoder"]["kind"] = kind
    assert "another version" in refusal(write(json.dumps(header)))


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("part", ["encoder", "heatmap", "decoder"])
@pytest.mark.parametrize("value", [None, [], 3, "text", {"kind": []}])
def test_a_part_of_another_shape(
    write: Callable[..., Path], header: dict[str, Any], number: int, part: str, value: Any
) -> None:
    header["model"][part] = value
    refusal(write(json.dumps(header | {"format": number})))


@pytest.mark.parametrize(("name", "value"), [("category", 3), ("category", None), ("record", []), ("record", "text")])
def test_an_origin_of_another_type(write: Callable[..., Path], header: dict[str, Any], name: str, value: Any) -> None:
    assert "is damaged" in refusal(write(json.dumps(header | {name: value})))


HUGE, NOT_A_NUMBER = 10**30, math.nan


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("keypoints", value) for value in (-1, 0, 1, 65, 10**9, HUGE, 4.0, "4", True, None, [4], NOT_A_NUMBER)),
        *(("points", value) for value in (-1, 0, 10**9, HUGE, 128.0, "128", None, NOT_A_NUMBER)),
        *(("sigma_squared", value) for value in (0, -1, NOT_A_NUMBER, math.inf, "0.1", None, [])),
        *(("dropout", value) for value in (-1, 1, 2, HUGE, NOT_A_NUMBER, "0", None)),
        *(("grid", value) for value in ([10**6] * 3, [1, 4, 4], [-4, 4, 4], [4, 4], [4.0] * 3, 4, "444", None, {})),
        *(("centroids", value) for value in ([10**9] * 4, [32, 16, 8], [0] * 4, ["a"] * 4, None, {})),
        *(("radii", value) for value in ([[NOT_A_NUMBER] * 2] * 4, [[0, 1]] * 4, [1] * 4, [], None, {})),
        *(("neighbours", value) for value in ([10**9] * 2, [0, 1], [1], None)),
        *(("abstraction", value) for value in ([[[HUGE], [8]]] * 4, [[[8] * 10**4] * 2] * 4, [], [[]] * 4, None, 3)),
        *(("propagation", value) for value in ([[8]] * 9, [[-8]] * 4, [[[[[8]]]]] * 4, ["8"] * 4, None)),
        *(("heatmap_levels", value) for value in (-1, 5, HUGE, "3", None)),
        *(("normalisation", value) for value in ("other", None, 1, [], {})),
        *(("distance", value) for value in ("other", None, 1, [], {})),
        *(("mix_keypoints", value) for value in (1, "true", None)),
        *(("grid_position", value) for value in (1, "true", None)),
    ],
)
def test_a_constant_that_is_no_network_s(
    write: Callable[..., Path], header: dict[str, Any], name: str, value: Any
) -> None:
    for written in (header, header | {"format": 1, "model": model_of_format_1(header["model"])}):
        for part in (written["model"], *written["model"].values()):
            if isinstance(part, dict) and name in part:
                part[name] = value
        message = refusal(write(json.dumps(written)))
        assert "can't be used as a checkpoint: " in message
        assert name in message
        assert len(message) < 500


@pytest.mark.parametrize(
    "changes",
    [
        {"keypoints": 5},
        {"mix_keypoints": False},
        {"decoder": {"heatmap_levels": 2}},
        {"decoder": {"grid_position": False}},
        {"encoder": {"propagation": [[24, 20], [20, 16], [16, 16], [16, 8191]]}},
        {"encoder": {"abstraction": [[[8192] * 8] * 2] * 4}},
    ],
)
def test_weights_of_another_network_than_the_header_says(
    write: Callable[..., Path], header: dict[str, Any], changes: dict[str, Any], tiny_checkpoint: Path
) -> None:
    weights = Checkpoint.load(tiny_checkpoint).weights
    assert Checkpoint.load(write(json.dumps(header), weights)).weights.keys() == weights.keys()
    for name, value in changes.items():
        header["model"][name] = header["model"][name] | value if isinstance(value, dict) else value
    path = write(json.dumps(header), weights)
    assert "its weights do not match its own configuration" in refusal(path)


def test_weights_that_lack_one_or_have_one_more(tiny_checkpoint: Path, tmp_path: Path) -> None:
    loaded = Checkpoint.load(tiny_checkpoint)
    path = tmp_path / "a.safetensors"
    lacking = dict(list(loaded.weights.items())[1:])
    for weights in (lacking, loaded.weights | {"more": torch.zeros(1)}, {}):
        replace(loaded, weights=weights).save(path)
        assert "its weights do not match" in refusal(path)


def test_a_network_is_described_without_making_its_weights(write: Callable[..., Path]) -> None:
    """Shapes are compared before memory is taken for them: these would need gigabytes."""
    wide = {"keypoints": 64, "abstraction": [[[8192] * 3] * 2] * 4, "propagation": [[8192] * 8] * 4}
    assert "its weights do not match" in refusal(write(json.dumps({"format": 1, "model": wide})))

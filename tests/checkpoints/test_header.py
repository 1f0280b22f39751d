"""Headers of both formats: a file of format 1 answers as the same one saved again, to the bit."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.checkpoints.header import FORMAT, model_as_json, model_from_json, read_header
from keygrid.errors import KeygridError
from keygrid.model.config import PRESETS, preset
from keygrid.model.inputs import Inputs

ROOT = Path(__file__).parents[2]
SHIPPED = [
    path for path in sorted((ROOT / "assets" / "checkpoints").glob("*.safetensors")) if read_header(path).format == 1
]


def stored(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["keygrid"])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_checkpoint_answers_the_same_bits_in_the_newest_format(path: Path, tmp_path: Path) -> None:
    before = Checkpoint.load(path)
    before.save(tmp_path / "again.safetensors")
    assert (stored(path)["format"], stored(tmp_path / "again.safetensors")["format"]) == (1, FORMAT)
    after = Checkpoint.load(tmp_path / "again.safetensors")
    assert (before.config, before.category, before.record) == (after.config, after.category, after.record)
    inputs = Inputs(torch.rand(1, before.config.points, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1)
    with torch.inference_mode():
        old, new = before.network()(inputs), after.network()(inputs)
    for name in ("weights", "keypoints", "strengths", "reconstruction", "features"):
        assert torch.equal(getattr(old, name), getattr(new, name)), name


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_constants_of_format_1_are_all_taken_over(path: Path) -> None:
    flat, config = stored(path)["model"], read_header(path).config
    parts = (config, config.encoder, config.heatmap, config.decoder)
    for name, value in flat.items():
        having = [getattr(part, name) for part in parts if hasattr(part, name)]
        assert len(having) == (2 if name == "propagation" else 1)
        assert all(json.loads(json.dumps(found)) == value for found in having)


@pytest.mark.parametrize("name", PRESETS)
def test_a_configuration_comes_back_from_json(name: str) -> None:
    config = preset(name, 5)
    values = json.loads(json.dumps(model_as_json(config)))
    assert values["encoder"]["kind"] == config.encoder.kind
    assert model_from_json(values) == config


@pytest.mark.parametrize("number", [1, FORMAT])
def test_what_a_header_leaves_out_is_as_published(number: int) -> None:
    assert model_from_json({"keypoints": 4}, number) == preset("released", 4)


def test_a_header_is_all_that_is_read(tiny_checkpoint: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"unrelated": torch.zeros(3)}, path, metadata={"keygrid": json.dumps(stored(tiny_checkpoint))})
    header = read_header(path)
    loaded = Checkpoint.load(tiny_checkpoint)
    assert (header.config, header.category, header.record) == (loaded.config, loaded.category, loaded.record)


def test_a_checkpoint_without_category_has_an_empty_one(tiny_checkpoint: Path, tmp_path: Path) -> None:
    header = stored(tiny_checkpoint)
    del header["category"], header["record"]
    path = tmp_path / "a.safetensors"
    save_file(Checkpoint.load(tiny_checkpoint).weights, path, metadata={"keygrid": json.dumps(header)})
    assert (read_header(path).category, read_header(path).record) == ("", {})
    assert Checkpoint.load(path).category == ""


def test_what_is_wrong_is_said_as_when_it_is_loaded(tiny_checkpoint: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    for content in (b"", tiny_checkpoint.read_bytes()[:100]):
        path.write_bytes(content)
        with pytest.raises(KeygridError) as header:
            read_header(path)
        with pytest.raises(KeygridError) as whole:
            Checkpoint.load(path)
        assert str(header.value) == str(whole.value)


def test_headers_are_read_without_torch(tiny_checkpoint: Path) -> None:
    code = (
        "import sys, pathlib; from keygrid.checkpoints.header import read_header;"
        f" read_header(pathlib.Path({str(tiny_checkpoint)!r})); print('torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"

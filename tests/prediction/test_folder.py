"""Many garments through readers, network and the file beside the output, with small clouds and a tiny network."""

import csv
import io
import json
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console

from keygrid.data.dataset import Dataset, Member
from keygrid.data.readers import read_garment
from keygrid.errors import KeygridError
from keygrid.methods.learned import LearnedMethod
from keygrid.prediction.files import write_predictions
from keygrid.prediction.folder import Drawing, Request, in_lanes, predict_all, reading, show_progress

DAMAGED = (5, 6, 13)
SMALL = Request(batch=4)


@pytest.fixture(scope="module")
def method(tiny_checkpoint: Path) -> LearnedMethod:
    return LearnedMethod(tiny_checkpoint)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """18 garments of several formats and sizes, in order of their names, of which three are damaged."""
    folder = tmp_path / "garments"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(18):
        points = rng.normal(size=((200, 90, 150)[number % 3], 3)) * [1, 2, 0.5] + number
        if number in DAMAGED:
            (folder / f"{number:02}.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2")
        elif number % 3 == 0:
            np.savez(folder / f"{number:02}.npz", vertices=points, faces=np.arange(198).reshape(-1, 3))
        else:
            np.savetxt(folder / f"{number:02}.xyz", points)
    return folder


def members(folder: Path) -> tuple[Member, ...]:
    return Dataset.open([folder]).members


def one_by_one(folder: Path, method: LearnedMethod, out: Path) -> bytes:
    """What predicting one after the other writes."""
    named = [(str(garment.source), method.find([garment])[0]) for garment in Dataset.open([folder])]
    write_predictions(named, out)
    return out.read_bytes()


def whole(folder: Path, method: LearnedMethod, out: Path, request: Request = SMALL) -> bytes:
    predict_all(members(folder), method, out, request, workers=0)
    return out.read_bytes()


class StopError(Exception):
    """An interruption at a place that a test chooses."""


def interrupt(folder: Path, method: LearnedMethod, out: Path, at: int, request: Request = SMALL) -> None:
    def report(done: int) -> None:
        if done >= at:
            raise StopError

    with pytest.raises(StopError):
        predict_all(members(folder), method, out, request, workers=0, report=report)


def numbers(content: bytes, ending: str) -> tuple[list[str], np.ndarray]:
    """Text and numbers of an output; vertices are left out, of which two may be equally near to rounding."""
    if ending == ".json":
        entries = json.loads(content)
        values = [
            [k["position"] + k["normalised"] + [k["confidence"]] for k in entry["keypoints"]] for entry in entries
        ]
        strengths = [edge["strength"] for entry in entries for edge in entry["edges"]]
        return [entry["garment"] for entry in entries], np.append(np.ravel(values), strengths)
    if ending == ".csv":
        rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
        return [row[0] for row in rows], np.array([row[2:8] + row[9:] for row in rows[1:]], dtype=float)
    return [], np.loadtxt(io.BytesIO(content))


@pytest.mark.parametrize("keypoints", ["soft", "peak"])
def test_a_batch_says_what_each_garment_alone_does(folder, method, keypoints):
    garments = list(Dataset.open([folder]))
    alone = [method.find([garment], mode=keypoints)[0] for garment in garments]
    arrays = (
        "explanation.sample.points", "normalised", "explanation.weights", "confidence", "edges", "strengths",
        "reconstruction",
    )  # fmt: skip
    for parts, count in (("all", 7), ("skeleton", 6), ("keypoints", 4)):
        batch = method.find(garments, mode=keypoints, parts=parts)
        for one, other in zip(alone, batch, strict=True):
            for name in arrays[:count]:
                expected, found = attrgetter(name)(one), attrgetter(name)(other)
                np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5, err_msg=name)
            assert not any(len(attrgetter(name)(other)) for name in arrays[count:])
        again = method.find(garments, mode=keypoints, parts=parts)
        for one, other in zip(batch, again, strict=True):
            assert all(np.array_equal(attrgetter(name)(one), attrgetter(name)(other)) for name in arrays)
    assert method.find([]) == []


def test_keypoints_alone_are_to_the_bit_those_with_everything(folder, method):
    garment = read_garment(folder / "00.npz")
    everything, located = method.find([garment])[0], method.find([garment], parts="keypoints")[0]
    for name in ("normalised", "explanation.weights", "vertices", "confidence"):
        assert np.array_equal(attrgetter(name)(everything), attrgetter(name)(located))
    drawn = [everything.explanation.sample]
    assert np.array_equal(method.find([garment], drawn=drawn, parts="keypoints")[0].normalised, everything.normalised)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("ending", [".json", ".csv", ".txt"])
def test_the_output_is_that_of_one_garment_after_the_other(folder, method, tmp_path, ending, workers):
    expected = numbers(one_by_one(folder, method, tmp_path / f"expected{ending}"), ending)
    out, skipped, done = tmp_path / f"k{ending}", [], []
    count = predict_all(
        members(folder), method, out, SMALL, workers=workers, report=done.append,
        on_skip=lambda entry, reason: skipped.append((entry.path.name, reason)),
    )  # fmt: skip
    names, values = numbers(out.read_bytes(), ending)
    assert names == expected[0]
    np.testing.assert_allclose(values, expected[1], rtol=0, atol=1e-5)
    assert count == len(DAMAGED)
    assert [name for name, _ in skipped] == [f"{number:02}.obj" for number in DAMAGED]
    assert all("looks cut off" in reason for _, reason in skipped)
    assert done == [0, 4, 8, 12, 16, 18]
    assert not out.with_name(f"k{ending}.partial").exists()


def test_how_many_read_does_not_matter(folder, method, tmp_path):
    outputs = []
    for workers in (0, 1, 3):
        predict_all(members(folder), method, out := tmp_path / "k.json", SMALL, workers=workers)
        outputs.append(out.read_bytes())
    assert outputs[0] == outputs[1] == outputs[2]


def test_of_two_garments_with_one_damaged_the_other_is_written_as_an_only_one(folder, method, tmp_path):
    pair = [folder / "04.xyz", folder / "05.obj"]
    out = tmp_path / "k.json"
    assert predict_all(Dataset.open(pair).members, method, out, Request()) == 1
    assert json.loads(out.read_text())["garment"] == str(pair[0])


def test_where_none_can_be_used_the_first_reason_is_the_error(folder, method, tmp_path):
    bad = Dataset.open([folder / f"{number:02}.obj" for number in DAMAGED]).members
    with pytest.raises(KeygridError, match=r"^05\.obj"):
        predict_all(bad, method, tmp_path / "k.json", Request())
    with pytest.raises(KeygridError, match=r"^05\.obj"):
        predict_all(bad[:1], method, tmp_path / "k.json", Request())
    assert list(tmp_path.iterdir()) == [folder]


def test_garments_that_no_cloud_can_be_drawn_on_are_skipped(method, tmp_path):
    np.savetxt(tmp_path / "a.xyz", np.ones((100, 3)))
    np.savetxt(tmp_path / "b.xyz", np.eye(3))
    np.savetxt(tmp_path / "c.xyz", np.random.default_rng(0).normal(size=(100, 3)))
    reasons: list[str] = []
    paths = [tmp_path / f"{name}.xyz" for name in "abc"]
    predict_all(
        Dataset.open(paths).members, method, tmp_path / "k.csv", Request(),
        on_skip=lambda _, reason: reasons.append(reason),
    )  # fmt: skip
    assert ["coincide" in reasons[0], "at least 64 points" in reasons[1], len(reasons)] == [True, True, 2]


@pytest.mark.parametrize("at", [0, 4, 12, 18])
def test_an_interrupted_run_goes_on_to_the_same_bytes(folder, method, tmp_path, at):
    expected = whole(folder, method, tmp_path / "whole.json")
    out, said, done = tmp_path / "k.json", [], []
    interrupt(folder, method, out, at)
    assert not out.exists()
    predict_all(members(folder), method, out, SMALL, workers=0, report=done.append, say=said.append)
    assert out.read_bytes() == expected
    assert done[0] == at
    assert said == ([f"{at} of 18 garments are done already, and in k.json.partial."] if at else [])


def test_it_goes_on_behind_the_last_whole_line_wherever_writing_ended(folder, method, tmp_path):
    expected = whole(folder, method, tmp_path / "whole.csv")
    out = tmp_path / "k.csv"
    interrupt(folder, method, out, 16)
    partial = out.with_name("k.csv.partial")
    content = partial.read_bytes()
    for cut in (*np.random.default_rng(0).integers(1, len(content), 8), 1, len(content) - 1):
        partial.write_bytes(content[:cut])
        assert whole(folder, method, out) == expected
        assert not partial.exists()


def test_lines_of_another_run_are_not_gone_on_from(folder, method, tmp_path):
    expected = whole(folder, method, tmp_path / "whole.csv")
    out = tmp_path / "k.csv"
    interrupt(folder, method, out, 16)
    partial = out.with_name("k.csv.partial")
    head, *lines = partial.read_bytes().splitlines(keepends=True)
    partial.write_bytes(b"".join([head, lines[0], lines[2], lines[1]]))
    assert whole(folder, method, out) == expected


def test_a_file_of_another_command_is_begun_anew(folder, method, tmp_path, tiny_config):
    from keygrid.checkpoints.checkpoint import Checkpoint
    from keygrid.model.network import KeyGrid

    Checkpoint(tiny_config, KeyGrid(tiny_config).state_dict()).save(tmp_path / "other.safetensors")
    other = LearnedMethod(tmp_path / "other.safetensors")
    out = tmp_path / "k.json"

    def changed() -> None:
        os.utime(folder / "00.npz", ns=(1, 1))

    for use, request, change in (
        (other, SMALL, None),
        (method, Request("peak", batch=4), None),
        (method, Request(batch=3), None),
        (method, SMALL, changed),
    ):
        expected = whole(folder, use, tmp_path / "whole.json", request)
        interrupt(folder, method, out, 8)
        if change is not None:
            change()
        said: list[str] = []
        predict_all(members(folder), use, out, request, workers=0, say=said.append)
        assert [sentence.endswith("all begins anew.") for sentence in said] == [True]
        assert out.read_bytes() == expected


def test_frames_are_predicted_as_each_alone_and_gone_on_from(shirt, method, tmp_path):
    from dataclasses import replace

    from keygrid.data.sequence import write_sequence

    frames = np.stack([shirt.vertices * [1, scale, 1] for scale in (1, 0.9, 0.8)]).astype(np.float32)
    for name in "ab":
        write_sequence(replace(shirt, frames=frames), tmp_path / f"{name}.npz")
    np.savetxt(tmp_path / "c.xyz", shirt.vertices[::40])
    paths = [tmp_path / name for name in ("a.npz", "b.npz", "c.xyz")]
    moving = read_garment(paths[0])
    alone = [method.find([moving], [frame])[0].keypoints for frame in range(3)]
    alone = [*alone, *alone, method.find([read_garment(paths[2])])[0].keypoints]
    out = tmp_path / "k.csv"
    for workers in (0, 2):
        predict_all(Dataset.open(paths).members, method, out, Request(frames=True, batch=2), workers=workers)
        rows = list(csv.reader(out.read_text().splitlines()))[1:]
        names = [f"{path}@{frame}" for path in paths[:2] for frame in range(3)] + [str(paths[2])]
        assert [row[0] for row in rows] == [name for name in names for _ in range(4)]
        np.testing.assert_allclose(
            np.array([row[2:5] for row in rows], dtype=float), np.concatenate(alone), rtol=0, atol=1e-5 * shirt.diagonal
        )


def test_one_garment_leaves_nothing_beside_the_output(folder, method, tmp_path):
    for ending in (".json", ".csv", ".txt", ".ply"):
        predict_all(members(folder)[:1], method, tmp_path / f"a{ending}", Request())
        write_predictions(
            [(str(folder / "00.npz"), method.find([read_garment(folder / "00.npz")])[0])], tmp_path / f"b{ending}"
        )
        assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()
    with pytest.raises(KeygridError, match="PLY file holds"):
        predict_all(members(folder), method, tmp_path / "c.ply", Request())
    with pytest.raises(KeygridError, match="does not exist"):
        predict_all(members(folder), method, tmp_path / "none" / "c.csv", Request())
    assert not list(tmp_path.glob("*.partial"))


@pytest.fixture
def nothing_left() -> Iterator[None]:
    threads, of_torch = set(threading.enumerate()), torch.get_num_threads()
    yield
    assert multiprocessing.active_children() == []
    assert set(threading.enumerate()) == threads
    assert torch.get_num_threads() == of_torch


@pytest.mark.parametrize("raised", [StopError, KeyboardInterrupt, None])
def test_no_process_or_thread_is_left_behind(folder, method, tmp_path, raised, nothing_left):
    said: list[str] = []

    def report(done: int) -> None:
        if done == 8 and raised is not None:
            raise raised

    def run() -> None:
        predict_all(
            members(folder), method, tmp_path / "k.txt", SMALL, workers=2, report=report, say=said.append
        )  # fmt: skip

    if raised is None:
        run()
        return
    with pytest.raises(raised):
        run()
    assert (tmp_path / "k.txt.partial").exists()
    assert said == [
        "Interrupted; 8 of 18 garments are done, and the same command goes on behind them."
    ] * (raised is KeyboardInterrupt)  # fmt: skip


def test_readers_are_no_more_than_a_step_ahead(tmp_path, nothing_left):
    steps = []
    for number in range(8):
        path = tmp_path / f"{number}.npy"
        np.save(path, np.random.default_rng(number).normal(size=(50_000, 3)))  # more than a pipe holds
        steps.append(Dataset.open([path]).members)
    with reading(steps, Drawing(128, "range"), False, workers=2) as reads:
        assert not isinstance(next(reads)[0], str)
        time.sleep(1)
        for path in tmp_path.iterdir():
            path.unlink()
        missing = [isinstance(read[0], str) for read in reads]
    assert missing[2:] == [True] * 5


def test_a_reader_that_dies_is_named(folder, method, tmp_path, nothing_left):
    def report(done: int) -> None:
        if done:
            for process in multiprocessing.active_children():
                process.kill()

    big = [tmp_path / f"{number}.npy" for number in range(30)]
    for path in big:
        np.save(path, np.random.default_rng(0).normal(size=(50_000, 3)))
    with pytest.raises(KeygridError, match="ended unexpectedly"):
        predict_all(Dataset.open(big).members, method, tmp_path / "k.csv", Request(batch=1), workers=2, report=report)


def test_lanes_keep_order_and_take_one_item_more_than_they_are(nothing_left):
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            taken.append(number)
            yield number

    def work(number: int) -> tuple[int, int]:
        time.sleep(0.01 * (number % 3))
        return number, torch.get_num_threads()

    for given, (number, threads) in enumerate(in_lanes(work, items(), 3)):
        assert (number, threads) == (given, 1)
        assert len(taken) <= given + 4


def test_what_a_lane_raises_ends_all(nothing_left):
    def work(number: int) -> int:
        if number == 3:
            raise KeygridError("three")
        return number

    results: list[int] = []
    with pytest.raises(KeygridError, match="three"):
        results.extend(in_lanes(work, iter(range(100)), 2))
    assert results == [0, 1, 2]


@pytest.mark.parametrize("terminal", [False, True])
def test_progress_has_count_rate_and_time_left(monkeypatch, terminal):
    now = [100.0]
    monkeypatch.setattr("keygrid.prediction.folder.time.monotonic", lambda: now[0])
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120, highlight=False)
    with show_progress(10_000, console) as report:
        report(4_000)
        now[0] += 20
        report(4_500)
    written: Any = console.file
    assert "4,500 of 10,000 garments, 25 a second, 0:03:40 left" in written.getvalue()


def test_few_garments_show_no_progress(capsys):
    with show_progress(3) as report:
        report(3)
    assert capsys.readouterr() == ("", "")

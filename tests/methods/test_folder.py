"""Many garments through readers, network and the file beside the output, with small clouds and a tiny network."""

import csv
import io
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from keygrid.data.dataset import Dataset, Member
from keygrid.data.readers import read_garment
from keygrid.errors import KeygridError
from keygrid.methods import Method, identify, open_method
from keygrid.methods.folder import Request, predict_all
from keygrid.methods.learned import LearnedMethod
from keygrid.prediction.files import write_predictions
from keygrid.work import Here, Workers, open_executor

DAMAGED = (5, 6, 13)
SMALL = Request(batch=4)
QUICK = open_method("geodesic?k=2")
"""Needs no torch, but surfaces, of which there are five in `folder`."""


@pytest.fixture(scope="module")
def method(tiny_checkpoint: Path) -> LearnedMethod:
    return LearnedMethod(tiny_checkpoint)


@pytest.fixture(scope="module")
def processes() -> Iterator[Workers]:
    """Two processes, started once, because each waits for torch."""
    with open_executor(2) as executor:
        yield executor


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
    """Return what predicting one garment after the other writes."""
    named = [(str(garment.source), method.find([garment])[0]) for garment in Dataset.open([folder])]
    write_predictions(named, out)
    return out.read_bytes()


def run(
    garments: Path | Sequence[Path],
    method: Method,
    out: Path,
    request: Request = SMALL,
    executor: Workers | None = None,
    **told: Any,
) -> int:
    paths = [garments] if isinstance(garments, Path) else garments
    return predict_all(Dataset.open(paths).members, method.id, out, request, executor or Here(), **told)


def whole(
    garments: Path | Sequence[Path],
    method: Method,
    out: Path,
    request: Request = SMALL,
    executor: Workers | None = None,
) -> bytes:
    run(garments, method, out, request, executor)
    return out.read_bytes()


class StopError(Exception):
    """An interruption at a place that a test chooses."""


def interrupt(folder: Path, method: LearnedMethod, out: Path, at: int, request: Request = SMALL) -> None:
    def report(done: int) -> None:
        if done >= at:
            raise StopError

    with pytest.raises(StopError):
        run(folder, method, out, request, report=report)


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


@pytest.mark.parametrize("ending", [".json", ".csv", ".txt"])
def test_the_output_is_that_of_one_garment_after_the_other(folder, method, tmp_path, ending):
    expected = numbers(one_by_one(folder, method, tmp_path / f"expected{ending}"), ending)
    out, skipped, done = tmp_path / f"k{ending}", [], []
    count = run(
        folder, method, out, report=done.append,
        on_skip=lambda entry, reason: skipped.append((entry.path.name, reason)),
    )  # fmt: skip
    names, values = numbers(out.read_bytes(), ending)
    assert names == expected[0]
    np.testing.assert_allclose(values, expected[1], rtol=0, atol=1e-5)
    assert count == len(DAMAGED)
    assert [name for name, _ in skipped] == [f"{number:02}.obj" for number in DAMAGED]
    assert all("fewer than three corners" in reason for _, reason in skipped)
    assert done == [0, 4, 8, 12, 16, 18]
    assert not out.with_name(f"k{ending}.partial").exists()


@pytest.mark.parametrize("frames", [False, True])
def test_how_many_work_does_not_matter(folder, method, tmp_path, frames, processes):
    request = Request(frames=frames, batch=4)
    expected = whole(folder, method, tmp_path / "a.json", request)
    assert whole(folder, method, tmp_path / "b.json", request, processes) == expected


def test_of_two_garments_with_one_damaged_the_other_is_written_as_an_only_one(folder, method, tmp_path):
    pair = [folder / "04.xyz", folder / "05.obj"]
    out = tmp_path / "k.json"
    assert run(pair, method, out) == 1
    assert json.loads(out.read_text())["garment"] == str(pair[0])


def test_where_none_can_be_used_the_first_reason_is_the_error(folder, method, tmp_path):
    bad = [folder / f"{number:02}.obj" for number in DAMAGED]
    with pytest.raises(KeygridError, match=r"^05\.obj"):
        run(bad, method, tmp_path / "k.json")
    with pytest.raises(KeygridError, match=r"^05\.obj"):
        run(bad[:1], method, tmp_path / "k.json")
    assert list(tmp_path.iterdir()) == [folder]


def test_garments_that_no_cloud_can_be_drawn_on_are_skipped(method, tmp_path):
    np.savetxt(tmp_path / "a.xyz", np.ones((100, 3)))
    np.savetxt(tmp_path / "b.xyz", np.eye(3))
    np.savetxt(tmp_path / "c.xyz", np.random.default_rng(0).normal(size=(100, 3)))
    reasons: list[str] = []
    paths = [tmp_path / f"{name}.xyz" for name in "abc"]
    run(paths, method, tmp_path / "k.csv", on_skip=lambda _, reason: reasons.append(reason))
    assert ["coincide" in reasons[0], "at least 64 points" in reasons[1], len(reasons)] == [True, True, 2]


@pytest.mark.parametrize("at", [0, 4, 12, 18])
def test_an_interrupted_run_goes_on_to_the_same_bytes(folder, method, tmp_path, at):
    expected = whole(folder, method, tmp_path / "whole.json")
    out, said, done = tmp_path / "k.json", [], []
    interrupt(folder, method, out, at)
    assert not out.exists()
    run(folder, method, out, report=done.append, say=said.append)
    assert out.read_bytes() == expected
    assert done[0] == at
    assert said == ([f"{at} of 18 garments are already done; their results are in k.json.partial."] if at else [])


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
        run(folder, use, out, request, say=said.append)
        assert [sentence.endswith("starting again.") for sentence in said] == [True]
        assert out.read_bytes() == expected


def test_frames_are_predicted_as_each_alone(shirt, method, tmp_path, processes):
    from keygrid.data.readers.sequence import write_sequence

    frames = np.stack([shirt.vertices * [1, scale, 1] for scale in (1, 0.9, 0.8)]).astype(np.float32)
    for name in "ab":
        write_sequence(replace(shirt, frames=frames), tmp_path / f"{name}.npz")
    np.savetxt(tmp_path / "c.xyz", shirt.vertices[::40])
    paths = [tmp_path / name for name in ("a.npz", "b.npz", "c.xyz")]
    moving = read_garment(paths[0])
    alone = [method.find([moving], [frame])[0].keypoints for frame in range(3)]
    alone = [*alone, *alone, method.find([read_garment(paths[2])])[0].keypoints]
    out = tmp_path / "k.csv"
    for executor in (Here(), processes):
        run(paths, method, out, Request(frames=True, batch=2), executor)
        rows = list(csv.reader(out.read_text().splitlines()))[1:]
        names = [f"{path}@{frame}" for path in paths[:2] for frame in range(3)] + [str(paths[2])]
        assert [row[0] for row in rows] == [name for name in names for _ in range(4)]
        np.testing.assert_allclose(
            np.array([row[2:5] for row in rows], dtype=float), np.concatenate(alone), rtol=0, atol=1e-5 * shirt.diagonal
        )


def test_one_garment_leaves_nothing_beside_the_output(folder, method, tmp_path):
    for ending in (".json", ".csv", ".txt", ".ply"):
        run(folder / "00.npz", method, tmp_path / f"a{ending}")
        write_predictions(
            [(str(folder / "00.npz"), method.find([read_garment(folder / "00.npz")])[0])], tmp_path / f"b{ending}"
        )
        assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()
    with pytest.raises(KeygridError, match="PLY file holds"):
        run(folder, method, tmp_path / "c.ply")
    with pytest.raises(KeygridError, match="does not exist"):
        run(folder, method, tmp_path / "none" / "c.csv")
    assert not list(tmp_path.glob("*.partial"))


@pytest.fixture
def samples(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Functions that other processes can import."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1]))
    import sample_work

    return sample_work


@pytest.fixture
def nothing_left() -> Iterator[None]:
    processes, threads, of_torch = (
        multiprocessing.active_children(),
        set(threading.enumerate()),
        torch.get_num_threads(),
    )
    yield
    assert set(multiprocessing.active_children()) <= set(processes)
    assert set(threading.enumerate()) == threads
    assert torch.get_num_threads() == of_torch


@pytest.mark.parametrize("raised", [StopError, KeyboardInterrupt])
def test_no_process_or_thread_is_left_behind(folder, tmp_path, raised, nothing_left):
    said: list[str] = []

    def report(done: int) -> None:
        if done == 8:
            raise raised

    def interrupted() -> None:
        with open_executor(2) as executor:
            run(folder, QUICK, tmp_path / "k.txt", SMALL, executor, report=report, say=said.append)

    with pytest.raises(raised):
        interrupted()
    assert (tmp_path / "k.txt.partial").exists()
    assert said == [
        "Interrupted after 8 of 18 garments; give the same command again to continue."
    ] * (raised is KeyboardInterrupt)  # fmt: skip


def test_a_garment_that_ends_its_process_is_skipped_and_named(folder, tmp_path, samples, nothing_left):
    listed = [
        replace(member, read=samples.die_reading) if member.entry.name in {"01", "12"} else member
        for member in members(folder)
    ]
    skipped: dict[str, str] = {}
    with open_executor(2) as executor:
        count = predict_all(
            listed, QUICK.id, tmp_path / "k.json", SMALL, executor,
            on_skip=lambda entry, reason: skipped.update({entry.path.name: reason}),
        )  # fmt: skip
    assert count == len(skipped) == 18 - 4
    assert skipped["01.xyz"].startswith("01.xyz can't be used. The process that worked on it ended unexpectedly (-9)")
    assert [name for name, reason in skipped.items() if "unexpectedly" in reason] == ["01.xyz", "12.npz"]
    assert list(skipped) == sorted(skipped)
    alive = [path for path in sorted(folder.iterdir()) if path.name not in {"01.xyz", "12.npz"}]
    assert (tmp_path / "k.json").read_bytes() == whole(alive, QUICK, tmp_path / "expected.json")


def test_a_garment_in_which_nothing_is_found_is_skipped(folder, tmp_path):
    reasons: list[str] = []
    count = run(folder, QUICK, tmp_path / "k.csv", on_skip=lambda _, reason: reasons.append(reason))
    assert count == 18 - 5
    assert sum("needs a surface" in reason for reason in reasons) == 10
    assert len((tmp_path / "k.csv").read_text().splitlines()) == 1 + 2 * 5


def test_a_method_that_can_t_be_opened_is_the_error_and_leaves_nothing(folder, tmp_path, processes):
    (tmp_path / "no.safetensors").write_text("nothing")
    for executor in (Here(), processes):
        with pytest.raises(KeygridError, match=r"no\.safetensors can't be read as a checkpoint"):
            predict_all(members(folder), identify(tmp_path / "no.safetensors"), tmp_path / "k.csv", SMALL, executor)
    with pytest.raises(KeygridError, match="There is no checkpoint"):
        identify(tmp_path / "none.safetensors")
    assert {path.name for path in tmp_path.iterdir()} == {"garments", "no.safetensors"}


def test_a_checkpoint_that_changes_meanwhile_is_an_error(folder, method, tmp_path):
    other = replace(method.id, fingerprint="0" * 12)
    with pytest.raises(KeygridError, match="changed during the work"):
        predict_all(members(folder), other, tmp_path / "k.csv", SMALL, Here())


def test_a_cluster_writes_the_same_bytes(folder, method, tmp_path, scheduler):
    expected = whole(folder, method, tmp_path / "expected.json")
    with open_executor(scheduler=scheduler) as executor:
        assert whole(folder, method, tmp_path / "k.json", SMALL, executor) == expected


def test_a_command_that_is_killed_anywhere_goes_on_to_the_same_bytes(folder, tmp_path):
    request = Request(batch=2)
    many = tmp_path / "many"  # so that it is at work still when it is killed
    for copy in range(12):
        shutil.copytree(folder, many / str(copy))
    folder = many
    expected = whole(folder, QUICK, tmp_path / "expected.json", request)
    out, journal = tmp_path / "k.json", tmp_path / "k.json.partial"
    words = [folder, "--method", QUICK.id.spec, "--out", out, "--batch", request.batch, "--workers", 2]
    command = [sys.executable, Path(__file__).parents[2] / "main.py", "predict", *map(str, words)]
    for lines in (1, 20, 50):  # the first is killed when it has begun, others behind some steps
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None and (not journal.exists() or journal.read_bytes().count(b"\n") < lines):
                time.sleep(0.001)
            process.kill()
        assert not out.exists()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    assert out.read_bytes() == expected
    assert not journal.exists()


def test_a_sequence_that_is_read_already_goes_to_another_process(shirt, tmp_path, method, processes):
    moving = replace(shirt, frames=shirt.vertices[None].astype(np.float32))
    read = Dataset.of([moving, replace(moving, name="other")]).members
    for executor in (Here(), processes):
        predict_all(read, method.id, tmp_path / "k.csv", Request(frames=True), executor)
        assert len((tmp_path / "k.csv").read_text().splitlines()) == 1 + 2 * 4

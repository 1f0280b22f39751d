"""Keypoints of many garments, written to one file; interrupted commands can be continued.

Garments are processed in steps that are determined before anything is read: neighbours in the list, or one garment with
all its frames. An executor reads the garments of a step and finds their keypoints, each step independently and in one
thread, and adds the results to a file beside the output, one line per step. The result therefore depends neither on the
number of processes nor on their speed, and memory holds only a few steps.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from keygrid.checkpoints.labels import load
from keygrid.clouds import Recipe
from keygrid.data.collection import Entry
from keygrid.data.dataset import Member
from keygrid.data.garment import Garment, Up
from keygrid.data.sampling import Sample
from keygrid.errors import KeygridError
from keygrid.locks import locked
from keygrid.methods.defaults import FOLDER, SHIPPED, default_for
from keygrid.methods.method import Method, Mode
from keygrid.methods.registry import identify, reopen
from keygrid.methods.stream import as_wanted
from keygrid.prediction import MethodId
from keygrid.prediction.files import FORMATS, Record, as_record, check_format, write_records
from keygrid.prediction.journal import Journal
from keygrid.work import CrashedError, Workers, in_order, one_thread

BATCH = 8
"""Number of clouds per network pass."""

_TRIES = 2
"""Number of processes that a garment may end by itself before it is left out."""

_VERSION = 4
"""Version of the lines in the file beside the output; work of another version is not continued."""


@dataclass(frozen=True)
class Request:
    """A request to a method.

    Attributes:
        keypoints: position of keypoints, as `keygrid.methods.Method.find` takes it.
        frames: use all frames of a moving garment, called PATH@FRAME, instead of its shape at rest.
        batch: maximum number of clouds per network pass; a different number changes rounding.
        device: device of the network, by PyTorch's name.
        up: the vertical axis of all files; guessed for each if not given.
        recipe: recipe that prepares clouds first.
        item: the object to use from a file that has several; the largest open one if not given.
    """

    keypoints: Mode = "soft"
    frames: bool = False
    batch: int = BATCH
    device: str = "cpu"
    up: Up | None = None
    recipe: Recipe | None = None
    item: str = ""


def predict_all(
    members: Sequence[Member],
    method: MethodId | None,
    out: Path,
    request: Request,
    executor: Workers,
    *,
    on_skip: Callable[[Entry, str], None] = lambda _entry, _reason: None,
    report: Callable[[int], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
) -> int:
    """Write the keypoints of garments, in order, in the format of the path's ending.

    Until all are done, results are in `OUT.partial`, and the output is unchanged. The same call continues from that
    file, and gives the same bytes as without an interruption. If anything else differs (method, request, list of
    garments, or a garment's file), the file is started again.

    Args:
        members: the garments.
        method: finds the keypoints; opened in each process. If None, each garment has its default from
            `keygrid.methods.defaults`; the reason is stored in its record and reported once.
        out: path of the output.
        request: what to find.
        executor: runs the work; see `keygrid.work.open_executor`.
        on_skip: receives each unusable garment, with the reason.
        report: receives the number of finished garments, at the start and after each step.
        say: receives a message when work continues, starts again or was interrupted.

    Returns:
        How many garments were skipped.

    Raises:
        KeygridError: no garment is usable, the format can't hold them, the file can't be written or is being written by
            another process, or the method can't be opened.
    """
    check_format(out, len(members))
    size = 1 if request.frames else request.batch
    steps = [members[begin : begin + size] for begin in range(0, len(members), size)]
    work = partial(_predict, method, request, FORMATS[out.suffix.lower()].parts)
    with (
        locked(out.with_name(f".{out.name}.lock"), f"{out} is being written", "wait for it, or name another file"),
        closing(Journal(out.with_name(f"{out.name}.partial"), _command(members, method, out, request))) as journal,
    ):
        begun = len(members[: journal.steps * size])
        if journal.is_stale:
            say(f"{journal.path.name} belongs to another command, or files have changed since; starting again.")
        elif begun:
            say(f"{begun} of {len(members)} garments are already done; their results are in {journal.path.name}.")
        report(begun)
        said: set[tuple[str, str]] = set()
        warned: set[str] = set()
        left = steps[journal.steps :]
        try:
            for step, future in zip(left, in_order(executor, work, left), strict=True):
                try:
                    records, reasons = future.result()
                except CrashedError:
                    records, reasons = _without_deadly(executor, work, step)
                for number, reason in reasons.items():
                    on_skip(step[number].entry, reason)
                for record in records:
                    chosen = record["checkpoint"], record.get("reason", "")
                    if chosen[1] and chosen not in said:
                        said.add(chosen)
                        say(f"Keypoints found by {Path(chosen[0]).stem}, {chosen[1]}.")
                    # Of many garments, the first of which something is to be said; the file has it of each.
                    for caveat in record["caveats"]:
                        gist = caveat.partition(":")[0]
                        if gist not in warned:
                            warned.add(gist)
                            say(f"{record['garment']}: {caveat}")
                journal.add(records, list(reasons.values()))
                report(len(members[: journal.steps * size]))
        except KeyboardInterrupt:
            done = len(members[: journal.steps * size])
            say(f"Interrupted after {done} of {len(members)} garments; give the same command again to continue.")
            raise
        if journal.found:
            write_records(journal.records(), out)
    journal.path.unlink()
    if not journal.found:
        raise KeygridError(journal.reasons[0])
    return len(journal.reasons)


_Found = tuple[list[Record], dict[int, str]]
"""Records of the garments of a step, and the reasons why others are unusable, by their index in the step."""


def _without_deadly(executor: Workers, work: Callable[[Sequence[Member]], _Found], step: Sequence[Member]) -> _Found:
    """Process a step that has ended its process, without the garments that do so by themselves."""
    deadly: dict[int, str] = {}
    for number, member in enumerate(step):
        for _ in range(_TRIES):  # something else may have ended it
            try:
                executor.submit(work, [member]).result()
                deadly.pop(number, None)
                break
            except CrashedError as error:
                deadly[number] = f"{member.entry.path.name} can't be used. {error}"
    others = [number for number in range(len(step)) if number not in deadly]
    if not others:
        return [], deadly
    try:
        records, reasons = executor.submit(work, [step[number] for number in others]).result()
    except CrashedError as error:
        raise KeygridError(f"{error} Give the same command again, with fewer --workers.") from error
    return records, dict(sorted({**deadly, **{others[place]: why for place, why in reasons.items()}}.items()))


@dataclass(frozen=True, eq=False)
class _Task:
    """A readable garment of a step.

    Attributes:
        number: index in the step.
        garment: the garment.
        drawn: points drawn on it.
        method: method that finds its keypoints.
        reason: reason for this method; empty if the user named it.
        names: names of its keypoints, if any.
    """

    number: int
    garment: Garment
    drawn: Sample
    method: Method
    reason: str
    names: Mapping[int, str]


_Numbered = tuple[int, Record]


def _predict(
    identity: MethodId | None, request: Request, parts: Literal["keypoints", "skeleton"], step: Sequence[Member]
) -> _Found:
    """Read the garments of a step and find their keypoints; runs in the executor."""
    named = reopen(identity, request.device) if identity is not None else None
    reasons: dict[int, str] = {}
    tasks: dict[Method, list[_Task]] = {}
    with one_thread():
        for number, member in enumerate(step):
            try:
                task = _task(
                    number, as_wanted(member.read(), request.recipe, request.up, request.item), named, request.device
                )
            except KeygridError as error:
                reasons[number] = str(error)
            else:
                tasks.setdefault(task.method, []).append(task)
        found = [numbered for together in tasks.values() for numbered in _records(together, request, parts, reasons)]
    # Of one garment, frames stay in their order.
    return [record for _, record in sorted(found, key=lambda numbered: numbered[0])], dict(sorted(reasons.items()))


def _task(number: int, garment: Garment, named: Method | None, device: str) -> _Task:
    method, reason = named, ""
    if method is None:
        default = default_for(garment)
        method, reason = reopen(_identified(default.path), device), default.reason
    names = load(method.id.path, method.id.fingerprint).names if method.id.path is not None else {}
    return _Task(number, garment, method.drawing.draw(garment), method, reason, names)


@cache
def _identified(path: Path) -> MethodId:
    return identify(path)


def _records(
    tasks: Sequence[_Task], request: Request, parts: Literal["keypoints", "skeleton"], reasons: dict[int, str]
) -> list[_Numbered]:
    """Return records of garments that share a method; add the reasons for unusable ones to `reasons`."""
    try:
        return list(_find(tasks, request, parts))
    except KeygridError:
        usable = []
        for task in tasks:
            try:
                list(_find([task], request, parts))
            except KeygridError as error:
                reasons[task.number] = str(error)
            else:
                usable.append(task)
        return list(_find(usable, request, parts))


def _find(tasks: Sequence[_Task], request: Request, parts: Literal["keypoints", "skeleton"]) -> Iterator[_Numbered]:
    """Yield records of garments that share a method, or of all their frames, a batch at a time."""
    shown = _shown(tasks, request.frames)
    while batch := list(islice(shown, request.batch)):
        names, at, of = zip(*batch, strict=True)
        found = of[0].method.find(
            [task.garment for task in of], at, mode=request.keypoints, drawn=[task.drawn for task in of], parts=parts
        )
        for name, task, prediction in zip(names, of, found, strict=True):
            yield task.number, as_record(name, prediction, task.garment.up, task.reason, task.names)


def _shown(tasks: Sequence[_Task], frames: bool) -> Iterator[tuple[str, int | None, _Task]]:
    for task in tasks:
        garment = task.garment
        if not frames or garment.frames is None:
            yield str(garment.source), None, task
            continue
        for frame in range(garment.frame_count):
            yield f"{garment.source}@{frame}", frame, task


def _command(members: Sequence[Member], method: MethodId | None, out: Path, request: Request) -> str:
    """Return a digest that identifies the output and its inputs."""
    known = [method] if method is not None else [identify(FOLDER / f"{one.checkpoint}.safetensors") for one in SHIPPED]
    told: list[Any] = [_VERSION, out.suffix.lower(), repr(request), method is None]
    told += [text for one in known for text in (one.spec, one.fingerprint)]
    digest = hashlib.sha256(json.dumps(told).encode())
    for member in members:
        digest.update(json.dumps([str(member.entry.path), *_version(member)]).encode())
    return digest.hexdigest()


def _version(member: Member) -> tuple[int, int]:
    """Return size and time of the last change of the file that a garment is in."""
    file = member.file or Path(str(member.entry.path).partition("#")[0])
    try:
        status = file.stat()
    except OSError:
        return 0, 0  # reading it will say why
    return status.st_size, status.st_mtime_ns

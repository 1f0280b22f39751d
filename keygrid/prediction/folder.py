"""Keypoints of whole folders: other processes read garments while the network sees those that are there already.

Garments go through in steps, which are known before anything is read: so many neighbours of the list, or one garment
with all its frames. Readers take steps in turn, each step is shown to the network by itself, and what is found is added
to a file beside the output, a line a step. So the result depends neither on how many readers there are nor on which of
them is ahead, memory holds a few steps however many there are, and an interrupted run goes on behind its last whole
line.

Reading is for processes, because parsing text holds Python's lock and would keep the network waiting. Networks on CPU
run in threads instead, a core and a step each, where torch and Numba release the lock: products of this size gain less
from being divided among cores, and much less when other programs want the cores too.
"""

import hashlib
import json
import pickle
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from errno import ENOSPC
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from os import SEEK_END, strerror
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from keygrid.data.collection import Entry
from keygrid.data.dataset import Member
from keygrid.data.garment import Garment
from keygrid.data.sampling import Drawing, Sample
from keygrid.errors import KeygridError
from keygrid.prediction.files import TEXTS, check_format, write_pieces, write_predictions

if TYPE_CHECKING:  # torch and rich wait, because the processes that read need neither
    from rich.console import Console

    from keygrid.methods import Method
    from keygrid.prediction import Prediction

BATCH = 8
"""Clouds that the network sees at once."""

MANY = 16
"""From so many garments on, progress is shown."""

_FORMAT = 1
"""Of the file beside the output; another one is not gone on from."""

A = TypeVar("A")
B = TypeVar("B")

_Read = list[tuple[Garment, Sample] | str]
"""Of each garment of a step, what the network needs, or why it can't be used."""


@dataclass(frozen=True)
class Request:
    """What is asked of a method.

    Attributes:
        keypoints: the mode, as `keygrid.methods.Method.find` takes it.
        frames: all frames of a garment that moves, called PATH@FRAME, instead of its shape at rest.
        batch: the most clouds that the network sees at once; another number rounds differently.
    """

    keypoints: Literal["soft", "peak"] = "soft"
    frames: bool = False
    batch: int = BATCH


def predict_all(
    members: Sequence[Member],
    method: "Method",
    out: Path,
    request: Request,
    *,
    workers: int | None = None,
    on_skip: Callable[[Entry, str], None] = lambda _entry, _reason: None,
    report: Callable[[int], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
) -> int:
    """Write the keypoints of garments, in their order, in the format of the path's ending.

    Until all are done, what is found is in `OUT.partial`, and the output stays as it was. When the same is asked
    again, that file is gone on from, to the same bytes as without an interruption. A file of anything else (another
    checkpoint, request, device, list of garments, or a garment's file that has changed) is begun anew.

    Args:
        members: one is not worth a file beside the output and other processes.
        method: finds the keypoints.
        out: the output.
        request: what to find.
        workers: processes that read; as many as torch has threads if not given.
        on_skip: told of each garment that can't be used, and why.
        report: told how many garments are done, now and after each step.
        say: told in a sentence that work goes on, starts anew or was interrupted.

    Returns:
        How many garments were skipped.

    Raises:
        KeygridError: none can be used, the format can't hold them, nothing can be written there, or the checkpoint is
            damaged.
    """
    check_format(out, len(members))
    drawing = method.drawing
    if len(members) == 1:
        (read,) = _read(members, drawing, request.frames)
        if isinstance(read, str):
            raise KeygridError(read)
        write_predictions(list(_find([read], method, request, "skeleton")), out)
        return 0

    size = 1 if request.frames else request.batch
    steps = [members[begin : begin + size] for begin in range(0, len(members), size)]
    form = TEXTS[out.suffix.lower()]

    def work(read: _Read) -> tuple[list[str], list[str | None]]:
        usable = [one for one in read if not isinstance(one, str)]
        pieces = [form.piece(*named) for named in _find(usable, method, request, form.parts)]
        return pieces, [one if isinstance(one, str) else None for one in read]

    with closing(_Journal(out.with_name(f"{out.name}.partial"), _command(members, method, out, request))) as journal:
        begun = len(members[: journal.steps * size])
        if journal.is_stale:
            say(f"{journal.path.name} is of another command or of files that have changed, so all begins anew.")
        elif begun:
            say(f"{begun} of {len(members)} garments are done already, and in {journal.path.name}.")
        report(begun)
        left = steps[journal.steps :]
        try:
            with reading(left, drawing, request.frames, _threads() if workers is None else workers) as reads:
                for step, (pieces, reasons) in zip(left, in_lanes(work, reads, lanes_for(method)), strict=True):
                    skipped = [(member, reason) for member, reason in zip(step, reasons, strict=True) if reason]
                    for member, reason in skipped:
                        on_skip(member.entry, reason)
                    journal.add(pieces, [reason for _, reason in skipped])
                    report(len(members[: journal.steps * size]))
        except KeyboardInterrupt:
            done = len(members[: journal.steps * size])
            say(f"Interrupted; {done} of {len(members)} garments are done, and the same command goes on behind them.")
            raise
        if journal.pieces:
            write_pieces(journal.all_pieces(), out)
    journal.path.unlink()
    if not journal.pieces:
        raise KeygridError(journal.reasons[0])
    return len(journal.reasons)


def _read(step: Sequence[Member], drawing: Drawing, frames: bool) -> _Read:
    read: _Read = []
    for member in step:
        try:
            garment = member.read()
            drawn = drawing.draw(garment)
        except KeygridError as error:
            read.append(str(error))
            continue
        if not frames:  # what nobody will look at need not be sent
            garment = replace(garment, frames=None)
        read.append((garment, drawn))
    return read


@contextmanager
def reading(
    steps: Sequence[Sequence[Member]], drawing: Drawing, frames: bool, workers: int
) -> Iterator[Iterator[_Read]]:
    """What each step has, in order, read by other processes, each of which is one step ahead; none is left behind.

    One step, and garments that are in memory already, are read here.
    """
    workers = min(workers, len(steps)) if len(steps) > 1 else 0
    try:
        parts = [pickle.dumps((steps[first::workers], drawing, frames)) for first in range(workers)]
    except (pickle.PicklingError, AttributeError, TypeError):
        parts = []
    if not parts:
        yield (_read(step, drawing, frames) for step in steps)
        return
    context = get_context("spawn")
    readers: list[tuple[Connection, Any]] = []
    try:
        for part in parts:
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_serve, args=(theirs, part), daemon=True)
            process.start()
            theirs.close()
            readers.append((ours, process))
        yield (_receive(*readers[number % len(readers)]) for number in range(len(steps)))
    finally:
        for pipe, process in readers:
            pipe.close()
            process.terminate()
            process.join()
            process.close()


def _receive(pipe: Connection, process: Any) -> _Read:
    try:
        read: _Read = pipe.recv()
    except (EOFError, OSError) as error:  # before a message, or within one
        process.join()
        raise KeygridError(
            f"A process that reads garments ended unexpectedly ({process.exitcode}), as when memory is short; "
            "give the same command again, with fewer --workers."
        ) from error
    return read


def _serve(pipe: Connection, part: bytes) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever reads the other end, which then closes it
    steps, drawing, frames = pickle.loads(part)
    for step in steps:
        read = _read(step, drawing, frames)
        try:
            pipe.send(read)  # waits until the step before was taken, so that none runs ahead
        except BrokenPipeError:
            return


def in_lanes(work: Callable[[A], B], items: Iterable[A], lanes: int) -> Iterator[B]:
    """`work` of each item, in order, in so many threads, in each of which torch has one; one more item waits."""
    import torch

    before = torch.get_num_threads()
    waiting: deque[Future[B]] = deque()
    pool = ThreadPoolExecutor(lanes, "lane", torch.set_num_threads, (1,))
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > lanes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)  # what threads begin with from now on; those that are there keep their number


def _threads() -> int:
    import torch

    return torch.get_num_threads()


def lanes_for(method: "Method") -> int:
    """How many steps the network sees at the same time."""
    # On a GPU the second one has its hands free for what is done on CPU, while the first waits for the network.
    return _threads() if method.device == "cpu" else 2


def _find(
    garments: Iterable[tuple[Garment, Sample]],
    method: "Method",
    request: Request,
    parts: Literal["keypoints", "skeleton"],
) -> Iterator[tuple[str, "Prediction"]]:
    """Predictions by what their garment is called, a batch at a time."""
    shown = _shown(garments, request.frames)
    while batch := list(islice(shown, request.batch)):
        names, stills, at, drawn = zip(*batch, strict=True)
        found = method.find(stills, at, mode=request.keypoints, drawn=drawn, parts=parts)
        yield from zip(names, found, strict=True)


def _shown(
    garments: Iterable[tuple[Garment, Sample]], frames: bool
) -> Iterator[tuple[str, Garment, int | None, Sample]]:
    for garment, drawn in garments:
        if not frames or garment.frames is None:
            yield str(garment.source), garment, None, drawn
            continue
        for frame in range(garment.frame_count):
            yield f"{garment.source}@{frame}", garment, frame, drawn


def _command(members: Sequence[Member], method: "Method", out: Path, request: Request) -> str:
    """Digits that tell what is written, and from what, from anything else."""
    told = [_FORMAT, out.suffix.lower(), method.id.spec, method.id.fingerprint, method.device, repr(request)]
    digest = hashlib.sha256(json.dumps(told).encode())
    for member in members:
        digest.update(json.dumps([str(member.entry.path), *_version(member)]).encode())
    return digest.hexdigest()


def _version(member: Member) -> tuple[int, int]:
    """Size and time of the last change of the file that a garment is in."""
    file = member.file or Path(str(member.entry.path).partition("#")[0])
    try:
        status = file.stat()
    except OSError:
        return 0, 0  # reading it will say why
    return status.st_size, status.st_mtime_ns


class _Journal:
    """What is found so far, in a file: a line that says which command found it, and then one for each step.

    Args:
        path: its file, which need not be there yet.
        command: what `_command` gives; what another one left is removed.

    Attributes:
        path: its file.
        is_stale: whether there was one of another command.
        steps: how many are in it.
        pieces: how many garments' text is in it.
        reasons: why garments were skipped.

    Raises:
        KeygridError: the file can't be written.
    """

    def __init__(self, path: Path, command: str) -> None:
        self.path = path
        self.steps, self.pieces = 0, 0
        self.reasons: list[str] = []
        head = json.dumps({"keygrid": command}).encode() + b"\n"
        self._begin = end = len(head)
        with self._writing():
            path.touch()
            with path.open("rb") as file:
                found = file.readline()
        self.is_stale = found not in (head, b"")
        if found == head:
            for length, pieces, reasons in self._lines():
                end += length
                self._count(pieces, reasons)
        # Not buffered, so that closing the file has nothing left to write that could fail.
        with self._writing():
            self._file = path.open("r+b", buffering=0)
        self._file.truncate(end if found == head else 0)  # behind the end may be the beginning of a line
        self._file.seek(0, SEEK_END)
        if found != head:
            self._write(head)

    def close(self) -> None:
        self._file.close()

    def add(self, pieces: list[str], reasons: list[str]) -> None:
        """Add what a step gave; from then on it is in the file, whatever becomes of this process.

        Raises:
            KeygridError: it can't be written.
        """
        self._write(json.dumps([self.steps, pieces, reasons]).encode() + b"\n")
        self._count(pieces, reasons)

    def _write(self, line: bytes) -> None:
        with self._writing():
            if self._file.write(line) != len(line):
                raise OSError(ENOSPC, strerror(ENOSPC))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise KeygridError(f"The folder {self.path.parent} does not exist; make it first.") from error
        except OSError as error:
            raise KeygridError(f"{self.path} can't be written: {error.strerror}.") from error

    def all_pieces(self) -> Iterator[str]:
        """The text of all garments, in order.

        Raises:
            KeygridError: others have written into the file.
        """
        steps = 0
        for _, pieces, _ in self._lines():
            yield from pieces
            steps += 1
        if steps != self.steps:
            raise KeygridError(f"Two commands wrote {self.path.name} at the same time; give one of them again.")

    def _count(self, pieces: list[str], reasons: list[str]) -> None:
        self.steps += 1
        self.pieces += len(pieces)
        self.reasons += reasons

    def _lines(self) -> Iterator[tuple[int, list[str], list[str]]]:
        """Length, texts and reasons of each whole line."""
        with self.path.open("rb") as file:
            file.seek(self._begin)
            for number, line in enumerate(file):
                try:
                    written, pieces, reasons = json.loads(line)
                except ValueError:
                    return
                if written != number or not line.endswith(b"\n"):
                    return
                yield len(line), pieces, reasons


@contextmanager
def show_progress(total: int, console: "Console | None" = None) -> Iterator[Callable[[int], None]]:
    """A function to report to how many garments are done: a bar on a terminal, a line every ten seconds elsewhere.

    Nothing is shown of fewer than `MANY`.
    """
    if total < MANY:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = console or Console(stderr=True, highlight=False, soft_wrap=True)
    pace = _Pace(total)
    if console.is_terminal:
        with Progress(BarColumn(), TextColumn("{task.description}"), console=console) as bar:
            task = bar.add_task("", total=total)
            yield lambda done: bar.update(task, completed=done, description=pace.at(done))
        return
    said = time.monotonic()

    def report(done: int) -> None:
        nonlocal said
        text = pace.at(done)
        if time.monotonic() - said >= 10:
            console.print(text)
            said = time.monotonic()

    yield report


class _Pace:
    """Count, rate and time left, by what was done since the first call."""

    def __init__(self, total: int) -> None:
        self._total, self._first, self._began = total, -1, 0.0

    def at(self, done: int) -> str:
        if self._first < 0:
            self._first, self._began = done, time.monotonic()
        count = f"{done:,} of {self._total:,} garments"
        if done == self._first:
            return count
        rate = (done - self._first) / max(time.monotonic() - self._began, 1e-9)
        minutes, seconds = divmod(round((self._total - done) / rate), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{count}, {rate:.3g} a second, {hours:d}:{minutes:02d}:{seconds:02d} left"

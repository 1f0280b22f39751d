"""The option `--stream` of `predict`: a line of JSON for each cloud as it arrives."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from keygrid.cli.common import say
from keygrid.errors import KeygridError

if TYPE_CHECKING:
    from keygrid.clouds.watching import Frame
    from keygrid.methods.stream import Wanted


def stream_to(paths: list[Path], wanted: "Wanted", out: Path | None, *, follow: bool) -> None:
    """Write a line for each cloud to a file or standard output; if a folder is followed, until interrupted.

    Raises:
        KeygridError: several paths are to be followed, the path can't be followed, or the file can't be written.
    """
    from keygrid.clouds.watching import FolderWatch
    from keygrid.methods.stream import frames_of, stream, warm_up

    with ExitStack() as stack:
        try:
            file = None if out is None else stack.enter_context(out.open("a", encoding="utf-8"))
        except OSError as error:
            raise KeygridError(f"{out} can't be written: {error.strerror}.") from error

        def write(line: str) -> None:
            print(line, file=file, flush=True)

        if not follow:
            stream(_there(paths), wanted, write, say)
            return
        if len(paths) != 1:
            raise KeygridError(f"--follow takes one folder; you gave {len(paths)} paths.")
        watch = FolderWatch(paths[0])
        warm_up(wanted)
        try:
            stream(frames_of(watch, go_on=True), wanted, write, say, watch.put_back)
        except KeyboardInterrupt:
            return  # this is how it ends


def _there(paths: list[Path]) -> "Iterator[Frame]":
    """Yield all files, and the clouds in folders in the order in which they were written."""
    from keygrid.clouds.watching import FolderWatch, Frame
    from keygrid.methods.stream import frames_of

    for path in paths:
        if path.is_dir():
            yield from frames_of(FolderWatch(path), go_on=False)
        else:
            yield Frame(path, path.stat().st_mtime if path.exists() else 0.0)

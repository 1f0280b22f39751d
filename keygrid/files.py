"""Atomic writing of files, and fingerprints of their content."""

import errno
import hashlib
import os
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from keygrid.errors import KeygridError

_LONGEST_STEM = 60
"""Bytes of a file's name at the beginning of its temporary file's name."""
_ABANDONED = 60.0
"""Seconds without a change after which the temporary file of an ended process is removed."""


@contextmanager
def atomic(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Provide a temporary path that replaces `path` on success, and is removed on failure.

    If a process was killed in such a block, the next write to the same name removes its temporary file.

    Args:
        path: the file.
        durable: flush the new file to the disk, so that a power cut leaves either it or the old one.

    Raises:
        KeygridError: the folder is missing or can't be written, the path is a folder, or writing fails.
    """
    refuse_unwritable(path)
    owner = _owner(path)
    with _written(path):
        if durable:
            _remove_abandoned(path)
        # The ending is kept, because writers choose a format by it.
        with NamedTemporaryFile(
            dir=path.parent, prefix=f"{owner}{os.getpid()}-", suffix=path.suffix, delete=False
        ) as made:
            temporary = Path(made.name)
    try:
        with _written(path):
            yield temporary
            temporary.chmod(0o644)
            if durable:
                _flush(temporary)
            temporary.replace(path)
            if durable and os.name == "posix":
                with suppress(OSError):  # not every disk can
                    _flush(path.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def refuse_unwritable(path: Path) -> None:
    """Refuse an output that can't be written, before the work for it begins.

    Raises:
        KeygridError: the path is a folder, or its own folder is missing or can't be written.
    """
    with _written(path):
        if path.is_dir():
            raise KeygridError(f"{path} is a folder; name a file in it.")
        if not path.parent.is_dir():
            raise KeygridError(f"The folder {path.parent} does not exist; create it first.")
        if not os.access(path.parent, os.W_OK):
            raise KeygridError(f"You may not write into {path.parent}; choose another folder.")


def make_folder(path: Path) -> None:
    """Make a folder and its missing parents.

    Raises:
        KeygridError: the folder can't be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KeygridError(f"The folder {path} can't be made: {error.strerror}.") from error


def not_written(path: Path, error: OSError) -> KeygridError:
    """Return the message for a file that can't be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return KeygridError(f"{path} can't be written, because the disk is full; free some space and try again.")
    if error.errno == errno.ENAMETOOLONG:
        return KeygridError(f"The name {path.name[:40]}... is too long for a file; choose a shorter one.")
    return KeygridError(f"{path} can't be written: {error.strerror or error}.")


def content_up_to(path: Path, most: int) -> bytes | None:
    """Return a file's content; None if the path is not a file, or the file is larger than `most` bytes.

    Raises:
        KeygridError: the file can't be read.
    """
    try:
        return path.read_bytes() if path.is_file() and path.stat().st_size <= most else None
    except OSError as error:
        raise KeygridError(f"{path} can't be read: {error.strerror}.") from error


def fingerprint(path: Path) -> str:
    """Return twelve hexadecimal digits that identify a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


@contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise not_written(path, error) from error


def _flush(path: Path) -> None:
    """Flush a file's content, or a folder's entries, to the disk."""
    file = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _owner(path: Path) -> str:
    """Return the beginning of the names of this machine's temporary files for `path`."""
    stem = os.fsencode(path.stem)[:_LONGEST_STEM].decode("utf-8", "replace")
    return f".{stem}-{zlib.crc32(socket.gethostname().encode()):08x}-"


def _remove_abandoned(path: Path) -> None:
    """Remove temporary files of ended processes."""
    import psutil

    owner = _owner(path)
    with os.scandir(path.parent) as entries:
        names = [entry.name for entry in entries if entry.name.startswith(owner) and entry.name.endswith(path.suffix)]
    for name in names:
        number = name.removeprefix(owner).partition("-")[0]
        with suppress(OSError, ValueError, OverflowError):  # of a file that is none of ours, or gone
            old = time.time() - (path.parent / name).stat().st_mtime > _ABANDONED
            if old and not psutil.pid_exists(int(number)):
                (path.parent / name).unlink()

"""Sampled clouds on disk, so that a garment need not be read again to draw the same cloud.

An entry is one file: a digest, then the points. If anything is wrong with it, from a lost byte to another entry's
content, the digest does not match and the cloud is drawn again. No entry is required, so a folder that is not writable
or a full disk only costs time.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keygrid.errors import KeygridError
from keygrid.files import atomic

VARIABLE = "KEYGRID_CACHE"
"""The environment variable that sets another folder for clouds."""

LIMIT = 2 * 2**30
"""Maximum size of a folder, in bytes."""

_VERSION = 2
"""Version of the cache; raise it with any change to reading a file or drawing points by a seed."""
_SHELVES = 256
_DIGEST = 32  # bytes


def cache_folder() -> Path:
    """Return the folder for clouds: the one in the environment variable, otherwise the platform's cache folder."""
    from platformdirs import user_cache_path

    named = os.environ.get(VARIABLE)
    return Path(named) if named else user_cache_path("keygrid-desktop", appauthor=False) / "clouds"


def content_digest(path: Path) -> str:
    """Return a short digest of a file's bytes and of its ending, which decides how it is read.

    Raises:
        OSError: the file can't be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest() + path.suffix.lower()


class CloudCache:
    """Clouds by the content of their file, their number of points and their seed.

    Any number of processes may use one folder. The clouds that were used longest ago make room for new ones.

    Args:
        folder: created when the first cloud is stored.
        limit: maximum size of the folder, in bytes.
    """

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.folder, self.limit = folder, limit

    def get(self, content: str, count: int, seed: int) -> NDArray[np.float64] | None:
        """Return the stored points (N, 3), bit for bit; None if there are none or they are damaged."""
        path = self._path(content, count, seed)
        try:
            entry = path.read_bytes()
        except OSError:
            return None
        points = entry[_DIGEST:]
        if entry[:_DIGEST] != _digest(path.name, points):
            return None
        with suppress(OSError):
            os.utime(path)  # used just now
        return np.frombuffer(points, "<f8").reshape(-1, 3).astype(np.float64, copy=False)

    def put(self, content: str, count: int, seed: int, points: NDArray[np.float64]) -> None:
        """Store points (N, 3), if the folder is writable."""
        path, data = self._path(content, count, seed), points.astype("<f8", copy=False).tobytes()
        with suppress(OSError, KeygridError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic(path, durable=False) as temporary:
                temporary.write_bytes(_digest(path.name, data) + data)
            self._make_room(path.parent)

    def _path(self, content: str, count: int, seed: int) -> Path:
        # NumPy promises the same draws from the same seed within a version only.
        key = repr((_VERSION, np.__version__, content, count, seed))
        name = hashlib.blake2b(key.encode(), digest_size=_DIGEST).hexdigest()
        return self.folder / name[:2] / f"{name}.cloud"

    def _make_room(self, shelf: Path) -> None:
        """Keep each subfolder within its share, so that no process has to list all of them."""
        files = []
        for file in shelf.iterdir():
            with suppress(FileNotFoundError):  # another process made room
                status = file.stat()
                files.append((status.st_mtime_ns, status.st_size, file))
        excess = sum(size for _, size, _ in files) - self.limit // _SHELVES
        for _, size, file in sorted(files):
            if excess <= 0:
                return
            file.unlink(missing_ok=True)
            excess -= size


def _digest(name: str, points: bytes) -> bytes:
    return hashlib.blake2b(points, digest_size=_DIGEST, key=name[:64].encode()).digest()

"""Files that are written so that a reader never sees half of one, and told apart by their content."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from keygrid.errors import KeygridError


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well, and is removed when it doesn't.

    Raises:
        KeygridError: the folder is missing or can't be written.
    """
    try:
        # The ending is kept, because writers choose a format by it.
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix, delete=False) as file:
            temporary = Path(file.name)
    except FileNotFoundError as error:
        raise KeygridError(f"The folder {path.parent} does not exist; make it first.") from error
    except OSError as error:
        raise KeygridError(f"Nothing can be written into {path.parent}: {error.strerror}.") from error
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def fingerprint(path: Path) -> str:
    """Return twelve hexadecimal digits that tell this file's content from any other's."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]

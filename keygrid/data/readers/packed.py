"""Files compressed by gzip."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from keygrid.data.readers.blocks import BLOCK
from keygrid.data.readers.limits import Budget
from keygrid.data.readers.mesh import UnreadableError

_MAGIC, _ENDING = b"\x1f\x8b", ".gz"


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Provide a file unchanged, or an unpacked copy of a gzip file, named without the ending `.gz`.

    Raises:
        UnreadableError: the file is damaged, or unpacks to more than such a file can need.
    """
    with path.open("rb") as file:
        is_packed = file.read(len(_MAGIC)) == _MAGIC
    if not is_packed:
        yield path
        return
    name = path.stem if path.suffix.lower() == _ENDING else path.name
    with TemporaryDirectory(prefix="keygrid-") as folder:
        copy, budget = Path(folder) / name, Budget(path)
        try:
            with gzip.open(path) as file, copy.open("wb") as plain:
                while block := file.read(BLOCK):
                    budget.spend(len(block))
                    plain.write(block)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise UnreadableError("is a gzip file that is damaged or cut off; copy or export it again") from error
        yield copy

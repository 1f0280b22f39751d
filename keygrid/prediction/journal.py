"""A file with an unfinished command's results so far, from which the same command continues."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from os import SEEK_END, strerror
from pathlib import Path
from typing import Any

from keygrid.errors import KeygridError
from keygrid.files import not_written


class Journal:
    """A file with one line that identifies the command, then a line per step: `[step, records, reasons]`, as JSON.

    Args:
        path: the file, which need not exist.
        command: text that differs between commands; the lines of another command are removed.

    Attributes:
        path: the file.
        is_stale: whether the file was of another command.
        steps: the number of steps in the file.
        found: the number of records in the file.
        reasons: messages on skipped garments.

    Raises:
        KeygridError: the file can't be written.
    """

    def __init__(self, path: Path, command: str) -> None:
        self.path = path
        self.steps, self.found = 0, 0
        self.reasons: list[str] = []
        head = json.dumps({"keygrid": command}).encode() + b"\n"
        self._begin = end = len(head)
        with self._writing():
            path.touch()
            with path.open("rb") as file:
                first = file.readline()
        self.is_stale = first not in (head, b"")
        if first == head:
            for length, records, reasons in self._lines():
                end += length
                self._count(records, reasons)
        # Not buffered, so that closing the file has nothing left to write that could fail.
        with self._writing():
            self._file = path.open("r+b", buffering=0)
            self._file.truncate(end if first == head else 0)  # behind the end may be the beginning of a line
        self._file.seek(0, SEEK_END)
        if first != head:
            self._write(head)

    def close(self) -> None:
        """Close the file; one without any step is removed."""
        self._file.close()
        if self.steps == 0:
            self.path.unlink(missing_ok=True)

    def add(self, records: list[dict[str, Any]], reasons: list[str]) -> None:
        """Add the results of a step; once this returns, they survive the end of this process.

        Raises:
            KeygridError: the file can't be written.
        """
        self._write(json.dumps([self.steps, records, reasons]).encode() + b"\n")
        self._count(records, reasons)

    def records(self) -> Iterator[dict[str, Any]]:
        """Read all records, in order.

        Raises:
            KeygridError: another process has written to the file.
        """
        steps = 0
        for _, records, _ in self._lines():
            yield from records
            steps += 1
        if steps != self.steps:
            raise KeygridError(f"Two commands wrote {self.path.name} at the same time; run one of them again.")

    def _write(self, line: bytes) -> None:
        with self._writing():
            if self._file.write(line) != len(line):
                raise OSError(ENOSPC, strerror(ENOSPC))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise KeygridError(f"The folder {self.path.parent} does not exist; create it first.") from error
        except OSError as error:
            raise not_written(self.path, error) from error

    def _count(self, records: list[dict[str, Any]], reasons: list[str]) -> None:
        self.steps += 1
        self.found += len(records)
        self.reasons += reasons

    def _lines(self) -> Iterator[tuple[int, list[dict[str, Any]], list[str]]]:
        """Yield length, records and reasons of each complete line."""
        with self.path.open("rb") as file:
            file.seek(self._begin)
            for number, line in enumerate(file):
                try:
                    step, records, reasons = json.loads(line)
                except ValueError:
                    return
                if step != number or not line.endswith(b"\n"):
                    return
                yield len(line), records, reasons

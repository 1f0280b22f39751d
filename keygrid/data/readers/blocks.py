"""Reading large files in blocks, so that memory holds little more than the result."""

import os
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from keygrid.data.readers.progress import advance

BLOCK = 2**21
"""Bytes to read at a time."""


def line_blocks(file: BinaryIO) -> Iterator[bytes]:
    """Yield the rest of a file in blocks of whole lines; lines joined by a backslash stay in one block.

    Line ends are converted to line feeds.
    """
    size = max(os.fstat(file.fileno()).st_size, 1)
    waiting: list[bytes] = []
    held = b""
    while block := file.read(BLOCK):
        advance(file.tell() / size)
        block = held + block
        held = b"\r" if block.endswith(b"\r") else b""  # A line feed may follow it.
        if b"\r" in block:
            block = block[: len(block) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        end = _last_line_end(block)
        if end:
            yield b"".join([*waiting, block[:end]])
            waiting = []
        waiting.append(block[end:])
    rest = b"".join([*waiting, b"\n" if held else b""])
    if rest:
        yield rest


def _last_line_end(block: bytes) -> int:
    """Return the position after the last complete line; 0 if there is none."""
    end = block.rfind(b"\n")
    # At the very beginning of a block nobody can see what the line before it ended with.
    while end > 1 and block[end - 1 : end] == b"\\":
        end = block.rfind(b"\n", 0, end)
    return end + 1 if end > 1 else 0


def rows(file: BinaryIO, layout: np.dtype[np.void], count: int) -> Iterator[NDArray[np.void]]:
    """Yield `count` rows from a file, in blocks; the file must hold them."""
    size = _size(file)
    step = max(BLOCK // max(layout.itemsize, 1), 1)
    for begin in range(0, count, step):
        advance(file.tell() / size)
        some = min(step, count - begin)
        yield np.frombuffer(file.read(some * layout.itemsize), layout, some)


def remaining(file: BinaryIO) -> int:
    """Return the number of bytes from the current position to the end of a file."""
    return _size(file) - file.tell()


def _size(file: BinaryIO) -> int:
    here = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(here)
    return size


def compact(indices: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return the numbers in half the memory, if they fit, until all blocks are joined."""
    is_small = len(indices) == 0 or (indices.min() >= -(2**31) and indices.max() < 2**31)
    return indices.astype(np.int32) if is_small else indices


def join_triangles(blocks: list[NDArray[np.integer]]) -> NDArray[np.int64]:
    """Join blocks of triangles into one array (F, 3)."""
    return np.concatenate(blocks, dtype=np.int64) if blocks else np.empty((0, 3), np.int64)

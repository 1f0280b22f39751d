"""What the window and its worker say to each other: pickled messages with their length before them."""

import pickle
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

LENGTH = struct.Struct(">Q")


@dataclass(frozen=True)
class OpenPath:
    """Answered by a `keygrid.data.garment.Garment` or an `app.state.shelf.OpenCollection`; see `keygrid.data`."""

    path: Path


@dataclass(frozen=True)
class ReadCheckpoint:
    """Answered by an `app.state.document.OpenCheckpoint`."""

    path: Path


@dataclass(frozen=True)
class Predict:
    """Answered by a `keygrid.prediction.Prediction`; of a frame, if the garment moves."""

    garment: Path
    checkpoint: Path
    keypoints: Literal["soft", "peak"]
    frame: int | None = None


@dataclass(frozen=True)
class ListShipped:
    """Answered by a tuple of `keygrid.data.collection.Entry`: the garments in this folder, if it is there."""

    folder: Path


@dataclass(frozen=True)
class ListCheckpoints:
    """Answered by a tuple of `app.state.document.OpenCheckpoint`: those of this folder, by their headers alone."""

    folder: Path


@dataclass(frozen=True)
class DrawThumbnail:
    """Answered by `picture`, a PNG of so many pixels a side that shows the garment of `garment`."""

    garment: Path
    picture: Path
    side: int


@dataclass(frozen=True, eq=False)
class Measure:
    """Answered by an `app.state.document.Distance` between two positions, (3,) in file units."""

    garment: Path
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    frame: int


@dataclass(frozen=True, eq=False)
class Judge:
    """Answered by the `keygrid.evaluation.metrics.Measures` of keypoints (T, K, 3), file units, in all frames."""

    garment: Path
    keypoints: NDArray[np.float64]


@dataclass(frozen=True)
class Configure:
    """Answered by nothing: from now on keypoints are predicted there, by so many threads; 0 leaves it to PyTorch."""

    device: Literal["automatic", "cpu", "cuda"]
    threads: int


@dataclass(frozen=True)
class DescribeEngine:
    """Answered by a sentence that says which libraries compute."""


Work = (
    OpenPath
    | ReadCheckpoint
    | Predict
    | Measure
    | Judge
    | ListShipped
    | ListCheckpoints
    | DrawThumbnail
    | Configure
    | DescribeEngine
)


@dataclass(frozen=True)
class Request:
    """Something to do; `number` is unique and grows."""

    number: int
    work: Work


@dataclass(frozen=True)
class Cancel:
    """No answer to request `number` is wanted any more."""

    number: int


@dataclass(frozen=True)
class Stage:
    """Request `number` has come to this stage of its work."""

    number: int
    text: str


@dataclass(frozen=True)
class Answer:
    """Request `number` is done."""

    number: int
    result: Any


@dataclass(frozen=True)
class Failure:
    """Request `number` failed; `message` is one sentence for the user."""

    number: int
    message: str


@dataclass(frozen=True)
class Cancelled:
    """Request `number` was given up."""

    number: int


def pack(message: object) -> bytes:
    """A message as bytes to write."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


class Unpacker:
    """Turns bytes as they arrive into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Any]:
        """Take in more bytes; returns the messages that are whole now."""
        self._buffer += data
        messages = []
        while len(self._buffer) >= LENGTH.size:
            end = LENGTH.size + LENGTH.unpack_from(self._buffer)[0]
            if len(self._buffer) < end:
                break
            messages.append(pickle.loads(self._buffer[LENGTH.size : end]))
            del self._buffer[:end]
        return messages

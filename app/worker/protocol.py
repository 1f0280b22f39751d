"""Messages between the window and its worker: pickled, with their length before them."""

import pickle
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.state.document import Distance, OpenMethod
from app.state.evaluation import Cell, Level, Options
from app.state.preferences import Device
from app.state.preparation import PreparedCloud
from app.state.shelf import OpenCollection
from keygrid.clouds import Recipe
from keygrid.clouds.watching import Frame
from keygrid.data.collection import Entry
from keygrid.data.garment import Garment, Landmarks
from keygrid.evaluation.metrics import Measures
from keygrid.prediction import MethodId, Prediction

LENGTH = struct.Struct(">Q")


Result_co = TypeVar("Result_co", covariant=True)


class Work(Generic[Result_co]):
    """Something that the window can ask its worker for; the type argument is that of the answer."""


@dataclass(frozen=True)
class OpenPath(Work[Garment | OpenCollection]):
    """Read whatever is at a path; see `keygrid.data`."""

    path: Path


@dataclass(frozen=True)
class ReadMethod(Work[OpenMethod]):
    """Open a method, as `keygrid.methods.open_method` does, and keep it for predictions."""

    spec: str


@dataclass(frozen=True)
class Predict(Work[Prediction]):
    """Find the keypoints of a garment; of one of its frames, if it moves; and keep them in a folder, if it is given."""

    garment: Path
    method: MethodId
    keypoints: Literal["soft", "peak"]
    frame: int | None = None
    kept_in: Path | None = None


@dataclass(frozen=True)
class Recall(Work[Prediction | None]):
    """Look up the keypoints that an earlier `Predict` kept; None if there are none of this content."""

    wanted: Predict


@dataclass(frozen=True)
class ListShipped(Work[tuple[Entry, ...]]):
    """List the garments of a folder that comes with the application; none if it is not there."""

    folder: Path


@dataclass(frozen=True)
class ListMethods(Work[tuple[OpenMethod, ...]]):
    """List the checkpoints of a folder, by their headers alone, and the methods without a file."""

    folder: Path


@dataclass(frozen=True)
class DrawThumbnail(Work[Path]):
    """Draw a garment into `picture`, a PNG of `side` pixels a side; the answer is its path."""

    garment: Path
    picture: Path
    side: int


@dataclass(frozen=True, eq=False)
class Measure(Work[Distance]):
    """Measure the distance between two positions on a frame of a garment, (3,) in file units."""

    garment: Path
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    frame: int


@dataclass(frozen=True, eq=False)
class Judge(Work[Measures]):
    """Score keypoints (T, K, 3), file units, in all frames of a garment, which has these landmarks."""

    garment: Path
    keypoints: NDArray[np.float64]
    landmarks: Landmarks | None


@dataclass(frozen=True, eq=False)
class Mirror(Work[Landmarks]):
    """Find the places on the other side of a garment that landmarks on it have there."""

    garment: Path
    landmarks: Landmarks


@dataclass(frozen=True, eq=False)
class CarryOver(Work[Landmarks]):
    """Find landmarks of some garments on another one by a method's places."""

    known: tuple[tuple[Path, Landmarks], ...]
    target: Path
    method: MethodId


@dataclass(frozen=True)
class Prepare(Work[PreparedCloud]):
    """Prepare a cloud by a recipe, and write it to `out`, a PLY, which is what the answer was read from."""

    garment: Path
    recipe: Recipe
    out: Path


@dataclass(frozen=True, eq=False)
class FollowedFrame:
    """A cloud of a folder that is followed, with the folder as its source; its keypoints, if a method was chosen."""

    garment: Garment
    prediction: Prediction | None


@dataclass(frozen=True)
class ReadFrame(Work[FollowedFrame | None]):
    """Read a cloud of a folder, prepare it and find its keypoints; the answer is None if it is half-written."""

    frame: Frame
    recipe: Recipe
    method: MethodId | None
    keypoints: Literal["soft", "peak"]


@dataclass(frozen=True)
class Configure(Work[None]):
    """Predict keypoints on this device from now on, by this number of threads; 0 leaves the number to PyTorch."""

    device: Device
    threads: int


@dataclass(frozen=True)
class DescribeEngine(Work[str]):
    """Say in a sentence which libraries compute."""


@dataclass(frozen=True)
class Progress:
    """An evaluation has looked at so many of all frames."""

    done: int
    total: int


@dataclass(frozen=True, eq=False)
class Evaluate(Work[None]):
    """Judge methods on garments; parts of the answer are `Progress`, cells, and lists of levels, as they come.

    The garments come with the landmarks that were placed on them; None leaves those that are beside them.
    """

    methods: tuple[MethodId, ...]
    garments: tuple[tuple[Path, Landmarks | None], ...]
    options: Options


@dataclass(frozen=True, eq=False)
class WriteEvaluation(Work[Path]):
    """Write a report of an evaluation; the answer is its path."""

    path: Path
    methods: tuple[MethodId, ...]
    garments: tuple[Path, ...]
    options: Options
    cells: tuple[Cell, ...]
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Request:
    """Something to do; `number` is unique and grows."""

    number: int
    work: Work[Any]


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
class Part:
    """A part of the answer to request `number`, before all of it is there."""

    number: int
    value: Any


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
    """Return a message as bytes to write."""
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

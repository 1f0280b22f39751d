"""Messages between the window and its worker: pickled objects, each preceded by its length."""

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
    """A request to the worker; the type argument is the type of its answer."""


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
    """Find the keypoints of a garment, or of one of its frames if it moves; store them if a folder is given."""

    garment: Path
    method: MethodId
    keypoints: Literal["soft", "peak"]
    frame: int | None = None
    kept_in: Path | None = None


@dataclass(frozen=True)
class Recall(Work[Prediction | None]):
    """Look up keypoints that an earlier `Predict` stored; None if there are none for this content."""

    wanted: Predict


@dataclass(frozen=True)
class ListShipped(Work[tuple[Entry, ...]]):
    """List the garments of a shipped folder; none if it is missing."""

    folder: Path


@dataclass(frozen=True)
class ListMethods(Work[tuple[OpenMethod, ...]]):
    """List the checkpoints of a folder, reading only their headers, and the methods without a file."""

    folder: Path


@dataclass(frozen=True)
class DrawThumbnail(Work[Path]):
    """Draw a garment into `picture`, a square PNG with sides of `side` pixels; the answer is its path."""

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
    """Score keypoints (T, K, 3), file units, in all frames of a garment with these landmarks."""

    garment: Path
    keypoints: NDArray[np.float64]
    landmarks: Landmarks | None


@dataclass(frozen=True, eq=False)
class Mirror(Work[Landmarks]):
    """Find the mirror images of a garment's landmarks on its other side."""

    garment: Path
    landmarks: Landmarks


@dataclass(frozen=True, eq=False)
class CarryOver(Work[Landmarks]):
    """Carry landmarks of some garments over to another one, using a method's places."""

    known: tuple[tuple[Path, Landmarks], ...]
    target: Path
    method: MethodId


@dataclass(frozen=True)
class Prepare(Work[PreparedCloud]):
    """Prepare a cloud with a recipe, and write it to `out`, a PLY; the answer is read from that file."""

    garment: Path
    recipe: Recipe
    out: Path


@dataclass(frozen=True, eq=False)
class FollowedFrame:
    """A cloud of a followed folder, which is its source; with its keypoints, if a method was chosen."""

    garment: Garment
    prediction: Prediction | None


@dataclass(frozen=True)
class ReadFrame(Work[FollowedFrame | None]):
    """Read, prepare and predict a cloud of a folder; the answer is None if the file is incomplete."""

    frame: Frame
    recipe: Recipe
    method: MethodId | None
    keypoints: Literal["soft", "peak"]


@dataclass(frozen=True)
class Configure(Work[None]):
    """Set the device and number of threads for predictions; 0 leaves the number to PyTorch."""

    device: Device
    threads: int


@dataclass(frozen=True)
class DescribeEngine(Work[str]):
    """Describe in a sentence the libraries that compute."""


@dataclass(frozen=True)
class Progress:
    """Progress of an evaluation, in frames."""

    done: int
    total: int


@dataclass(frozen=True, eq=False)
class Evaluate(Work[None]):
    """Score methods on garments; parts of the answer are `Progress`, cells, and lists of levels.

    Garments come with the landmarks that were placed on them; None uses those in the files beside them.
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
    """A request; `number` is unique and increasing."""

    number: int
    work: Work[Any]


@dataclass(frozen=True)
class Cancel:
    """Request `number` is cancelled."""

    number: int


@dataclass(frozen=True)
class Stage:
    """Request `number` has reached this stage."""

    number: int
    text: str


@dataclass(frozen=True)
class Part:
    """A part of the answer to request `number`, sent before the whole answer."""

    number: int
    value: Any


@dataclass(frozen=True)
class Answer:
    """The answer to request `number`."""

    number: int
    result: Any


@dataclass(frozen=True)
class Failure:
    """Request `number` failed; `message` is a sentence for the user."""

    number: int
    message: str


@dataclass(frozen=True)
class Cancelled:
    """Request `number` was cancelled."""

    number: int


def pack(message: object) -> bytes:
    """Return a message as bytes."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


class Unpacker:
    """Turns bytes as they arrive into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Any]:
        """Accept more bytes; return the messages that are now complete."""
        self._buffer += data
        messages = []
        while len(self._buffer) >= LENGTH.size:
            end = LENGTH.size + LENGTH.unpack_from(self._buffer)[0]
            if len(self._buffer) < end:
                break
            messages.append(pickle.loads(self._buffer[LENGTH.size : end]))
            del self._buffer[:end]
        return messages

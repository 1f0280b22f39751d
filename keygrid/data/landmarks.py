"""Landmarks placed by users, stored beside the garment: those of `shirt.obj` are in `shirt.landmarks.json`.

    {"format": "keygrid-landmarks 1",
     "garment": {"name": "shirt", "vertices": 1210, "triangles": 2300, "content": "c0ffee..."},
     "landmarks": [{"name": "left cuff", "triangle": 17, "barycentric": [0.2, 0.3, 0.5], "frame": null}, ...]}

On a surface, a landmark is a point of a triangle; on a cloud, it is a `point`. `content` identifies these triangles or
points. If `frame` is a number, the landmark is known in that frame only. These landmarks replace those in a garment's
own file.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keygrid.data.axes import in_file_axes
from keygrid.data.garment import Garment, Landmarks
from keygrid.data.names import tidied
from keygrid.errors import KeygridError
from keygrid.files import atomic, content_up_to

FORMAT = "keygrid-landmarks 1"
SUFFIX = ".landmarks.json"

MOST = 1000
"""Format and version of these files."""

LARGEST = 1 << 20
"""Maximum size of a file, in bytes."""

_UNFIT = re.compile(r"[^\w.-]+")
_MOST_INDEX = 2**40
_ROUNDING = 1e-3
"""Largest error of the sum of three weights."""


@dataclass(frozen=True, eq=False)
class LandmarkFile:
    """A file of landmarks, which may belong to any garment.

    Attributes:
        path: path of the file.
        vertices: number of the garment's vertices.
        triangles: number of its triangles; 0 for a cloud.
        content: digest of its triangles or points, from `content_of`.
        landmarks: the landmarks.
    """

    path: Path
    vertices: int
    triangles: int
    content: str
    landmarks: Landmarks

    def is_of(self, garment: Garment) -> bool:
        """Return whether the landmarks belong to a garment: it must have the same triangles or, if a cloud, points."""
        return (self.vertices, self.triangles, self.content) == (
            len(garment.vertices), len(garment.faces), content_of(garment),
        )  # fmt: skip


def landmarks_path(source: Path) -> Path:
    """Return the path for a garment's landmarks, in the folder of its source: a file, a folder or `FILE#ITEM`."""
    file, mark, item = source.name.rpartition("#")
    if mark and file and not source.exists():
        return source.with_name(f"{Path(file).stem}#{_UNFIT.sub('_', item)}{SUFFIX}")
    return source.with_name((source.name if source.is_dir() else source.stem) + SUFFIX)


def content_of(garment: Garment) -> str:
    """Return twelve hexadecimal digits that identify a garment's triangles, or a cloud's points."""
    points = in_file_axes(garment.vertices, garment.up) + 0.0  # without negative zeros
    content = points.astype("<f4").tobytes() if garment.is_cloud else garment.faces.astype("<i8").tobytes()
    return hashlib.sha256(content).hexdigest()[:12]


def write_landmarks(landmarks: Landmarks, garment: Garment, path: Path) -> None:
    """Write a garment's landmarks.

    Raises:
        KeygridError: the folder can't be written, or another garment's landmarks or a damaged file exist there.
    """
    if path.exists():
        _refuse_to_replace(path, garment)
    text = json.dumps(values_of(landmarks, garment), ensure_ascii=False, indent=1)
    with atomic(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8", errors="replace")


def values_of(landmarks: Landmarks, garment: Garment) -> dict[str, Any]:
    """Return a garment's landmarks as JSON values."""
    rows: list[dict[str, Any]] = []
    for name, face, weights, frame in zip(
        landmarks.names, landmarks.faces.tolist(), landmarks.barycentric.tolist(), frames_of(landmarks), strict=True
    ):
        place = {"point": face} if garment.is_cloud else {"triangle": face, "barycentric": weights}
        rows.append({"name": name, **place, "frame": frame})
    known = {
        "name": garment.name, "vertices": len(garment.vertices), "triangles": len(garment.faces),
        "content": content_of(garment),
    }  # fmt: skip
    return {"format": FORMAT, "garment": known, "landmarks": rows}


def remove_landmarks(path: Path, garment: Garment) -> None:
    """Remove the file of a garment's landmarks, if it exists.

    Raises:
        KeygridError: the file belongs to another garment, or can't be removed.
    """
    if path.exists():
        _refuse_to_replace(path, garment)
        try:
            path.unlink()
        except OSError as error:
            raise KeygridError(f"The landmarks in {path} can't be removed: {error.strerror}.") from error


def read_landmarks(path: Path) -> LandmarkFile:
    """Read landmarks of any garment.

    Raises:
        KeygridError: the file can't be read, is damaged, or has another version.
    """
    content = content_up_to(path, LARGEST)
    try:
        values = None if content is None else json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "it is not JSON") from error
    if content is None:
        raise KeygridError(f"{path.name} holds no landmarks: it is not a file, or is larger than {LARGEST >> 20} MB.")
    return file_of(values, path)


def file_of(values: Any, path: Path) -> LandmarkFile:
    """Return landmarks from JSON values.

    Args:
        values: values as returned by `values_of`.
        path: path of their file, for error messages.

    Raises:
        KeygridError: the values are damaged, or have another version.
    """
    known: dict[str, Any] = values if isinstance(values, dict) else {}
    kind = known.get("format")
    if not isinstance(kind, str) or not kind.startswith(FORMAT.split(maxsplit=1)[0]):
        raise KeygridError(f"{path.name} holds no landmarks; choose a file that ends in {SUFFIX}.")
    if kind != FORMAT:
        raise KeygridError(
            f"{path.name} has version {kind}, but this program reads version {FORMAT}; update the program."
        )
    rows: Any = known.get("landmarks")
    garment: dict[str, Any] = known["garment"] if isinstance(known.get("garment"), dict) else {}
    counts: list[Any] = [garment.get(key) for key in ("vertices", "triangles")]
    if not all(_is_index(count, _MOST_INDEX) for count in counts) or not isinstance(rows, list):
        raise _damaged(path, "it does not name their garment")
    if len(rows) > MOST:
        raise _damaged(path, f"it has {len(rows)} landmarks; the most is {MOST}")
    return LandmarkFile(path, counts[0], counts[1], str(garment.get("content", "")), _parsed(rows, counts, path))


def with_frames(landmarks: Landmarks, garment: Garment) -> Landmarks:
    """Return the landmarks without those in frames that the garment does not have."""
    return landmarks.chosen(np.array([f is None or f < garment.frame_count for f in frames_of(landmarks)], bool))


def beside(garment: Garment) -> Landmarks | None:
    """Return the landmarks placed on a garment, from the file beside it; None if there is none.

    Raises:
        KeygridError: the file is damaged, or belongs to a garment with other triangles.
    """
    path = landmarks_path(garment.source) if garment.source is not None else None
    if path is None or not path.exists():
        return None
    found = read_landmarks(path)
    if not found.is_of(garment):
        raise _of_another(path, garment)
    return with_frames(found.landmarks, garment)


def with_landmarks(
    garments: Iterable[Garment], files: Sequence[LandmarkFile], warn: Callable[[str], None] = lambda _: None
) -> list[Garment]:
    """Return garments with the landmarks placed on them instead of those in their own files.

    Landmarks that follow the material apply to all garments with the same triangles, which are motions of one garment;
    those of one frame apply only to the garment beside which they are stored.

    Args:
        garments: any garments.
        files: files of landmarks that take precedence over those beside the garments.
        warn: receives a message for each damaged file beside a garment, which is ignored.

    Raises:
        KeygridError: one of the files belongs to none of the garments.
    """
    kept = list(garments)
    own: dict[Garment, Landmarks] = {}
    shared: dict[bytes, Landmarks] = {}
    for garment in kept:
        try:
            found = beside(garment)
        except KeygridError as error:
            warn(str(error))
            continue
        if found is not None:
            own[garment] = found
            shared.setdefault(garment.faces.tobytes(), found)
    for file in files:
        owners = [garment for garment in kept if file.is_of(garment)]
        if not owners:
            raise KeygridError(
                f"The landmarks in {file.path.name} belong to none of these garments; add their garment."
            )
        for garment in owners:
            own[garment] = with_frames(file.landmarks, garment)
    return [replace(garment, landmarks=_held(garment, own, shared)) for garment in kept]


def joined(motions: Sequence[Garment]) -> Landmarks | None:
    """Return the landmarks of several motions of one garment as those of the joined motions."""
    first = next((motion.landmarks for motion in motions if motion.landmarks is not None), None)
    if first is None:
        return None
    parts, begin = [first.chosen(np.array([frame is None for frame in frames_of(first)], bool))], 0
    for motion in motions:
        marks = motion.landmarks
        if marks is not None and marks.frames:
            single = marks.chosen(np.array([frame is not None for frame in marks.frames], bool))
            parts.append(replace(single, frames=tuple(begin + frame for frame in single.frames if frame is not None)))
        begin += motion.frame_count
    return together(parts)


def together(parts: Sequence[Landmarks]) -> Landmarks:
    """Return several lists of landmarks, at least one, as one list."""
    frames = [frame for part in parts for frame in frames_of(part)]
    return Landmarks(
        np.concatenate([part.faces for part in parts]),
        np.concatenate([part.barycentric for part in parts]),
        tuple(name for part in parts for name in part.names),
        tuple(frames) if any(frame is not None for frame in frames) else (),
    )


def frames_of(landmarks: Landmarks) -> tuple[int | None, ...]:
    """Return the only frame in which each landmark is known; None for landmarks known in all frames."""
    return landmarks.frames or (None,) * len(landmarks.names)


def _held(garment: Garment, own: dict[Garment, Landmarks], shared: dict[bytes, Landmarks]) -> Landmarks | None:
    if garment in own:
        return own[garment]
    found = None if garment.is_cloud else shared.get(garment.faces.tobytes())
    lasting = None if found is None else found.chosen(np.array([frame is None for frame in frames_of(found)], bool))
    return lasting if lasting is not None and lasting.names else garment.landmarks


def _parsed(rows: list[Any], counts: list[Any], path: Path) -> Landmarks:
    names, faces, weights, frames = [], [], [], []
    taken: set[tuple[str, int | None]] = set()
    for row in rows:
        name = tidied(row["name"]) if isinstance(row, dict) and isinstance(row.get("name"), str) else ""
        frame = row.get("frame") if isinstance(row, dict) else None
        if not name or not (frame is None or _is_index(frame, _MOST_INDEX)):
            raise _damaged(path, "one of them has no name, or its frame is not a number")
        if (name, frame) in taken or (name, None) in taken or (frame is None and name in names):
            raise _damaged(path, f"two landmarks are called {name!r}")
        place, share = (row.get("triangle"), row.get("barycentric")) if counts[1] else (row.get("point"), [1, 0, 0])
        if not _is_index(place, counts[1] or counts[0]) or not _are_weights(share):
            raise _damaged(path, f"{name!r} is not on the garment")
        taken.add((name, frame))
        names.append(name)
        faces.append(place)
        weights.append(share)
        frames.append(frame)
    return Landmarks(
        np.array(faces, np.int64),
        np.array(weights, np.float64).reshape(-1, 3),
        tuple(names),
        tuple(frames) if any(frame is not None for frame in frames) else (),
    )


def _is_index(value: Any, count: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count


def _are_weights(values: Any) -> bool:
    if not isinstance(values, list) or len(values) != 3:
        return False
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return numbers and all(-_ROUNDING <= value <= 1 + _ROUNDING for value in values) and _sums_to_one(values)


def _sums_to_one(values: Sequence[float] | NDArray[np.float64]) -> bool:
    return abs(float(sum(values)) - 1) <= _ROUNDING


def _refuse_to_replace(path: Path, garment: Garment) -> None:
    if not read_landmarks(path).is_of(garment):
        raise _of_another(path, garment)


def _of_another(path: Path, garment: Garment) -> KeygridError:
    return KeygridError(
        f"The landmarks in {path.name} belong to a garment whose triangles or points differ from those of "
        f"{garment.name}; move or rename the file."
    )


def _damaged(path: Path, why: str) -> KeygridError:
    return KeygridError(f"The landmarks in {path.name} are damaged: {why}; repair the file, or move it away.")

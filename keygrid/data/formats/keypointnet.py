"""KeypointNet: clouds, and keypoints that annotators agreed on.

    annotations/<category>.json         a list of {class_id, model_id, keypoints, symmetries}; all.json joins them
    pcds/<class_id>/<model_id>.pcd      2048 points with colours
    splits/{train,val,test}.txt         lines `class_id-model_id`; may be missing

A keypoint is {xyz, rgb, semantic_id, pcd_info.point_index, mesh_info}. It becomes a landmark named after its semantic
id, at the point of that index.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keygrid.data.collection import Collection, Entry, Listing
from keygrid.data.formats.frames import labelled_points
from keygrid.data.formats.items import POINTS, SPLITS, Item, category_name, clouds, shapes
from keygrid.data.formats.listing import contents, lines
from keygrid.data.garment import Garment, Landmarks
from keygrid.data.readers import read_garment, reading
from keygrid.data.readers.mesh import UnreadableError
from keygrid.data.sampling import sample

ORIGIN = "KeypointNet"
CATEGORIES = {
    **{"02691156": "airplane", "02808440": "bathtub", "02818832": "bed", "02876657": "bottle", "02954340": "cap"},
    **{"02958343": "car", "03001627": "chair", "03467517": "guitar", "03513137": "helmet", "03624134": "knife"},
    **{"03642806": "laptop", "03790512": "motorcycle", "03797390": "mug", "04225987": "skateboard"},
    **{"04379243": "table", "04530566": "vessel"},
}
"""Categories by the data set's class ids, which are WordNet's."""

_Record = dict[str, Any]
_Model = tuple[str, str]  # class id, model id


def open_keypointnet(path: Path) -> Garment | Collection | None:
    """Open the data set, its part in one annotation file or one folder of clouds, or one cloud.

    Return None if `path` is none of these.

    Raises:
        KeygridError: an annotation file or a cloud is damaged.
    """
    folder = path.absolute().parent  # A path that is relative may not say what it is in.
    if path.suffix.lower() == ".pcd" and folder.parent.name == "pcds" and path.is_file():
        return read_model(path) if _annotations(_root_of(path)) else None
    is_file = path.suffix.lower() == ".json" and folder.name == "annotations" and path.is_file()
    root = folder.parent if is_file else _root(path)
    files = [path] if is_file else _annotations(root)
    if not files or not (root / "pcds").is_dir():
        return None
    splits_of = _splits(root / "splits")
    splits = {model: split for split, models in splits_of.items() for model in models}
    annotated = {model: _category(model, file) for file in files for model in _records(file)}
    there = {(kind, name) for kind in contents(root / "pcds").folders for name in contents(root / "pcds" / kind).files}
    entries = [
        Entry(model, root / "pcds" / kind / f"{model}.pcd", category, splits.get(f"{kind}-{model}", ""))
        for (kind, model), category in annotated.items()
        if (kind, f"{model}.pcd") in there and (folder.name != "pcds" or path.absolute().name == kind)
    ]
    missing = []
    if len(entries) < len(annotated):
        missing.append(f"{len(annotated) - len(entries)} of {len(annotated)} annotated models have no cloud in pcds.")
    repeated = sum(count > 1 for count in Counter(chain.from_iterable(splits_of.values())).values())
    if repeated:
        missing.append(
            f"Models in more than one split: {repeated}; each belongs to the last of train, val and test that lists it."
        )
    if not splits:
        missing.append("There are no splits; to define them, add a folder splits with train.txt, val.txt and test.txt.")
    return Listing("KeypointNet", path, tuple(entries), read_model, tuple(missing))


def read_model(path: Path) -> Garment:
    """Return a cloud of the data set, with its landmarks if it is annotated.

    Raises:
        KeygridError: the cloud or its annotation is damaged.
    """
    garment = read_garment(path, labelled=True)
    found = _record(path)
    if found is None:
        return garment
    file, record = found
    with reading(file):
        landmarks = _landmarks(record, garment)
    category = _category((path.absolute().parent.name, path.stem), file)
    return replace(garment, landmarks=landmarks, category=category, origin=ORIGIN)


def read_symmetries(path: Path) -> dict[str, Any]:
    """Return the symmetries in the annotation of the cloud at `path`, unchanged; empty if there are none.

    Raises:
        KeygridError: an annotation file is damaged.
    """
    found = _record(path)
    symmetries = found[1].get("symmetries") if found else None
    return symmetries if isinstance(symmetries, dict) else {}


def write_keypointnet(garments: Iterable[Item], folder: Path) -> None:
    """Write annotations, clouds and, if any garment belongs to a split, splits.

    Every frame of a moving garment becomes a model. Clouds are written unchanged, and surfaces as 2048 points; a
    landmark is at the point nearest to it at rest. Its semantic id is its name if all names are numbers, otherwise its
    index in the order in which names occur in a category.

    Raises:
        KeygridError: a surface has no area.
    """
    annotated: dict[str, list[_Record]] = {}
    semantic: dict[str, dict[str, int]] = {}
    splits: dict[str, list[str]] = {name: [] for name in SPLITS.values()}
    for name, split, garment in garments:
        category = category_name(garment)
        kind = next((number for number, known in CATEGORIES.items() if known == category), category)
        points, labelled = _points_and_labels(garment)
        ids = _semantic_ids(garment, semantic.setdefault(category, {}))
        (folder / "pcds" / kind).mkdir(parents=True, exist_ok=True)
        for frame, cloud in enumerate(points):
            model = f"{name}_{frame:04d}" if garment.frame_count else name
            write_pcd(folder / "pcds" / kind / f"{model}.pcd", cloud)
            keypoints = [
                {"xyz": cloud[point].tolist(), "rgb": [255] * 3, "semantic_id": i, "pcd_info": {"point_index": point}}
                for i, point in zip(ids, labelled, strict=True)
            ]
            symmetries: _Record = {"reflection": [], "rotation": []}
            record = {"class_id": kind, "model_id": model, "keypoints": keypoints, "symmetries": symmetries}
            annotated.setdefault(category, []).append(record)
            splits.get(split, []).append(f"{kind}-{model}\n")
    (folder / "annotations").mkdir()
    for category, records in annotated.items():
        (folder / "annotations" / f"{category}.json").write_text(json.dumps(records), encoding="utf-8")
    if any(splits.values()):
        (folder / "splits").mkdir()
        for name, split in SPLITS.items():
            (folder / "splits" / f"{name}.txt").write_text("".join(splits[split]), encoding="utf-8")


def write_pcd(path: Path, points: NDArray[np.floating]) -> None:
    """Write points (N, 3), coloured white, as text."""
    header = (
        "VERSION .7\nFIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F U\nCOUNT 1 1 1 1\n"
        f"WIDTH {len(points)}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {len(points)}\nDATA ascii"
    )
    np.savetxt(path, points, "%.9g %.9g %.9g 16777215", header=header, comments="")


def _points_and_labels(garment: Garment) -> tuple[NDArray[np.floating], list[int]]:
    """Return clouds (T, N, 3), and the point of each landmark."""
    landmarks = garment.landmarks
    if garment.is_cloud:
        return shapes(garment), landmarks.faces.tolist() if landmarks else []
    # At rest, because cloth that is folded has other layers nearby.
    drawn = sample(garment, POINTS).points
    places = landmarks.on(garment.vertices, garment.faces) if landmarks else np.empty((0, 3))
    return clouds(garment), [int(np.linalg.norm(drawn - place, axis=1).argmin()) for place in places]


def _semantic_ids(garment: Garment, known: dict[str, int]) -> list[int]:
    names = garment.landmarks.names if garment.landmarks else ()
    if all(name.isdecimal() for name in names):
        return [int(name) for name in names]
    return [known.setdefault(name, len(known)) for name in names]


def _root(folder: Path) -> Path:
    """Return the data set's root for a folder in it."""
    whole = folder.absolute()
    if whole.name == "pcds":
        return whole.parent
    return whole.parent.parent if whole.parent.name == "pcds" else folder


def _root_of(cloud: Path) -> Path:
    return cloud.absolute().parent.parent.parent


def _annotations(root: Path) -> list[Path]:
    """Return the annotation files of the categories, or all.json if there are no others."""
    folder = root / "annotations"
    if not folder.is_dir():
        return []
    names = [name for name in contents(folder).files if name.lower().endswith(".json")]
    return [folder / name for name in names if name != "all.json" or len(names) == 1]


def _record(cloud: Path) -> tuple[Path, _Record] | None:
    """Return the annotation of a cloud, and its file."""
    model = (cloud.absolute().parent.name, cloud.stem)
    found = ((file, _records(file)[model]) for file in _annotations(_root_of(cloud)) if model in _records(file))
    return next(found, None)


def _records(file: Path) -> dict[_Model, _Record]:
    with reading(file):
        return _parsed(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=32)  # The files are large, and every cloud of a category asks for the same one.
def _parsed(file: Path, _changed: int) -> dict[_Model, _Record]:
    rows = json.loads(file.read_bytes())
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnreadableError("is not a list of annotated models; download it again")
    try:
        return {(str(row["class_id"]), str(row["model_id"])): row for row in rows}
    except KeyError as error:
        raise UnreadableError(f"has a model without {error.args[0]}; download it again") from error


def _category(model: _Model, file: Path) -> str:
    kind = model[0]
    return CATEGORIES.get(kind, kind if file.name == "all.json" else file.stem)


def _landmarks(record: _Record, garment: Garment) -> Landmarks | None:
    model = record["model_id"]
    try:
        keypoints = sorted(record["keypoints"], key=lambda keypoint: int(keypoint["semantic_id"]))
        points = np.array([keypoint["pcd_info"]["point_index"] for keypoint in keypoints])
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableError(
            f"has a keypoint of {model} without semantic_id or pcd_info.point_index; download it again"
        ) from error
    if len(points) == 0:
        return None
    if points.ndim != 1 or points.dtype.kind not in "iu" or points.min() < 0 or points.max() >= len(garment.vertices):
        raise UnreadableError(
            f"puts a keypoint of {model} on a point that its cloud does not have; use the cloud that was annotated"
        )
    return labelled_points(points, tuple(str(keypoint["semantic_id"]) for keypoint in keypoints))


def _splits(folder: Path) -> dict[str, set[str]]:
    """Return the `class_id-model_id` of each split."""
    files = {split: folder / f"{name}.txt" for name, split in SPLITS.items()}
    return {split: {line.strip() for line in lines(file)} for split, file in files.items() if file.is_file()}

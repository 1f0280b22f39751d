"""ShapeNet as HDF5, in the layout that PointNet and Skeleton Merger use.

    data     (M, 2048, 3), clouds
    label    (M, 1), the number of each cloud's category

Names for the numbers, if there are any, are the lines of `shape_names.txt` or the first words of the lines of
`all_object_categories.txt` beside the file. A cloud in a file is addressed as `FILE#INDEX`.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keygrid.data.collection import Collection, Entry, Listing
from keygrid.data.formats.items import POINTS, SPLITS, Item, category_name, clouds
from keygrid.data.formats.listing import contents, is_readable, lines, walk
from keygrid.data.garment import Garment
from keygrid.data.readers import reading, refuse_unopenable
from keygrid.data.readers.limits import NUMBER, Budget
from keygrid.data.readers.mesh import UnreadableError, check, cloud

ENDINGS = (".h5", ".hdf5")
_ENTRY = 1000
"""Approximate memory of an entry of the list, in bytes."""
_NAMES = ("shape_names.txt", "all_object_categories.txt")


def open_shapenet(path: Path) -> Collection | None:
    """Open the clouds of a file, or of all such files in a folder and below it; None if `path` is neither.

    A folder that has a mesh or a cloud in it is not searched, because then those are its content.

    A file's name states its split, such as `ply_data_train0.h5`.

    Raises:
        KeygridError: a file is damaged or has other arrays.
    """
    files = _files(path)
    if not files:
        return None
    labels = [_labels(file) for file in files]
    names = _names(files[0].parent)
    entries = [
        Entry(f"{file.stem} {index}", file.with_name(f"{file.name}#{index}"), _category(label, names), _split(file))
        for file, of_file in zip(files, labels, strict=True)
        for index, label in enumerate(of_file)
    ]
    missing = []
    if any(label is None for of_file in labels for label in of_file):
        missing.append("There are no labels, so the clouds' categories are unknown.")
    elif not names:
        missing.append(f"There is no {_NAMES[0]}, so categories have numbers instead of names.")
    return Listing("ShapeNet HDF5", path, tuple(entries), read_item, tuple(missing))


def read_item(path: Path) -> Garment:
    """Return one cloud, from `FILE#INDEX`.

    Raises:
        KeygridError: there is no such cloud, or it is damaged.
    """
    name, _, index = path.name.rpartition("#")
    file = path.with_name(name)
    with reading(file), _opened(file) as archive:
        points = np.array(_data(archive)[int(index), :, :3])
        try:
            check(cloud(points))
        except UnreadableError as error:
            raise UnreadableError(f"has a cloud {index} that {error}") from error
    vertices = points.astype(np.float64)
    vertices.setflags(write=False)
    return Garment(f"{file.stem} {index}", vertices, np.empty((0, 3), np.int64), path)


def write_shapenet(garments: Iterable[Item], folder: Path) -> None:
    """Write train.h5, val.h5 and test.h5, or data.h5 for garments without a split, and shape_names.txt.

    Every frame of a moving garment becomes a cloud.

    Raises:
        KeygridError: a cloud has fewer than 2048 points.
    """
    import h5py

    numbers: dict[str, int] = {}
    with ExitStack() as open_files:
        files: dict[str, Any] = {}
        for _, split, garment in garments:
            if split not in files:
                name = next((word for word, known in SPLITS.items() if known == split), "data")
                # In memory: HDF5 ends the process when it can't write, as on a disk that is full.
                made = h5py.File(folder / f"{name}.h5", "w", driver="core", backing_store=False)
                files[split] = open_files.enter_context(made)
                files[split].create_dataset("data", (0, POINTS, 3), "f4", maxshape=(None, POINTS, 3), compression=1)
                files[split].create_dataset("label", (0, 1), "i8", maxshape=(None, 1))
            label = numbers.setdefault(category_name(garment), len(numbers))
            _append(files[split]["data"], clouds(garment))
            _append(files[split]["label"], np.full((garment.frame_count or 1, 1), label))
        for file in files.values():
            file.flush()
            Path(file.filename).write_bytes(file.id.get_file_image())
    (folder / _NAMES[0]).write_text("".join(f"{name}\n" for name in numbers), encoding="utf-8")


def _append(dataset: Any, rows: NDArray[Any]) -> None:
    dataset.resize(len(dataset) + len(rows), axis=0)
    dataset[-len(rows) :] = rows


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.suffix.lower() in ENDINGS else []
    if any(is_readable(name) and name not in _NAMES for name in contents(path).files):
        return []
    return [folder / name for folder, found in walk(path) for name in found.files if name.lower().endswith(ENDINGS)]


def _labels(file: Path) -> list[int | None]:
    """Return the label of each cloud; None for clouds without one."""
    with reading(file), _opened(file) as archive:
        count = len(_data(archive))
        label = _own_array(archive, "label")
        if label is None:
            return [None] * count
        if label.size != count or label.dtype.kind not in "iu":
            raise UnreadableError(
                f"has {count} clouds, but labels of type {label.dtype} and shape {label.shape}; save it again"
            )
        labels: list[int | None] = np.array(label).reshape(-1).tolist()
    return labels


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    """Open an HDF5 file for reading; use `_own_array` to get an array from it."""
    import h5py

    refuse_unopenable(file)
    with h5py.File(file, "r") as archive:
        yield archive


def _own_array(archive: Any, name: str) -> Any:
    """Return an array stored in the file itself; None if there is none of this name.

    HDF5 arrays can be stored in any other file, through links or piece by piece, so a malicious file could read the
    user's disk.
    """
    import h5py

    elsewhere = f"takes its {name} from another file, which is not read, for safety; copy the data into this file"
    links = archive.id.links  # Asking the archive itself would follow them already.
    if not links.exists(name.encode()):
        return None
    if links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
        raise UnreadableError(elsewhere)
    array = archive[name]
    if not isinstance(array, h5py.Dataset):
        return None
    if array.external or array.is_virtual:
        raise UnreadableError(elsewhere)
    Budget(Path(archive.filename)).spend(prod(array.chunks or (0,)) * array.dtype.itemsize)  # HDF5 unpacks them whole
    return array


def _data(archive: Any) -> Any:
    data = _own_array(archive, "data")
    if data is None or data.ndim != 3 or data.shape[2] < 3 or data.dtype.kind not in "fiu":
        raise UnreadableError("needs a numeric array called data with clouds of shape (M, N, 3); save it so")
    if len(data) == 0:
        raise UnreadableError("holds no clouds; save it again")
    budget = Budget(Path(archive.filename))
    budget.spend(len(data) * _ENTRY)
    budget.spend(prod(data.shape[1:]) * NUMBER)  # of the one cloud that is read at a time
    return data


def _names(folder: Path) -> list[str]:
    for name in _NAMES:
        file = folder / name
        if file.is_file():
            return [line.strip() if name == _NAMES[0] else line.split()[0] for line in lines(file)]
    return []


def _category(label: int | None, names: list[str]) -> str:
    if label is None:
        return ""
    return names[label] if 0 <= label < len(names) else f"label {label}"


def _split(file: Path) -> str:
    return next((split for word, split in SPLITS.items() if word in file.stem.lower()), "")

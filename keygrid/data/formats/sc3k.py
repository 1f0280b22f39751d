"""The poses of SC3K: each model's cloud as seen by 24 cameras.

    poses/<class_id>/<model_id>.npz     world_mat_0 ... world_mat_23, (3, 4) or (4, 4), and cameras
    pcds/<class_id>/<model_id>.pcd      the clouds, as KeypointNet has them

A cloud with its poses is a moving rigid cloud: frame i is the cloud rotated by `world_mat_i[:, :3]`, whose axes y and z
are opposite to the cloud's. As in the published loader, the camera's distance is ignored.
"""

from itertools import count, takewhile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keygrid.data.collection import Collection, Entry, Listing
from keygrid.data.formats.frames import moving
from keygrid.data.formats.keypointnet import CATEGORIES, read_model
from keygrid.data.formats.listing import natural, walk
from keygrid.data.garment import Garment
from keygrid.data.readers import SUFFIXES, read_garment, reading
from keygrid.data.readers.archive import opened_archive
from keygrid.data.readers.mesh import UnreadableError

_FLIP = np.diag([1.0, -1.0, -1.0])


def open_poses(path: Path) -> Garment | Collection | None:
    """Open a model with its poses, or all models in a folder called poses or one of its subfolders; None otherwise.

    If no cloud is found for the poses, the collection states what is missing.

    Raises:
        KeygridError: the poses or the cloud are damaged.
    """
    if path.is_file():
        if path.suffix.lower() != ".npz" or not _has_poses(path):
            return None
        return read_poses(path) if _cloud_of(path) else _listed(path, [path])
    whole = path.absolute()
    if not path.is_dir() or "poses" not in (whole.name, whole.parent.name):
        return None
    files = [folder / name for folder, found in walk(path) for name in found.files if name.lower().endswith(".npz")]
    return _listed(path, files) if files and _has_poses(files[0]) else None


def read_poses(path: Path) -> Garment:
    """Return the cloud that belongs to a file of poses, with one frame per pose.

    Raises:
        KeygridError: there is no such cloud, or one of the files is damaged.
    """
    with reading(path):
        rotations = _rotations(path)
        cloud = _cloud_of(path)
        if cloud is None:
            raise UnreadableError(_needed(path))
    garment = read_model(cloud) if cloud.suffix == ".pcd" else read_garment(cloud)
    frames = np.einsum("tij,vj->tvi", rotations @ _FLIP, garment.vertices)
    return moving(
        garment.name, frames, garment.faces,
        source=path, landmarks=garment.landmarks, category=garment.category, origin=garment.origin,
    )  # fmt: skip


def _listed(path: Path, files: list[Path]) -> Listing:
    files.sort(key=lambda file: natural(str(file)))
    alone, entries = [], []
    for file in files:
        if _cloud_of(file) is None:
            alone.append(file)
        else:
            entries.append(Entry(file.stem, file, CATEGORIES.get(_kind(file), _kind(file))))
    missing = [f"{alone[0].name} {_needed(alone[0])}."] if alone else []
    if len(alone) > 1:
        missing.append(f"{len(alone) - 1} other files of poses, out of {len(files)}, lack theirs, too.")
    return Listing("SC3K poses", path, tuple(entries), read_poses, tuple(missing))


def _has_poses(path: Path) -> bool:
    try:
        with opened_archive(path) as archive:
            return "world_mat_0" in archive
    except Exception:  # Whatever is wrong with an archive, its reader says so in words.
        return False


def _rotations(path: Path) -> NDArray[np.float64]:
    """Return the rotations (T, 3, 3), up to the first gap in the numbering."""
    with opened_archive(path) as archive:
        names = takewhile(archive.__contains__, (f"world_mat_{index}" for index in count()))
        matrices = [archive[name] for name in names]
    if not all(matrix.shape in ((3, 4), (4, 4)) and matrix.dtype.kind == "f" for matrix in matrices):
        raise UnreadableError("has poses that are not numeric (3, 4) matrices; download it again")
    rotations = np.stack([matrix[:3, :3].astype(np.float64) for matrix in matrices])
    # NaN fails every comparison.
    if not (abs(rotations @ rotations.transpose(0, 2, 1) - np.eye(3)) < 1e-3).all():
        raise UnreadableError("has poses that are not rotations; download it again")
    return rotations


def _cloud_of(path: Path) -> Path | None:
    """Return the cloud or mesh of the same class and name in a folder beside `poses`, or beside the file itself."""
    poses = path.absolute()
    kind = poses.parent
    folders = [kind.parent.parent / name / kind.name for name in ("pcds", "models", "clouds")]
    candidates = (folder / (poses.stem + ending) for folder in [*folders, kind] for ending in SUFFIXES)
    return next((file for file in candidates if file != poses and file.is_file()), None)


def _kind(path: Path) -> str:
    return path.absolute().parent.name


def _needed(path: Path) -> str:
    return f"holds poses without their cloud; put the cloud at pcds/{_kind(path)}/{path.stem}.pcd"

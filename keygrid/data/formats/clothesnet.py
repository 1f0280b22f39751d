"""ClothesNet: thousands of garments in eleven categories.

    <category>/[style]/<ID>/<ID>.obj     a garment, of panels that are often not welded, in centimetres, Y up
    <category>/[style]/<ID>/<any>.pcd    its keypoints, usually kp_<ID>.pcd; may be missing
    <category>/[style]/<ID>/border.obj   lines along the edges, which are skipped

Keypoints become landmarks called 0, 1, ... at the nearest place on the surface. Keypoints that are too far from it have
other units or belong to another garment, and are left out.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keygrid.data.collection import Collection, Entry, Listing
from keygrid.data.formats.items import Item
from keygrid.data.formats.keypointnet import write_pcd
from keygrid.data.formats.listing import contents, walk
from keygrid.data.formats.numbered import write_obj
from keygrid.data.garment import Garment, Landmarks
from keygrid.data.readers import read_garment, read_mesh
from keygrid.errors import KeygridError

CATEGORIES = (
    "Dress", "Glove", "Hat", "Mask", "One-piece", "Scarf_Tie", "Skirt", "Socks", "Tops", "Trousers", "UnderPants",
)  # fmt: skip
ORIGIN = "ClothesNet"
MOST_KEYPOINTS = 128
"""Number of points above which a cloud beside a mesh does not hold keypoints."""
_FARTHEST = 0.1  # of the diagonal, from a keypoint to its surface
_OTHER_WORDS = {
    **{"t-shirt": "tops", "shirt": "tops", "top": "tops", "sweater": "tops", "jacket": "tops"},
    **{"pants": "trousers", "shorts": "trousers", "sock": "socks", "scarf": "scarf-tie", "tie": "scarf-tie"},
}
_PLAIN = {name.lower().replace("_", "-"): name for name in CATEGORIES}


def open_clothesnet(path: Path) -> Garment | Collection | None:
    """Open the data set, or a category, style or garment of it, by folder or mesh; None if `path` is none of these.

    Raises:
        KeygridError: a folder may not be read, or a garment is damaged.
    """
    if path.is_file():
        is_model = path.suffix.lower() == ".obj" and path.stem == path.absolute().parent.name
        return read_model(path) if is_model and _category(path) else None
    if not path.is_dir():
        return None
    inside = contents(path)
    model = f"{path.absolute().name}.obj"
    if model in inside.files:
        return read_model(path / model)
    if not _category(path) and not _holds_categories(path, inside.folders):
        return None
    entries = []
    unlabelled = 0
    for folder, found in walk(path):
        name = f"{folder.name}.obj"
        if name in found.files:
            entries.append(Entry(folder.name, folder / name, _category(folder)))
            unlabelled += not any(file.lower().endswith(".pcd") for file in found.files)
    if not entries:
        return None
    missing = [f"{unlabelled} of {len(entries)} garments have no keypoints beside them."] if unlabelled else []
    return Listing("ClothesNet", path, tuple(entries), read_model, tuple(missing))


def read_model(path: Path) -> Garment:
    """Return the garment in an OBJ file, with the keypoints beside it.

    Raises:
        KeygridError: the mesh or its keypoints are damaged.
    """
    garment = read_garment(path)
    known = replace(garment, category=_category(path), origin=ORIGIN if _category(path) else "")
    keypoints = _keypoints_beside(path)
    return known if keypoints is None else replace(known, landmarks=_landmarks(keypoints, garment))


def write_clothesnet(garments: Iterable[Item], folder: Path) -> None:
    """Write meshes at rest, with their landmarks as keypoints, in folders of categories without styles.

    Raises:
        KeygridError: a garment is a cloud, or its category is neither one of the eleven nor a synonym of one.
    """
    for name, _, garment in garments:
        plain = _plain(garment.category)
        category = _PLAIN.get(plain) or _PLAIN.get(_OTHER_WORDS.get(plain, ""))
        if category is None:
            raise KeygridError(
                f"The category of {name} is {garment.category or 'unknown'}, but ClothesNet has only "
                f"{', '.join(CATEGORIES)}; convert it to another format."
            )
        if garment.is_cloud:
            raise KeygridError(f"{name} is a cloud, but ClothesNet holds meshes; convert it to another format.")
        model = folder / "ClothesNetM" / category / name
        model.mkdir(parents=True)
        write_obj(model / f"{name}.obj", garment.vertices, garment.faces)
        if garment.landmarks is not None:
            write_pcd(model / f"kp_{name}.pcd", garment.landmarks.on(garment.vertices, garment.faces))


def _holds_categories(path: Path, folders: list[str]) -> bool:
    """Return whether a folder is the data set, holds it, or is a style copied from it."""
    if any(_plain(name) in _PLAIN or name == "ClothesNetM" for name in folders):
        return True
    return bool(folders) and (path / folders[0] / f"{folders[0]}.obj").is_file()


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def _category(path: Path) -> str:
    """Return the category after which the nearest of the three folders above a file is named."""
    whole = path.absolute()  # A relative path may not say what it is in.
    names = [whole.name, *(parent.name for parent in whole.parents)][:4]
    return next((_PLAIN[_plain(name)] for name in names if _plain(name) in _PLAIN), "")


def _keypoints_beside(path: Path) -> NDArray[np.float64] | None:
    files = [name for name in contents(path.parent).files if name.lower().endswith(".pcd")]
    usual = f"kp_{path.stem}.pcd"
    if usual not in files and len(files) != 1:
        return None
    points = read_mesh(path.with_name(usual if usual in files else files[0])).vertices.astype(np.float64)
    return points if len(points) <= MOST_KEYPOINTS else None


def _landmarks(keypoints: NDArray[np.float64], garment: Garment) -> Landmarks | None:
    if garment.is_cloud:
        return None
    from trimesh.triangles import area, closest_point, points_to_barycentric

    corners = garment.vertices[garment.faces]  # [F, 3, 3]
    solid = np.flatnonzero(area(corners) > 0)  # A triangle without area has no barycentric coordinates.
    if len(solid) == 0:
        return None
    faces, nearest = [], []
    for keypoint in keypoints:
        places = closest_point(corners[solid], np.broadcast_to(keypoint, (len(solid), 3)))
        chosen = int(np.linalg.norm(places - keypoint, axis=1).argmin())
        faces.append(solid[chosen])
        nearest.append(places[chosen])
    if np.median(np.linalg.norm(np.array(nearest) - keypoints, axis=1)) > _FARTHEST * garment.diagonal:
        return None
    barycentric = np.clip(points_to_barycentric(corners[faces], np.array(nearest)), 0, 1)
    barycentric /= barycentric.sum(axis=1, keepdims=True)
    return Landmarks(np.array(faces, np.int64), barycentric, tuple(str(index) for index in range(len(faces))))

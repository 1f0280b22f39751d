"""The openings of something to wear, and what they say of the axis that is up."""

import numpy as np

from keygrid.geometry.mesh import Floats, Integers, face_normals
from keygrid.geometry.surface import directed_openings, wound_alike

_FEWEST = 2
"""Openings of something to wear; a towel has fewer, and so has each panel of a pattern."""
_ROUND = 0.5
"""Area of an opening over that of a circle as long around, below which it is closed, as in cloth that lies."""
_WIDEST = 0.6
"""Area of an opening over that of the cloth, above which the cloth is flat and has a hole."""
_AHEAD = 2.0
"""Factor by which openings must face the vertical axis more than any other."""
_FLAT = 0.3
"""Height over the longest side, below which a garment lies."""


def stands_on_z(vertices: Floats, faces: Integers) -> bool:
    """Return whether vertices (V, 3) and faces (F, 3) look like something worn upright with z up instead of y.

    It is open above and below, to the body, at the waist and at the hem, so its openings face the vertical axis more
    than the others. False where that can't be told, as of cloth that lies.
    """
    extent = np.ptp(vertices, axis=0)
    if not len(faces) or extent[2] < _FLAT * extent.max():
        return False
    faces, _ = wound_alike(faces)
    area = float(np.linalg.norm(face_normals(vertices, faces), axis=1).sum()) / 2
    facing, count = np.zeros(3), 0
    for border in directed_openings(faces, len(vertices)):
        start, end = vertices[border[:, 0]], vertices[border[:, 1]]
        middle = start.mean(axis=0)
        across = np.cross(start - middle, end - middle).sum(axis=0) / 2  # as long as the opening is large
        size = float(np.linalg.norm(across))
        if size > _WIDEST * area:
            return False
        if 4 * np.pi * size > _ROUND * float(np.linalg.norm(end - start, axis=1).sum()) ** 2:
            count += 1
            facing += np.abs(across)
    return count >= _FEWEST and bool(facing[2] > _AHEAD * max(facing[0], facing[1]))

"""The openings of a garment, and the vertical axis that they suggest."""

import numpy as np

from keygrid.geometry.mesh import Floats, Integers, face_normals
from keygrid.geometry.surface import directed_openings, wound_alike

_FEWEST = 2
"""Minimum number of openings of a garment; towels and single panels of a pattern have fewer."""
_ROUND = 0.5
"""Ratio of an opening's area to that of a circle of the same length, below which it is closed, as in lying cloth."""
_WIDEST = 0.6
"""Ratio of an opening's area to the cloth's, above which the cloth is flat and has a hole."""
_AHEAD = 2.0
"""Factor by which openings must face the vertical axis more than any other."""
_FLAT = 0.3
"""Ratio of height to the longest side, below which a garment is lying."""


def stands_on_z(vertices: Floats, faces: Integers) -> bool:
    """Return whether vertices (V, 3) and faces (F, 3) look like an upright garment with z up instead of y.

    Garments are open at the top and bottom, such as at the waist and hem, so that openings face the vertical axis more
    than the others. Return False if this is unclear, as for lying cloth.
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

"""Points that a sensor did not see, and the values by which drivers mark them."""

import numpy as np
from numpy.typing import NDArray

from keygrid.data.readers.mesh import Mesh, UnreadableError, counted

_SEVERAL = 2
"""Number of points exactly at the origin above which they are not a coincidence."""

_MARKED_SHARE, _FEWEST_MARKED = 0.002, 10
"""Share of a cloud, and minimum number, of coinciding points that make them a mark."""

_FAR = 0.1
"""Distance between a mark and all other points, in extents of the latter."""
_VERY_FAR = 10.0
"""Distance for a plane of marks, on which the pixels' directions differ."""


def without_missing(mesh: Mesh) -> Mesh:
    """Return a cloud without points that a sensor did not see; surfaces are unchanged.

    Such points are NaN or infinite or, if there are several, exactly at the origin, which is the camera's centre.
    Drivers also put them at the end of the sensor's range or far outside: many at exactly one position, or on one plane
    perpendicular to an axis, far from all others.

    Raises:
        UnreadableError: there were points, but none is left.
    """
    vertices = mesh.vertices
    if len(mesh.faces) or vertices.dtype.kind not in "fiu" or vertices.ndim != 2 or vertices.shape[1] != 3:
        return mesh
    is_placed = np.isfinite(vertices).all(axis=1)
    is_central = (vertices == 0).all(axis=1)
    if is_central.sum() < _SEVERAL:
        is_central = np.zeros_like(is_central)
    is_seen = is_placed & ~is_central
    marked = _marked(vertices[is_seen].astype(np.float64))
    count = int(marked.sum())
    is_seen[np.flatnonzero(is_seen)[marked]] = False
    if is_seen.all():
        return mesh
    if not is_seen.any():
        raise UnreadableError("has no point with a position: all are at NaN, infinity or the origin; export it again")
    notes = (
        *mesh.notes,
        *counted((~is_placed).sum(), "point without a position left out", "points without a position left out"),
        *counted(
            is_central.sum(), "point at the origin left out", "points without depth, at the camera's centre, left out"
        ),
        *counted(
            count,
            "",
            "points far from all others left out: they share one value, by which a sensor marks missing depth",
        ),
    )
    return mesh._replace(
        vertices=vertices[is_seen], notes=notes, colours=None if mesh.colours is None else mesh.colours[is_seen]
    )


def _marked(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether points (N, 3) are marks instead of places, (N,)."""
    found = np.zeros(len(points), np.bool_)
    for axis in range(3) if len(points) else ():
        column = points[:, axis]
        for value in (column.max(), column.min()):
            alike = column == value
            count = int(alike.sum())
            is_coincidence = count < max(_FEWEST_MARKED, _MARKED_SHARE * len(points))
            if is_coincidence or 2 * count > len(points) or found[alike].any():
                continue
            others = points[~alike & ~found]
            extent = float(np.ptp(others, axis=0).max()) if len(others) else 0.0
            gap = float(np.abs(others[:, axis] - value).min()) if len(others) else 0.0
            is_point = bool((np.ptp(points[alike], axis=0) == 0).all())
            if gap > (_FAR if is_point else _VERY_FAR) * extent > 0:
                found |= alike
    return found

"""Triangulates polygons once all vertices are known."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from keygrid.data.readers.blocks import compact, join_triangles
from keygrid.data.readers.mesh import UnreadableError, counted

_TOLERANCE = 1e-9
"""Share of a polygon's area by which a triangle may face the other way and still count as flat."""


_MOST_CORNERS = 10_000
"""Maximum number of corners of a polygon that is not a fan; triangulating it takes quadratic time."""

_AT_ONCE = 2**11
"""Polygons to triangulate at a time, to save memory."""


class Marks(NamedTuple):
    """Numbers attached to polygons and their corners; None for none.

    Attributes:
        faces: (P, M) whole numbers per polygon, or (F, M) per triangle.
        corners: (sum of sizes,) a whole number per corner, or (F, 3) for corners of triangles.
    """

    faces: NDArray[np.int64] | None = None
    corners: NDArray[np.int64] | None = None


class _Block(NamedTuple):
    corners: NDArray[np.integer]
    sizes: NDArray[np.integer] | None  # None where all are triangles
    marks: Marks


_UNMARKED = Marks()


@dataclass
class Polygons:
    """Faces with any number of corners, collected in blocks while a file is read.

    Attributes:
        left_out: number of invalid faces, with fewer than three corners.
        marks: marks of the triangles, available after triangulation.
    """

    left_out: int = 0
    marks: Marks = _UNMARKED
    _blocks: list[_Block] = field(default_factory=list)

    def add(self, corners: NDArray[np.int64], sizes: NDArray[np.int64], marks: Marks = _UNMARKED) -> None:
        """Add faces, given by their concatenated vertex indices, (sum of sizes,), and numbers of corners (P,)."""
        too_few = sizes < 3
        if too_few.any():
            self.left_out += int(too_few.sum())
            kept = ~np.repeat(too_few, sizes)
            of_faces = None if marks.faces is None else marks.faces[~too_few]
            marks = Marks(of_faces, None if marks.corners is None else marks.corners[kept])
            corners, sizes = corners[kept], sizes[~too_few]
        are_triangles = bool((sizes == 3).all())
        self._blocks.append(_Block(compact(corners), None if are_triangles else compact(sizes), marks))

    def triangles(self, vertices: NDArray[np.generic]) -> NDArray[np.int64]:
        """Return all faces as triangles (F, 3) in order, and forget them; `vertices` are (V, 3).

        Their marks are in `marks` afterwards, with -1 for faces without marks.

        Raises:
            UnreadableError: there were faces, but all had fewer than three corners; or one has too many corners to
                triangulate.
        """
        if self.left_out and not any(len(block.corners) for block in self._blocks):
            raise UnreadableError("has only faces with fewer than three corners; export it again")
        blocks, self._blocks = self._blocks[::-1], []
        triangles: list[NDArray[np.integer]] = []
        marked: list[tuple[int, Marks]] = []
        while blocks:
            corners, sizes, marks = blocks.pop()
            if sizes is None:
                triangles.append(corners.reshape(-1, 3))
                marked.append((len(triangles[-1]), _of_triangles(marks, None, None)))
                continue
            ends = np.cumsum(sizes, dtype=np.int64)
            for begin in range(0, len(sizes), _AT_ONCE):
                some = slice(ends[begin] - sizes[begin], ends[min(begin + _AT_ONCE, len(sizes)) - 1])
                places = cut(vertices, corners[some], sizes[begin : begin + _AT_ONCE])
                triangles.append(compact(corners[some][places]))
                if marks.faces is None and marks.corners is None:
                    marked.append((len(places), marks))
                else:
                    polygon = np.searchsorted(ends, places[:, 0] + some.start, side="right")
                    marked.append((len(places), _of_triangles(marks, polygon, places + some.start)))
        self.marks = _joined(marked)
        return join_triangles(triangles)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on the faces that were left out, if any."""
        kind = "with fewer than three corners left out"
        return counted(self.left_out, f"face {kind}", f"faces {kind}")


def _of_triangles(marks: Marks, polygon: NDArray[np.int64] | None, places: NDArray[np.int64] | None) -> Marks:
    """Return the marks of triangles, given their polygons (F,) and corner indices (F, 3), or None for all."""
    faces, corners = marks
    if faces is not None and polygon is not None:
        faces = faces[polygon]
    if corners is not None:
        corners = corners.reshape(-1, 3) if places is None else corners[places]
    return Marks(faces, corners)


def _joined(parts: list[tuple[int, Marks]]) -> Marks:
    """Return the joined marks of several groups of triangles, with -1 for those without marks."""
    width = max((marks.faces.shape[1] for _, marks in parts if marks.faces is not None), default=0)
    faces = [np.full((count, width), -1) if marks.faces is None else marks.faces for count, marks in parts]
    corners = [np.full((count, 3), -1) if marks.corners is None else marks.corners for count, marks in parts]
    has_corners = any(marks.corners is not None for _, marks in parts)
    return Marks(np.concatenate(faces) if width else None, np.concatenate(corners) if has_corners else None)


def triangulate(
    vertices: NDArray[np.generic], corners: NDArray[np.integer], sizes: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Triangulate polygons into triangles (F, 3) of vertex indices; see `cut`."""
    return corners.astype(np.int64)[cut(vertices, corners, sizes)]


def cut(vertices: NDArray[np.generic], corners: NDArray[np.integer], sizes: NDArray[np.integer]) -> NDArray[np.int64]:
    """Triangulate polygons of three or more corners into triangles (F, 3) of corner indices, in the polygons' order.

    A polygon becomes a fan around its first corner if that covers it, which means that no triangle of the fan faces the
    other way. Any other, such as a concave polygon or one with a hole connected to its edge by a bridge, is
    triangulated by mapbox-earcut in the plane of its normal (Newell's).

    Args:
        vertices: (V, 3).
        corners: the polygons' concatenated vertex indices, (sum of sizes,); invalid indices are kept.
        sizes: (P,), each 3 or more.

    Raises:
        UnreadableError: a polygon that is not a fan has too many corners.
    """
    corners = corners.astype(np.int64)
    begins = np.cumsum(sizes, dtype=np.int64) - sizes
    fans = sizes.astype(np.int64) - 2  # triangles of each polygon
    first = np.repeat(begins, fans)  # [F]
    step = np.arange(fans.sum()) - np.repeat(np.cumsum(fans) - fans, fans)  # [F]
    triangles = np.column_stack([first, first + step + 1, first + step + 2])
    wrong = _unlike_fans(vertices, corners[triangles], fans)
    if len(wrong) == 0:
        return triangles
    if sizes[wrong].max() > _MOST_CORNERS:
        raise UnreadableError(
            f"has a concave face of {sizes[wrong].max()} corners, but at most {_MOST_CORNERS} can be "
            "triangulated; export it as triangles"
        )
    ends = np.cumsum(fans)
    pieces, done = [], 0
    for polygon in wrong:
        pieces.append(triangles[done : ends[polygon] - fans[polygon]])
        ring = corners[begins[polygon] : begins[polygon] + sizes[polygon]]
        ears = _ears(vertices[ring].astype(np.float64))
        fan = triangles[ends[polygon] - fans[polygon] : ends[polygon]]
        pieces.append(begins[polygon] + ears if len(ears) else fan)
        done = ends[polygon]
    return np.concatenate([*pieces, triangles[done:]])


def _unlike_fans(
    vertices: NDArray[np.generic], triangles: NDArray[np.int64], fans: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Find the polygons that their fans (F, 3) do not cover; `fans` (P,) are the numbers of triangles."""
    polygon = np.repeat(np.arange(len(fans)), fans)
    if not len(vertices):
        return np.empty(0, np.int64)
    # Indices that lead nowhere, and positions that are none, are refused when all is read.
    safe = np.clip(triangles, 0, len(vertices) - 1)
    there = np.equal(safe, triangles).all(axis=1)
    shape = vertices[safe].astype(np.float64)
    areas = np.cross(shape[:, 1] - shape[:, 0], shape[:, 2] - shape[:, 0])  # [F, 3]
    normals = np.column_stack([np.bincount(polygon, areas[:, axis], len(fans)) for axis in range(3)])  # Newell's
    along = np.einsum("fd,fd->f", areas, normals[polygon])
    size = np.einsum("pd,pd->p", normals, normals)[polygon]
    is_wrong = there & np.isfinite(along) & (along < -_TOLERANCE * size)
    is_open = np.logical_or(~there, ~np.isfinite(along))
    return np.setdiff1d(polygon[np.flatnonzero(is_wrong)], polygon[np.flatnonzero(is_open)])


def _ears(ring: NDArray[np.float64]) -> NDArray[np.int64]:
    """Triangulate one polygon, corners (N, 3), into triangles (N - 2, 3) of corner indices."""
    import mapbox_earcut

    ring = ring - ring.mean(axis=0)
    normal = np.cross(ring, np.roll(ring, -1, axis=0)).sum(axis=0)
    normal /= np.linalg.norm(normal) or 1.0
    across = np.cross(normal, np.eye(3)[np.abs(normal).argmin()])
    across /= np.linalg.norm(across) or 1.0
    flat = np.ascontiguousarray(ring @ np.column_stack([across, np.cross(normal, across)]))
    cut = mapbox_earcut.triangulate_float64(flat, np.array([len(flat)], np.uint32)).astype(np.int64).reshape(-1, 3)
    if len(cut) == 0:
        return cut
    # Triangles face as the polygon does.
    a, b, c = flat[cut].transpose(1, 0, 2)
    if ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum() < 0:
        cut = cut[:, ::-1]
    return _with_all_corners(cut, len(flat))


def _with_all_corners(cut: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Split triangles at corners on their edges, which earcut ignores, so that there are no gaps between neighbours."""
    triangles: list[tuple[int, int, int]] = [(a, b, c) for a, b, c in cut.tolist()]
    sides: dict[tuple[int, int], int] = {}  # which triangle has them, in its direction
    for index, (a, b, c) in enumerate(triangles):
        for side in ((a, b), (b, c), (c, a)):
            sides.setdefault(side, index)
    used = np.unique(cut)
    before = int(used[-1])
    for corner, place in enumerate(np.searchsorted(used, np.arange(count)).tolist()):
        after = int(used[place % len(used)])
        if after != corner:
            index = sides.pop((before, after), -1)
            if index < 0:
                continue
            (third,) = set(triangles[index]) - {before, after}
            triangles[index] = (before, corner, third)
            sides[before, corner] = sides[corner, third] = index
            sides[corner, after] = sides[after, third] = sides[third, corner] = len(triangles)
            triangles.append((corner, after, third))
        before = corner
    return np.array(triangles, np.int64)

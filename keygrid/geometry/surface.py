"""Conversion of any triangle mesh to a surface suitable for operators, and the map back to its own vertices.

Meshes in practice have unwelded seams, buttons, stray vertices, triangles without area, inverted pieces, and up to a
million triangles.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, identity
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from keygrid.errors import KeygridError
from keygrid.geometry.mesh import edge_lengths, edges_of, face_normals, split_in_four

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST, PROXY = 6_000, 3_000
"""Number of vertices above which a mesh is replaced by a proxy, and approximate number of the proxy's vertices."""
LEAST = 400
"""Number of vertices below which triangles are split in four."""

_WELD = 1e-6
"""Distance below which vertices are merged, as a share of the box's diagonal."""
_PIECE = 0.05
"""Share of the largest piece's area below which pieces are ignored, such as buttons and labels."""
_HOLLOW = 1e-3
"""Minimum volume that distinguishes inside from outside, divided by the area to the power of 3/2."""


@dataclass(frozen=True, eq=False)
class Surface:
    """A mesh of V vertices with outward normals, without isolated vertices or triangles without area.

    Attributes:
        vertices: (V, 3).
        faces: (F, 3).
        carry: (V0, V), maps values on these vertices to those of the original mesh; rows sum to one.
        is_oriented: whether inside and outside could be distinguished; if not, left and right may be swapped.
    """

    vertices: Floats
    faces: Integers
    carry: csr_matrix
    is_oriented: bool


def surface_of(vertices: Floats, faces: Integers) -> Surface:
    """Return the surface of any mesh: vertices (V0, 3) in any units, faces (F0, 3).

    Raises:
        KeygridError: no triangle has an area.
    """
    points, faces, label = _weld(np.asarray(vertices, np.float64), np.asarray(faces, np.int64))
    faces = _of_some_area(points, faces)
    if len(faces) == 0:
        raise KeygridError("This mesh has no area: its triangles are all lines or points.")
    faces = _large_pieces(points, faces)
    faces, is_oriented = outward(points, faces)
    kept = np.unique(faces)
    index = np.full(len(points), -1)
    index[kept] = np.arange(len(kept))
    surface, faces = points[kept], index[faces]
    beside = np.flatnonzero(
        index < 0
    )  # isolated vertices and those of small pieces take after their nearest neighbours
    if len(beside):
        index[beside] = cKDTree(surface).query(points[beside])[1]
    carry = csr_matrix((np.ones(len(label)), (np.arange(len(label)), index[label])), shape=(len(label), len(kept)))
    if len(surface) > MOST:
        surface, faces, onto = _simplified(surface, faces)
        carry = carry @ onto
    while len(surface) < LEAST:
        edges, faces = split_in_four(len(surface), faces)
        surface = np.concatenate([surface, surface[edges].mean(axis=1)])
    # Vertices that a split adds come last, and the mesh' own ones are as they were.
    carry = csr_matrix((carry.data, carry.indices, carry.indptr), shape=(len(label), len(surface)))
    return Surface(surface, faces, carry, is_oriented)


def _weld(points: Floats, faces: Integers) -> tuple[Floats, Integers, Integers]:
    """Return the merged vertices, the faces, and the merged vertex of each original one, (V0,)."""
    used = points[np.unique(faces)] if len(faces) else points
    step = max(_WELD * float(np.linalg.norm(np.ptp(used, axis=0))), 1e-300)
    cells = np.round((points - used.min(axis=0)) / step)
    _, first, label = np.unique(cells, axis=0, return_index=True, return_inverse=True)
    # Vertices stay in their order, which a turn of the mesh would change else.
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    label = rank[label.reshape(-1)]
    return points[first[order]], label[faces], label


def _of_some_area(points: Floats, faces: Integers) -> Integers:
    a, b, c = faces.T
    faces = faces[(a != b) & (b != c) & (c != a)]
    double = np.linalg.norm(face_normals(points, faces), axis=1)
    longest = np.stack([edge_lengths(points, faces[:, [i, (i + 1) % 3]]) for i in range(3)]).max(axis=0, initial=0)
    kept: Integers = faces[double > 1e-9 * longest**2]
    return kept


def _large_pieces(points: Floats, faces: Integers) -> Integers:
    piece = _pieces(len(points), faces)[faces[:, 0]]
    area = np.bincount(piece, np.linalg.norm(face_normals(points, faces), axis=1))
    kept: Integers = faces[(area >= _PIECE * area.max())[piece]]
    return kept


def largest_piece(count: int, faces: Integers) -> Integers:
    """Return the faces (F', 3) of the piece with the most of the faces (F, 3) of a mesh with `count` vertices."""
    piece = _pieces(count, faces)[faces[:, 0]]
    kept: Integers = faces[piece == np.bincount(piece).argmax()]
    return kept


def _pieces(count: int, faces: Integers) -> Integers:
    ends = np.concatenate([faces[:, :2], faces[:, 1:]])
    graph = csr_matrix((np.ones(len(ends)), ends.T), shape=(count, count))
    label: Integers = connected_components(graph, directed=False)[1].astype(np.int64)
    return label


def outward(vertices: Floats, faces: Integers) -> tuple[Integers, bool]:
    """Return faces (F, 3) oriented consistently and outwards, and whether that was possible for every piece.

    A piece is oriented outwards if it encloses a positive volume once a fan around its centre closes each opening,
    which also holds for a lying shirt.
    """
    faces, can_be = wound_alike(faces)
    piece = _pieces(len(vertices), faces)
    of_face = piece[faces[:, 0]]
    sums = np.stack([np.bincount(piece, vertices[:, axis]) for axis in range(3)], axis=1)
    centre = sums / np.maximum(np.bincount(piece), 1)[:, None]
    a, b, c = (vertices[faces[:, corner]] - centre[of_face] for corner in range(3))
    inside = np.einsum("fi,fi->f", a, np.cross(b, c)) / 6
    volume = np.bincount(of_face, inside, piece.max() + 1).astype(np.float64)
    for border in directed_openings(faces, len(vertices)):
        own = piece[border[0, 0]]
        start, end = vertices[border[:, 0]] - centre[own], vertices[border[:, 1]] - centre[own]
        middle = (start + end).mean(axis=0) / 2
        volume[own] += (np.cross(end, start) @ middle).sum() / 6
    area = np.bincount(of_face, np.linalg.norm(face_normals(vertices, faces), axis=1) / 2, piece.max() + 1)
    turned = (volume < 0)[of_face]
    faces = np.where(turned[:, None], faces[:, ::-1], faces)
    told = np.abs(volume) > _HOLLOW * area**1.5
    return faces, can_be and bool(told[np.unique(of_face)].all())


def wound_alike(faces: Integers) -> tuple[Integers, bool]:
    """Return faces (F, 3) with neighbours oriented alike across common edges, and whether that is possible."""
    count = len(faces)
    starts, ends = faces.ravel(), faces[:, [1, 2, 0]].ravel()
    low, high = np.minimum(starts, ends), np.maximum(starts, ends)
    order = np.lexsort([high, low])
    low, high, forward = low[order], high[order], (starts < ends)[order]
    face = np.repeat(np.arange(count), 3)[order]
    same = (low[1:] == low[:-1]) & (high[1:] == high[:-1])
    # An edge of three triangles or more says nothing about which of them are neighbours.
    many = np.zeros(len(low), dtype=bool)
    many[1:-1] = same[1:] & same[:-1]
    pair = same & ~many[1:] & ~many[:-1]
    one, other, flipped = face[:-1][pair], face[1:][pair], (forward[1:] == forward[:-1])[pair]
    # Each face stands for itself and for its reverse; what belongs together by its winding hangs together.
    plain, turned = np.stack([one, other + count * flipped]), np.stack([one + count, other + count * ~flipped])
    links = np.concatenate([plain, turned], axis=1)
    graph = csr_matrix((np.ones(links.shape[1]), links), shape=(2 * count, 2 * count))
    label = connected_components(graph, directed=False)[1]
    itself, reverse = label[:count], label[count:]
    # Of a piece and its reverse, the one that keeps more faces as they are.
    votes = np.bincount(itself, minlength=label.max() + 1)
    turn = votes[reverse] > votes[itself]
    tie = (votes[reverse] == votes[itself]) & (reverse < itself)
    turn |= tie
    return np.where(turn[:, None], faces[:, ::-1], faces), not bool((itself == reverse).any())


def directed_openings(faces: Integers, count: int) -> list[Integers]:
    """Return the border edges (E, 2) of each opening of a mesh with `count` vertices, in their triangles' direction."""
    starts, ends = faces.ravel(), faces[:, [1, 2, 0]].ravel()
    low, high = np.minimum(starts, ends), np.maximum(starts, ends)
    _, index, times = np.unique(low * np.int64(count) + high, return_inverse=True, return_counts=True)
    border = np.stack([starts, ends], axis=1)[times[index] == 1]
    if len(border) == 0:
        return []
    graph = csr_matrix((np.ones(len(border)), border.T), shape=(count, count))
    loop = connected_components(graph, directed=False)[1][border[:, 0]]
    order = np.argsort(loop, kind="stable")
    return np.split(border[order], np.flatnonzero(np.diff(loop[order])) + 1)


def _simplified(vertices: Floats, faces: Integers) -> tuple[Floats, Integers, csr_matrix]:
    """Return a proxy whose vertices represent their neighbourhood along the surface, so that layers stay separate.

    Returns:
        Vertices (V, 3), faces (F, 3), and what takes values on these to the vertices it was made of, (V0, V).
    """
    edges, _ = edges_of(faces)
    count = len(vertices)
    graph = csr_matrix((edge_lengths(vertices, edges), edges.T), shape=(count, count))
    double = np.linalg.norm(face_normals(vertices, faces), axis=1)
    share = np.bincount(faces.ravel(), np.repeat(double, 3), count)
    # Every so often along a curve through neighbouring cells, by area: spread more evenly than by chance.
    grid = ((vertices - vertices.min(axis=0)) / np.ptp(vertices, axis=0).max() * 1023).astype(np.int64)
    along = np.argsort(_interleaved(grid), kind="stable")
    levels = np.linspace(0, share.sum(), PROXY, endpoint=False) + share.sum() / PROXY / 2
    seeds = np.unique(along[np.minimum(np.searchsorted(np.cumsum(share[along]), levels), count - 1)])
    for _ in range(2):
        nearest = _nearest_seed(graph, seeds)
        sums = np.stack([np.bincount(nearest, vertices[:, axis] * share, len(seeds)) for axis in range(3)], axis=1)
        middle = sums / np.maximum(np.bincount(nearest, share, len(seeds)), 1e-300)[:, None]
        away = np.linalg.norm(vertices - middle[nearest], axis=1)
        order = np.lexsort([away, nearest])
        seeds = order[np.concatenate([[0], np.flatnonzero(np.diff(nearest[order])) + 1])]
    nearest = _nearest_seed(graph, seeds)
    corners = nearest[faces]
    a, b, c = corners.T
    corners = corners[(a != b) & (b != c) & (c != a)]
    _, first = np.unique(np.sort(corners, axis=1), axis=0, return_index=True)
    corners = corners[first]
    onto = csr_matrix((np.ones(count), (np.arange(count), nearest)), shape=(count, len(seeds)))
    around = graph.astype(bool).astype(np.float64)
    around = around + around.T + identity(count)
    mean = csr_matrix(around.multiply(1 / np.asarray(around.sum(axis=1))))
    for _ in range(min(int(np.sqrt(count / PROXY)), 4)):
        onto = mean @ onto
    used = np.unique(corners)
    index = np.full(len(seeds), -1)
    index[used] = np.arange(len(used))
    lost = np.flatnonzero(index < 0)
    if len(lost):
        index[lost] = cKDTree(vertices[seeds[used]]).query(vertices[seeds[lost]])[1]
    onto = onto @ csr_matrix((np.ones(len(seeds)), (np.arange(len(seeds)), index)), shape=(len(seeds), len(used)))
    return vertices[seeds[used]], index[corners], csr_matrix(onto)


def _nearest_seed(graph: csr_matrix, seeds: Integers) -> Integers:
    """Return the index of the nearest seed along the graph, (V,)."""
    sources = dijkstra(graph, directed=False, indices=seeds, min_only=True, return_predecessors=True)[2]
    position = np.zeros(graph.shape[0], dtype=np.int64)
    position[seeds] = np.arange(len(seeds))
    nearest: Integers = position[np.maximum(sources, 0)]
    return nearest


def _interleaved(grid: Integers) -> Integers:
    """Return the interleaved bits of cells (V, 3), (V,): neighbours mostly have similar values (Morton's order)."""
    code = np.zeros(len(grid), dtype=np.int64)
    for bit in range(10):
        for axis in range(3):
            code |= ((grid[:, axis] >> bit) & 1) << (3 * bit + axis)
    return code

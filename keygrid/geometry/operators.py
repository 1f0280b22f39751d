"""Differential operators and intrinsic features of a triangulated surface, from one pose alone.

Lengths are divided by the square root of the area, so results depend neither on units nor on the surface's position.
Sources: Sharp et al., DiffusionNet (ToG 2022); Sharp and Crane, A Laplacian for Nonmanifold Triangle Meshes (SGP 2020);
Sun et al., A Concise and Provably Informative Multi-Scale Signature (SGP 2009).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix, diags
from scipy.sparse.csgraph import dijkstra
from scipy.sparse.linalg import LinearOperator, eigsh, splu

from keygrid.geometry.mesh import across_edges, edge_lengths, edges_of, face_normals
from keygrid.geometry.surface import directed_openings, surface_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Singles = NDArray[np.float32]

EIGENPAIRS = 64
SIGNATURES = 16
"""Number of times at which heat kernel signatures are taken."""
SHORTEST, LONGEST = 2e-3, 0.5
"""The first and last of these times, for a surface of area one."""
NEAREST = 4
"""Number of nearest openings whose distances are features."""
SMALL = 0.25
"""Length below which an opening may be a hole that is not part of the garment: the shorter, the less it counts."""
REACHES = (0.1, 0.25, 0.6)
"""Distances over which contributions of openings are summed."""
FAR = 2.0
"""Distance assigned to missing and unreachable openings; no other distance is larger."""
FEATURES = SIGNATURES + 2 * NEAREST + 2 * len(REACHES)

_SHIFT = 1e-2
"""Shift of the eigenvalues that makes the Laplacian invertible; its lowest one is zero."""
_START = 0
"""Seed of the eigensolver's start vector, which would otherwise differ at every call."""


@dataclass(frozen=True, eq=False)
class Operators:
    """Everything that a network sees of a surface with V vertices and area one.

    Attributes:
        features: (V, FEATURES), intrinsic: heat kernel signatures, then distances to openings and their lengths.
        values: (EIGENPAIRS,), eigenvalues of the Laplacian, ascending.
        basis: (V, EIGENPAIRS), eigenvectors, orthonormal under `area`.
        slopes: (3, V, EIGENPAIRS), gradients of the eigenvectors at vertices, x first.
        area: (V,), each vertex's share of the area, summing to one.
        normals: (V, 3), outward unit normals.
        carry: (V0, V), maps values on these vertices to those of the original mesh; rows sum to one.
        is_oriented: whether inside and outside could be distinguished; if not, left and right may be swapped.
    """

    features: Singles
    values: Singles
    basis: Singles
    slopes: Singles
    area: Singles
    normals: Singles
    carry: csr_matrix
    is_oriented: bool


def operators(vertices: Floats, faces: Integers) -> Operators:
    """Return the operators of any mesh: vertices (V0, 3) in any units, faces (F0, 3).

    Raises:
        KeygridError: no triangle has an area.
    """
    import robust_laplacian  # loads a library that only meshes need

    surface = surface_of(vertices, faces)
    points, triangles = np.ascontiguousarray(surface.vertices), np.ascontiguousarray(surface.faces)
    laplacian, mass = robust_laplacian.mesh_laplacian(points, triangles)
    area = np.maximum(mass.diagonal(), 1e-6 * mass.diagonal().mean())
    unit = float(np.sqrt(area.sum()))
    area = area / area.sum()
    values, basis = eigenpairs(laplacian, area, EIGENPAIRS)
    times = np.geomspace(SHORTEST, LONGEST, SIGNATURES)
    features = [heat_kernel_signatures(values, basis, times), opening_features(points, triangles, unit)]
    slopes = (gradient(points, triangles) @ basis * unit).reshape(3, len(points), -1)
    return Operators(
        features=_single(np.concatenate(features, axis=1)),
        values=_single(values),
        basis=_single(basis),
        slopes=_single(slopes),
        area=_single(area),
        normals=_single(vertex_normals(points, triangles)),
        carry=surface.carry,
        is_oriented=surface.is_oriented,
    )


def _single(array: Floats) -> Singles:
    return np.ascontiguousarray(array, np.float32)


def vertex_normals(vertices: Floats, faces: Integers) -> Floats:
    """Return unit normals (V, 3), averaged over adjacent triangles by area; zero for isolated vertices."""
    of_corners = np.repeat(face_normals(vertices, faces), 3, axis=0)
    summed = np.stack([np.bincount(faces.ravel(), of_corners[:, i], len(vertices)) for i in range(3)], axis=1)
    normals: Floats = summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-300)
    return normals


def gradient(vertices: Floats, faces: Integers) -> csr_matrix:
    """Return the operator (3 V, V) of gradients at vertices; all x first.

    The function is linear in each triangle; at a vertex, the gradients of the triangles around it are weighted by area.
    """
    count, normals = len(vertices), face_normals(vertices, faces)
    double = np.linalg.norm(normals, axis=1)
    unit = normals / np.maximum(double, 1e-300)[:, None]
    around = np.maximum(np.bincount(faces.ravel(), np.repeat(double, 3), count), 1e-300)
    rows, columns, entries = [], [], []
    for corner in range(3):
        # Twice the area times the gradient of the function that is one at this corner and zero at the others.
        rise = np.cross(unit, vertices[faces[:, (corner + 2) % 3]] - vertices[faces[:, (corner + 1) % 3]])
        for at in range(3):
            rows.append(faces[:, at][:, None] + count * np.arange(3))
            columns.append(np.repeat(faces[:, corner][:, None], 3, axis=1))
            entries.append(rise / around[faces[:, at]][:, None])
    row, column, entry = (np.concatenate(parts).ravel() for parts in (rows, columns, entries))
    return csr_matrix((entry, (row, column)), shape=(3 * count, count))


def eigenpairs(laplacian: csc_matrix, area: Floats, count: int) -> tuple[Floats, Floats]:
    """Return the lowest eigenvalues (E,) of a Laplacian (V, V), and eigenvectors (V, E) orthonormal under `area` (V,).

    If the surface has fewer, zero vectors with large eigenvalues fill the rest.
    """
    size = len(area)
    root = np.sqrt(area)
    shifted = diags(1 / root) @ laplacian @ diags(1 / root) + _SHIFT * diags(np.ones(size))
    inverse = splu(
        csc_matrix(shifted), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0, options={"SymmetricMode": True}
    )
    found = min(count, size - 2)
    start = np.random.default_rng(_START).normal(size=size)
    inverted, vectors = eigsh(LinearOperator((size, size), inverse.solve), k=found, v0=start, tol=1e-6)
    order = np.argsort(-inverted)
    values = np.maximum(1 / inverted[order] - _SHIFT, 0)
    basis = vectors[:, order] / root[:, None]
    pad = count - found
    return np.pad(values, (0, pad), constant_values=1e6), np.pad(basis, ((0, 0), (0, pad)))


def heat_kernel_signatures(values: Floats, basis: Floats, times: Floats) -> Floats:
    """Return the logarithm of the heat left at each vertex after some times, relative to the average, (V, T)."""
    decay = np.exp(-values * times[:, None])  # [T, E]
    heat: Floats = np.square(basis) @ decay.T / decay.sum(axis=1)
    return np.log(np.maximum(heat, 1e-4))


def opening_features(vertices: Floats, faces: Integers, unit: float) -> Floats:
    """Return distances along the surface to openings and the openings' lengths, (V, 2 NEAREST + 2 REACHES).

    They change little if the surface does; "the distance to the longest opening" would jump when a neck is stretched
    beyond the hem. The nearest openings come first, in order, then sums over all openings that decay with distance.

    Args:
        vertices: (V, 3).
        faces: (F, 3).
        unit: the square root of the area.
    """
    count = len(vertices)
    loops = directed_openings(faces, count)
    distances, lengths = np.full((count, 1), FAR), np.zeros(1)
    if loops:
        links = np.concatenate([edges_of(faces)[0], across_edges(faces)])
        graph = csr_matrix((edge_lengths(vertices, links) / unit, links.T), shape=(count, count))
        lengths = np.array([edge_lengths(vertices, loop).sum() for loop in loops]) / unit
        found = [dijkstra(graph, directed=False, indices=np.unique(loop), min_only=True) for loop in loops]
        distances = np.minimum(np.stack(found, axis=1), FAR)
    # A small hole must not take a real opening's rank as it appears.
    counted = distances + 2 * np.maximum(SMALL - lengths, 0)
    order, rows = np.argsort(counted, axis=1), np.arange(count)
    columns = []
    for rank in range(NEAREST):
        loop = order[:, min(rank, order.shape[1] - 1)]
        columns += [counted[rows, loop], lengths[loop]]
    for reach in REACHES:
        decay = np.exp(-distances / reach)
        columns += [(decay * np.minimum(lengths / SMALL, 1)).sum(axis=1), (decay * lengths).sum(axis=1)]
    return np.stack(columns, axis=1)

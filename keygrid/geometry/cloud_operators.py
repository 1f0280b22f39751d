"""Differential operators and intrinsic features of a cloud of cloth, in the same form as those of a surface.

A plain graph of a cloud's nearest neighbours connects layers that touch. Here, the strength of an edge depends on the
certainty that both ends face out on the same side, which separates layers with opposite outward normals
(`keygrid.geometry. orientation`). Lengths are divided by the square root of the area, and nothing depends on where or
how the cloud lies.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, vstack
from scipy.spatial import cKDTree

from keygrid.errors import KeygridError
from keygrid.geometry.operators import (
    EIGENPAIRS,
    LONGEST,
    SHORTEST,
    SIGNATURES,
    Operators,
    eigenpairs,
    heat_kernel_signatures,
)
from keygrid.geometry.orientation import farthest, oriented_normals

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NODES = 1024
"""Maximum number of nodes for the operators; values at other points are interpolated."""
NEIGHBOURS = 16
FEWEST = 16
"""Minimum number of different points in a cloud."""
_CARRIED = 4
"""Number of nodes from which a point's values are interpolated."""
_LOOSE = 1e-3
"""Strength of an edge between layers or uncertain points, relative to one within a layer; keeps the graph connected.
"""
_FARTHEST = 12.0
"""Exponent of the weakest edge, so that stray points have edges as well."""
_BESIDE = 2.6
"""Distance within which neighbours are used to detect a border, in spacings."""
_PACKING = 0.8
"""Area of a node in squared spacings: distant points have about their fourth neighbour there."""
_COUNTED = 0.1
"""Certainty that a neighbour is on the same layer, above which it closes a gap."""
_STIFF = 0.05
"""Moment, in squared spacings, below which neighbours contain little information about a gradient."""
LOCAL = 6
FEATURES = SIGNATURES + LOCAL


def cloud_operators(points: Floats) -> Operators:
    """Return the operators of a cloud, (N, 3) in any units; `carry` maps values on the nodes to the cloud's points.

    Raises:
        KeygridError: the cloud has too few different points.
    """
    different, label = np.unique(points, axis=0, return_inverse=True)
    if len(different) < FEWEST:
        raise KeygridError(f"A cloud needs at least {FEWEST} different points; this one has {len(different)}.")
    every, dense = oriented_normals(different)
    # Farthest in position and direction together, so that each of several touching layers keeps some points.
    chosen = farthest(np.concatenate([different / dense, 2 * every], axis=1), NODES)
    nodes, normals = different[chosen], every[chosen]
    tree = cKDTree(nodes)
    distance, index = _nearest(tree, nodes, NEIGHBOURS + 1)
    spacing = float(np.median(distance[:, 4]))
    distance, index = distance[:, 1:] / spacing, index[:, 1:]
    alike = np.clip(np.einsum("ni,nki->nk", normals, normals[index]), _LOOSE, None)
    weights = np.exp(-np.minimum(np.square(distance) / 2, _FARTHEST)) * alike
    laplacian, area = _laplacian(weights, index)
    values, basis = eigenpairs(laplacian.tocsc(), area, EIGENPAIRS)
    offsets = (nodes[index] - nodes[:, None]) / spacing
    signatures = heat_kernel_signatures(values, basis, np.geomspace(SHORTEST, LONGEST, SIGNATURES))
    features = np.concatenate([signatures, _local(normals, offsets, distance, alike)], axis=1)
    slopes = (_gradient(normals, offsets, weights, index) @ basis).reshape(3, len(nodes), -1)
    sure = np.linalg.norm(normals, axis=1)
    return Operators(
        features=features.astype(np.float32),
        values=values.astype(np.float32),
        basis=basis.astype(np.float32),
        slopes=(slopes * np.sqrt(_PACKING * len(nodes))).astype(np.float32),
        area=area.astype(np.float32),
        normals=normals.astype(np.float32),
        carry=_carry(tree, normals, spacing, different, every)[label.reshape(-1)],
        is_oriented=bool(sure.mean() > 0.5),
    )


def _nearest(tree: cKDTree, points: Floats, count: int) -> tuple[Floats, Integers]:
    """Return distances and indices, (N, count) both, of the points in a tree nearest to points (N, 3)."""
    distance, index = tree.query(points, np.arange(1, min(count, tree.n) + 1))
    return np.asarray(distance), np.asarray(index, np.int64)


def _matrix(entries: Floats, columns: Integers, width: int) -> csr_matrix:
    """Return a sparse matrix (N, width) with the given entries and columns (N, k) of each row."""
    count, each = entries.shape
    return csr_matrix((entries.ravel(), columns.ravel(), np.arange(0, count * each + 1, each)), shape=(count, width))


def _laplacian(weights: Floats, index: Integers) -> tuple[csr_matrix, Floats]:
    """Return the Laplacian (N, N) of a graph with weights and neighbours (N, k), and the nodes' area shares (N,).

    Edges with weights exp(-d^2 / 2) act over spacings like a heat kernel, whose second moment gives their scale. A node
    is weighted by its edges, so that a node with an uncertain normal and only weak edges is not isolated.
    """
    edges = _matrix(weights, index, len(weights))
    edges = edges.maximum(edges.T)
    degrees = np.asarray(edges.sum(axis=1)).ravel()
    area = degrees / degrees.sum()
    return (diags(area) - edges / degrees.sum()) * (2 * _PACKING * len(weights)), area


def _local(normals: Floats, offsets: Floats, distance: Floats, alike: Floats) -> Floats:
    """Return local features (N, LOCAL): the certainty of each normal, and signs of borders, edges and layers.

    Args:
        normals: (N, 3).
        offsets: (N, k, 3), offsets to the neighbours, in spacings.
        distance: (N, k), lengths of the offsets.
        alike: (N, k), certainty that both ends are on the same layer.
    """
    sure = np.linalg.norm(normals, axis=1)
    out = normals / np.maximum(sure, 1e-9)[:, None]
    height = np.einsum("nki,ni->nk", offsets, out)
    flat = offsets - height[..., None] * out[:, None]
    near = alike * (distance < _BESIDE)
    total = np.maximum(near.sum(axis=1), 1e-3)
    beside = np.linalg.norm((near[..., None] * flat).sum(axis=1), axis=1) / total
    bend = (near * height).sum(axis=1) / total
    other = np.exp(-np.square(distance) / 2) * (1 - np.minimum(alike, 1))
    above, below = ((other * (height * sign > 0.1)).sum(axis=1) for sign in (1, -1))
    return np.stack([sure, beside, bend, _gap(out, flat, near), above, below], axis=1)


def _gap(out: Floats, flat: Floats, near: Floats) -> Floats:
    """Return the widest angle without a neighbour on the same layer, as a share of a full turn, (N,).

    Args:
        out: (N, 3), unit normals.
        flat: (N, k, 3), offsets to the neighbours, in the tangent plane.
        near: (N, k), weight of each neighbour.
    """
    least = np.eye(3)[np.abs(out).argmin(axis=1)]
    aside = np.cross(out, least)
    ahead = np.cross(out, aside)
    angle = np.arctan2(np.einsum("nki,ni->nk", flat, ahead), np.einsum("nki,ni->nk", flat, aside)) / (2 * np.pi)
    counts = near > _COUNTED
    first = np.where(counts.any(axis=1), np.where(counts, angle, np.inf).min(axis=1, initial=1), 0)
    # A neighbour that doesn't count gets the first one's angle, and leaves no gap.
    around = np.sort(np.where(counts, angle, first[:, None]), axis=1)
    gaps = np.diff(around, axis=1, append=around[:, :1] + 1)
    return gaps.max(axis=1)


def _gradient(normals: Floats, offsets: Floats, weights: Floats, index: Integers) -> csr_matrix:
    """Return the operator (3 N, N) of gradients in the tangent plane, by weighted least squares; all x first.

    Args:
        normals: (N, 3).
        offsets: (N, k, 3), offsets to the neighbours, in spacings.
        weights: (N, k), weights of the neighbours.
        index: (N, k), indices of the neighbours.
    """
    out = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    flat = offsets - np.einsum("nki,ni->nk", offsets, out)[..., None] * out[:, None]
    moments = np.einsum("nk,nki,nkj->nij", weights, flat, flat) + out[:, :, None] * out[:, None, :]
    rise = np.linalg.solve(moments + _STIFF * np.eye(3), np.einsum("nk,nki->nik", weights, flat))  # [N, 3, k]
    count = len(normals)
    rows = [_matrix(rise[:, axis], index, count) - diags(rise[:, axis].sum(axis=1)) for axis in range(3)]
    return csr_matrix(vstack(rows))


def _carry(tree: cKDTree, normals: Floats, spacing: float, points: Floats, every: Floats) -> csr_matrix:
    """Return the matrix (N, nodes) that interpolates at points from nearby nodes on the same layer; rows sum to one.

    Args:
        tree: search tree of the nodes.
        normals: normals of the nodes.
        spacing: spacing of the nodes.
        points: (N, 3).
        every: (N, 3), normals of the points.
    """
    distance, index = _nearest(tree, points, 2 * _CARRIED)
    alike = np.clip(np.einsum("ni,nki->nk", every, normals[index]), 0, None)
    shares = np.exp(-2 * np.square(distance / spacing)) * (alike + 0.05)
    best = np.argsort(-shares, axis=1)[:, :_CARRIED]
    shares, index = np.take_along_axis(shares, best, 1), np.take_along_axis(index, best, 1)
    total = shares.sum(axis=1, keepdims=True)
    shares = np.where(total > 0, shares / np.maximum(total, 1e-300), 1 / shares.shape[1])
    return _matrix(shares, index, tree.n)

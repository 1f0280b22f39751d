"""Sewing patterns: flat panels that are cut, sewn along their seams and filled out.

A panel is a flat outline of chains; two panels with common seams are sewn front to back. The seams stay in the plane,
and the panels are displaced from it by the square root of a Poisson solution, which turns a strip of cloth into half a
tube: if u'' = -1 between seams at -a and a, then sqrt(2u) = sqrt(a^2 - x^2), a circle. Openings let the cloth continue
straight.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from keygrid.data.garment import Landmarks
from keygrid.errors import KeygridError
from keygrid.geometry.mesh import edges_of
from keygrid.simulation.remesh import nearest_material

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Point = tuple[float, float]

PATTERN_EDGE = 1.5
"""Edge length of flat panels, in centimetres; garments are remeshed afterwards."""


@dataclass(frozen=True)
class Chain:
    """A part of an outline.

    Attributes:
        points: (P, 2), from one corner to the next, centimetres.
        sewn: whether it is sewn to the other panel, or is an opening.
    """

    points: Floats
    sewn: bool


def line(start: Point, end: Point, *, bulge: float = 0.0, sewn: bool) -> Chain:
    """Return a parabola from start to end, whose middle is `bulge` centimetres to the right of the straight line."""
    a, b = np.array(start), np.array(end)
    length = float(np.linalg.norm(b - a))
    steps = max(int(np.ceil((length + 2 * abs(bulge)) / PATTERN_EDGE)), 1)
    t = np.linspace(0, 1, steps + 1)[:, None]
    along = (b - a) / length
    return Chain(a + t * (b - a) + 4 * bulge * t * (1 - t) * np.array([along[1], -along[0]]), sewn)


def mirrored(chains: Sequence[Chain]) -> list[Chain]:
    """Return the outline whose right half, from the bottom to the top of the y axis, is `chains`."""
    left = [Chain(chain.points[::-1] * [-1, 1], chain.sewn) for chain in reversed(chains)]
    return [*chains, *left]


@dataclass(frozen=True, eq=False)
class Panel:
    """A triangulated panel.

    Attributes:
        points: (V, 2) centimetres.
        faces: (F, 3), counterclockwise.
        sewn: (V,), whether each vertex is on a seam.
    """

    points: Floats
    faces: Integers
    sewn: NDArray[np.bool_]


def cut(outline: Sequence[Chain]) -> Panel:
    """Triangulate a panel with a counterclockwise outline, in which each chain begins where the last one ended."""
    import gpytoolbox

    boundary = np.concatenate([chain.points[:-1] for chain in outline])
    # A corner between a seam and an opening belongs to the seam.
    seams = np.concatenate([chain.points for chain in outline if chain.sewn])
    loop = np.stack([np.arange(len(boundary)), np.roll(np.arange(len(boundary)), -1)], axis=1)
    inside: Floats = np.empty((0, 2))
    while True:
        points, faces = gpytoolbox.triangulate_polygon(
            np.concatenate([boundary, inside]), loop, a=PATTERN_EDGE**2 / 2, steiner=False
        )
        sewn = _is_among(points, seams)
        shortcuts = _shortcuts(faces, sewn)
        if len(shortcuts) == 0:
            return Panel(points, faces.astype(np.int64), sewn)
        # Front and back would share an edge from seam to seam, and four triangles would meet there.
        inside = np.concatenate([inside, points[shortcuts].mean(axis=1)])


def _is_among(points: Floats, chosen: Floats) -> NDArray[np.bool_]:
    return np.asarray(cKDTree(chosen).query(points)[0]) < 1e-9


def _shortcuts(faces: Integers, sewn: NDArray[np.bool_]) -> Integers:
    """Return edges (E, 2) through the inside of a panel from seam to seam."""
    edges, counts = edges_of(faces)
    shortcuts: Integers = edges[(counts == 2) & sewn[edges].all(axis=1)]
    return shortcuts


def fill_out(panel: Panel, thickness: float) -> Floats:
    """Return each vertex's distance from the plane, (V,): 0 on seams, else `thickness` times half the width between."""
    import gpytoolbox
    from scipy.sparse.linalg import spsolve

    stiffness: Any = gpytoolbox.cotangent_laplacian(panel.points, panel.faces).tocsr()
    mass = gpytoolbox.massmatrix(panel.points, panel.faces).diagonal()
    free = ~panel.sewn
    u = np.zeros(len(panel.points))
    u[free] = spsolve(stiffness[free][:, free], mass[free])
    heights: Floats = thickness * np.sqrt(2 * np.maximum(u, 0))
    return heights


def sew(front: Panel, back: Panel, thickness: float) -> tuple[Floats, Integers]:
    """Return vertices (V, 3) and faces (F, 3) of two sewn panels, the front towards +z, with outward normals."""
    return sew_at(front, back, fill_out(front, thickness), fill_out(back, thickness))


def sew_at(front: Panel, back: Panel, before_seams: Floats, behind_seams: Floats) -> tuple[Floats, Integers]:
    """Return the same for panels with given distances of vertices before and behind the seams' plane, (V,) each."""
    before = np.column_stack([front.points, before_seams])
    behind = np.column_stack([back.points, -behind_seams])
    twin = np.full(len(behind), -1)
    seam_front, seam_back = np.flatnonzero(front.sewn), np.flatnonzero(back.sewn)
    distance, nearest = cKDTree(front.points[seam_front]).query(back.points[seam_back])
    if np.max(distance) > 1e-9 or len(seam_front) != len(seam_back):
        raise KeygridError("These panels can't be sewn: their seams differ in length.")
    twin[seam_back] = seam_front[nearest]
    rest = twin < 0
    twin[rest] = len(before) + np.arange(rest.sum())
    return np.concatenate([before, behind[rest]]), np.concatenate([front.faces, twin[back.faces[:, ::-1]]])


def landmarks_at(vertices: Floats, faces: Integers, places: dict[str, tuple[float, float, float]]) -> Landmarks:
    """Return landmarks at the points of a surface nearest to named places."""
    material = nearest_material(np.array(list(places.values()), np.float64), vertices, faces)
    return Landmarks(material.faces, material.barycentric, tuple(places))

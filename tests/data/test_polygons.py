"""Polygons into triangles."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from keygrid.data.readers import read_garment
from keygrid.data.readers.polygons import triangulate
from keygrid.errors import KeygridError

ARROW = np.array([[0, 0, 0], [2, -2, 0], [0, 3, 0], [-2, -2, 0]], float)
"""Concave, of area 6; the fan around its second corner covers 10."""
NECK = [(0, 0), (4, 0), (4, 4), (0, 4), (0, 0), (1, 1), (1, 3), (3, 3), (3, 1), (1, 1)]
"""A square of 16 with a hole of 4, which a bridge joins to the first corner."""


def areas(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.float64]:
    """(F, 3): normals as long as the triangles are large."""
    a, b, c = vertices[faces].transpose(1, 0, 2)
    return np.cross(b - a, c - a) / 2


def turned(points: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    matrix = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    return points @ matrix + np.array([400.0, -20, 3])


def cut(vertices: NDArray[np.float64], ring: list[int]) -> NDArray[np.int64]:
    return triangulate(vertices, np.array(ring), np.array([len(ring)]))


@pytest.mark.parametrize("first", range(4))
def test_concave_polygons_cover_what_they_enclose(first: int) -> None:
    ring = np.roll(np.arange(4), first).tolist()
    for seed in range(5):
        vertices = turned(ARROW, seed)
        normals = areas(vertices, cut(vertices, ring))
        assert np.linalg.norm(normals, axis=1).sum() == pytest.approx(6)
        assert (normals @ normals[0] > 0).all()


@pytest.mark.parametrize("is_flipped", [False, True])
def test_a_hole_that_a_bridge_joins_to_the_edge_stays_open(is_flipped: bool) -> None:
    corners = np.array([(*corner, 0) for corner in dict.fromkeys(NECK)], float)
    places = {tuple(corner): index for index, corner in enumerate(corners[:, :2].tolist())}
    ring = [places[corner] for corner in NECK][:: -1 if is_flipped else 1]
    vertices = turned(corners, 1)
    faces = cut(vertices, ring)
    normals = areas(vertices, faces)
    assert np.linalg.norm(normals, axis=1).sum() == pytest.approx(12)
    outline = vertices[ring] - vertices[0]
    assert (normals @ np.cross(outline, np.roll(outline, -1, axis=0)).sum(axis=0) > 0).all()
    assert set(faces.ravel().tolist()) == set(range(8))


def test_corners_on_a_straight_edge_are_all_used() -> None:
    """A neighbour that has them as corners would gape otherwise."""
    outline = [(0, 0), (1, 0), (2, 0), (3, 0), (3, 1), (3, 2), (3, 3), (2, 3), (2, 1), (1, 1), (1, 3), (0, 3), (0, 2)]
    vertices = np.array([(*corner, 0) for corner in outline], float)
    for first in range(len(outline)):
        faces = cut(vertices, np.roll(np.arange(len(outline)), first).tolist())
        assert np.linalg.norm(areas(vertices, faces), axis=1).sum() == pytest.approx(7)
        assert set(faces.ravel().tolist()) == set(range(len(outline)))
        assert len(faces) == len(outline) - 2


def test_convex_polygons_are_fans_and_all_stay_in_order() -> None:
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0.2], [0, 1, 0]], float)
    vertices = np.vstack([square, ARROW + 9])
    ring = [0, 1, 2, 3, 5, 6, 7, 4, 0, 1, 2, 3, 2, 1]
    faces = triangulate(vertices, np.array(ring), np.array([4, 4, 3, 3]))
    np.testing.assert_array_equal(faces[:2], [[0, 1, 2], [0, 2, 3]])
    assert sorted(map(sorted, faces[2:4].tolist())) == [[4, 5, 6], [4, 6, 7]]
    np.testing.assert_array_equal(faces[4:], [[0, 1, 2], [3, 2, 1]])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2\nf 1 2 3\nf 3\n"),
        ("a.off", "OFF\n3 3 0\n0 0 0\n1 0 0\n0 1 0\n2 0 1\n3 0 1 2\n1 2\n"),
        (
            "a.ply",
            "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
            "element face 3\nproperty list uchar int vertex_indices\nend_header\n"
            "0 0 0\n1 0 0\n0 1 0\n2 0 1\n3 0 1 2\n1 2\n",
        ),
    ],
)
def test_faces_of_fewer_than_three_corners_are_left_out_and_counted(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    garment = read_garment(tmp_path / name)
    np.testing.assert_array_equal(garment.faces, [[0, 1, 2]])
    assert garment.notes == ("2 faces with fewer than three corners left out.",)


def test_a_file_of_nothing_but_such_faces_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.obj").write_text("v 0 0 0\nv 1 0 0\nf 1 2\n")
    with pytest.raises(KeygridError, match="only faces with fewer than three corners"):
        read_garment(tmp_path / "a.obj")

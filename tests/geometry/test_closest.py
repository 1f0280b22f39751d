import numpy as np

from keygrid.geometry.closest import closest


def test_the_closest_point_may_be_on_a_corner_an_edge_or_inside() -> None:
    vertices, faces = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]), np.array([[0, 1, 2]])
    points = np.array([[-1.0, -1, 2], [0.5, -3, 0], [0.2, 0.3, 5], [1, 1, 0]])
    triangles, weights = closest(points, vertices, faces)
    nearest = np.einsum("mc,mcd->md", weights, vertices[faces[triangles]])
    np.testing.assert_allclose(nearest, [[0, 0, 0], [0.5, 0, 0], [0.2, 0.3, 0], [0.5, 0.5, 0]], atol=1e-9)

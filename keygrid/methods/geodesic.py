"""Farthest points along the cloth."""

import numpy as np
from scipy.sparse.csgraph import dijkstra

from keygrid.errors import KeygridError
from keygrid.geometry.mesh import edges_of, surface_graph
from keygrid.methods.unlearned import Floats, Pose, UnlearnedMethod


class Geodesic(UnlearnedMethod):
    """The vertices farthest from each other along the cloth as it is posed; each further piece of cloth comes first.

    The first one is an end of the cloth: the vertex farthest from the one that is farthest from the middle.
    """

    needs_surface = True

    def choose(self, pose: Pose) -> Floats:
        """Choose (K, 3) of the vertices of triangles.

        Raises:
            KeygridError: there are fewer of them.
        """
        used, faces = np.unique(pose.garment.faces, return_inverse=True)
        if len(used) < self.keypoints:
            raise KeygridError(
                f"{pose.garment.name} has {len(used)} vertices, but {self.id.label} needs {self.keypoints}; "
                "ask for fewer keypoints."
            )
        vertices = pose.vertices[used]
        faces = faces.reshape(-1, 3)
        graph = surface_graph(vertices, faces, edges_of(faces)[0])

        def distances(source: int) -> Floats:
            return dijkstra(graph, directed=False, indices=np.array([source]))[0]

        middle = int(np.square(vertices - pose.points.mean(axis=0)).sum(axis=1).argmin())
        found = distances(middle)
        end = distances(int(np.where(np.isfinite(found), found, -1).argmax()))
        chosen = [int(np.where(np.isfinite(end), end, -1).argmax())]
        nearest = distances(chosen[0])
        while len(chosen) < self.keypoints:
            chosen.append(int(nearest.argmax()))
            nearest = np.minimum(nearest, distances(chosen[-1]))
        return vertices[chosen]

"""Intrinsic Shape Signatures (Zhong, ICCV Workshops 2009), as Open3D has them."""

from functools import cache

import numpy as np

from keygrid.errors import KeygridError
from keygrid.methods.farthest import farthest
from keygrid.methods.unlearned import Floats, Integers, Pose, UnlearnedMethod
from keygrid.work import CrashedError, Processes, is_isolated

RADIUS = 0.2
"""Radius of the ball in which a point's surroundings are looked at, normalised."""

SUPPRESSION = 0.12
"""Radius in which only the most salient point stays, normalised."""


class Iss(UnlearnedMethod):
    """The points at which the surroundings vary in all three directions; of more than K the farthest from each other.

    Where there are fewer than K, the farthest other points of the cloud are added. Open3D runs in a process of its own,
    so that a crash of it does not end the program.
    """

    def choose(self, pose: Pose) -> Floats:
        """Choose (K, 3) of the drawn points.

        Raises:
            KeygridError: Open3D crashed.
        """
        points = pose.normalisation.apply(pose.points)
        salient = self._detect(points)
        if len(salient) >= self.keypoints:
            chosen = salient[farthest(points[salient], self.keypoints)]
        else:
            chosen = _completed(points, salient, self.keypoints)
        return pose.points[chosen]

    def _detect(self, points: Floats) -> Integers:
        if is_isolated():
            return detect(points)
        try:
            return _process().submit(detect, points).result()
        except CrashedError as error:
            raise KeygridError("Open3D crashed while it looked for ISS keypoints; choose another method.") from error


@cache
def _process() -> Processes:
    return Processes(1)


def detect(points: Floats) -> Integers:
    """(S,), indices of the salient points of a normalised cloud (N, 3), in order."""
    import open3d

    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points))
    found = open3d.geometry.keypoint.compute_iss_keypoints(cloud, RADIUS, SUPPRESSION)
    # Open3D gives places, in an order that depends on its threads.
    places = {tuple(place) for place in np.asarray(found.points).tolist()}
    return np.array([index for index, point in enumerate(points.tolist()) if tuple(point) in places], dtype=np.int64)


def _completed(points: Floats, chosen: Integers, count: int) -> Integers:
    found = chosen.tolist() or farthest(points, 1).tolist()
    nearest = np.square(points[:, None] - points[found]).sum(axis=-1).min(axis=1)
    while len(found) < count:
        found.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.square(points - points[found[-1]]).sum(axis=1))
    return np.array(found, dtype=np.int64)

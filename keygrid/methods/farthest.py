"""Farthest points of a garment's cloud, chosen in each pose or held still."""

import numpy as np
import torch
from scipy.spatial import cKDTree

from keygrid.geometry.points import farthest_points
from keygrid.methods.unlearned import Floats, Integers, Pose, UnlearnedMethod


class Farthest(UnlearnedMethod):
    """The farthest points of the posed cloud, beginning with the point farthest from the cloud's mean."""

    def choose(self, pose: Pose) -> Floats:
        """Choose (K, 3) from the drawn points."""
        return pose.points[farthest(pose.normalisation.apply(pose.points), self.keypoints)]


class Still(UnlearnedMethod):
    """Points held still in the garment's bounding box, moved to the nearest cloth of each pose.

    They are the farthest points of the first frame, or of the shape at rest if that is requested.
    """

    def choose(self, pose: Pose) -> Floats:
        """Choose (K, 3) from the drawn points."""
        first = pose if pose.frame is None else pose.at(0)
        held = first.normalisation.apply(first.points)
        held = held[farthest(held, self.keypoints)]
        here = pose.normalisation.apply(pose.points)
        return pose.points[cKDTree(here).query(held)[1]]


def farthest(points: Floats, count: int) -> Integers:
    """Return indices (count,) of the farthest points of (N, 3), beginning with the one farthest from their mean."""
    start = int(np.square(points - points.mean(axis=0)).sum(axis=1).argmax())
    return farthest_points(torch.from_numpy(points)[None], count, start)[0].numpy()

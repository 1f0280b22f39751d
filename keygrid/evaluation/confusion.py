"""Kinds of wrong places at which keypoints are found: mirrored, on another layer, or elsewhere."""

import numpy as np
from numpy.typing import NDArray

from keygrid.evaluation.metrics import Track
from keygrid.evaluation.symmetry import FLIPS, images

KINDS = ("right", *FLIPS, "layer", "elsewhere")
"""The right place, its mirror images, the right place on another layer, and any other place."""

NEAR = 0.1
"""Largest distance along the cloth at which a place counts as found, divided by the square root of the area."""


def confusion(track: Track, up: int = 1, depth: int = 2) -> NDArray[np.float64]:
    """Return each keypoint's share of frames at each of `KINDS`: (K, len(KINDS)), rows sum to one.

    A place counts as the first kind that it is close enough to: a keypoint near the middle of a garment is close to its
    own mirror image, and counts as right.

    Args:
        track: track of a garment that is upright at rest.
        up: its vertical axis.
        depth: the axis from back to front.
    """
    keypoints = np.arange(track.places.shape[1])
    distances = [track.from_home[keypoints, image[track.places]] for image in images(track, up, depth)]
    near = np.stack([*distances, track.tolerant]) <= NEAR  # [right, flips, layer][T, K]
    first = np.where(near.any(axis=0), near.argmax(axis=0), len(KINDS) - 1)  # [T, K]
    shares: NDArray[np.float64] = (first[..., None] == np.arange(len(KINDS))).mean(axis=0)
    return shares

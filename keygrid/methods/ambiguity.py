"""Detection of garments whose front and back are ambiguous: the half-turn about the vertical swaps them, and the sides.

Outward normals rule out mirror images, but not the half-turn; only differences between front and back, such as a
neckline, do. If there are none, a network that has to choose follows the noise of the triangulation, so the user should
be told.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Floats = NDArray[np.floating]

_SPREAD = 0.15
"""Root mean square distance of places from the axis below which they only express heights."""
_SHARE = 0.12
"""Minimum share of each quarter of a garment, such as front left; uncertain networks leave some quarters nearly empty.
"""
_QUERIES = 1024
"""Number of points whose image is looked up."""
_RATIOS = (1.4, 1.2)
"""Minimum ratios of the change under the half-turn to that from left to right, for heat kernel signatures and for
distances to openings. Shirts with equal necklines had at most 1.28 and 1.17; distinguishable ones had at least 1.25 in
the second (neckline deeper by two centimetres), mostly two to three.
"""
_CLEAR = 0.2
"""Change in distances to openings, in standard deviations, that is never noise, even if left and right differ."""


def is_ambiguous(places: Floats, features: Floats, signatures: int) -> bool:
    """Return whether a garment is indistinguishable from its image under the half-turn.

    Args:
        places: (N, 3), a network's places, on a garment of its kind, of points spread evenly over the surface.
        features: (N, F), intrinsic features of these points, with standard deviation one.
        signatures: number of heat kernel signatures, which come first; the others describe openings.
    """
    across = places[:, [0, 2]]
    if np.sqrt(np.square(across).sum(axis=1).mean()) < _SPREAD:
        return True
    quarters = np.bincount((across > 0) @ [1, 2], minlength=4) / len(across)
    if quarters.min() < _SHARE:
        return True
    tree = cKDTree(places)
    chosen = slice(None, None, max(len(places) // _QUERIES, 1))

    def changes(*sign: float) -> Floats:
        image = tree.query(places[chosen] * np.array(sign))[1]
        change = np.abs(features[chosen] - features[image]).mean(axis=0)
        return np.array([change[:signatures].mean(), change[signatures:].mean()])

    turned, mirrored = changes(-1, 1, -1), changes(-1, 1, 1)
    return not (turned[1] > _CLEAR or (turned > np.array(_RATIOS) * mirrored).any())

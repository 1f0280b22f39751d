"""Can a garment's front be told from its back? A half-turn about the vertical swaps both, and left and right with them.

Outward normals rule out mirror images, but not the half-turn; only what makes the front differ does, as a neckline.
Where nothing does, a network that has to choose follows the noise of the triangulation, which is worse than saying so.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Floats = NDArray[np.floating]

_SPREAD = 0.15
"""Root mean square of how far places are from the axis, below which they say nothing but heights."""
_SHARE = 0.12
"""Least share of each quarter of a garment, such as front left; a network that hesitates gives one that of another."""
_QUERIES = 1024
"""Points of which the image is looked up."""
_RATIOS = (1.4, 1.2)
"""Ratios by which heat kernel signatures, and distances to openings, must change more under the half-turn than left to
right. Shirts whose necklines are the same in front and behind had at most 1.28 and 1.17, told ones at least 1.25 in the
second (neckline deeper by two centimetres), and most two to three."""
_CLEAR = 0.2
"""Change in distances to openings, in standard deviations, that is never noise, though left may differ from right."""


def is_ambiguous(places: Floats, features: Floats, signatures: int) -> bool:
    """Return whether nothing tells a garment from its image under the half-turn.

    Args:
        places: (N, 3), where on a garment of its kind points spread evenly over the surface are, as a network has it.
        features: (N, F), intrinsic features there, each of standard deviation one.
        signatures: how many of them, the first ones, are heat kernel signatures; the others are of openings.
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

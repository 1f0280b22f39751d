"""Colours of keypoints, the same in every view and file."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.uint8]

DEFAULT = "Okabe–Ito"

PALETTES: dict[str, Colours] = {
    # Which people with colour-vision deficiencies tell apart. Their black comes last: it is lost on a dark background,
    # and so is light grey in its stead on a light one, hence a mid grey.
    DEFAULT: np.array(
        [
            (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66),
            (0, 114, 178), (213, 94, 0), (204, 121, 167), (128, 128, 128),
        ],
        dtype=np.uint8,
    ),
    # Paul Tol's bright scheme, for colour-vision deficiencies, too.
    "Tol bright": np.array(
        [
            (68, 119, 170), (238, 102, 119), (34, 136, 51), (204, 187, 68),
            (102, 204, 238), (170, 51, 119), (128, 128, 128),
        ],
        dtype=np.uint8,
    ),
    # Tableau's ten, as Matplotlib has them: more hues, some of which look alike to some.
    "Tableau": np.array(
        [
            (31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189),
            (140, 86, 75), (227, 119, 194), (127, 127, 127), (188, 189, 34), (23, 190, 207),
        ],
        dtype=np.uint8,
    ),
}  # fmt: skip
"""Palettes by name; their colours are distinct on light and dark backgrounds."""


def colours(count: int, palette: str = DEFAULT) -> Colours:
    """Return red, green, blue (count, 3); after its last colour, a palette repeats in lighter or darker shades."""
    return _colours(count, palette).copy()  # whoever asks may change some


@lru_cache(maxsize=64)
def _colours(count: int, palette: str) -> Colours:
    own = PALETTES[palette]
    rounds = np.arange(count) // len(own)
    base = own[np.arange(count) % len(own)].astype(np.float64)
    amount = (rounds % 4 + 1) // 2 * 0.3
    target = np.where(rounds % 2 == 1, 255.0, 0.0)
    mixed = base + (target[:, None] - base) * np.where(rounds % 4 == 0, 0, amount)[:, None]
    return mixed.round().astype(np.uint8)

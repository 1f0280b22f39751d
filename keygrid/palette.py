"""Colours of keypoints, the same in every view and file."""

import numpy as np
from numpy.typing import NDArray

# Okabe and Ito's colours, which people with colour-vision deficiencies tell apart. Their black comes last: it is lost
# on a dark background, and so is light grey in its stead on a light one, hence a mid grey.
_OKABE_ITO = np.array(
    [
        (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66),
        (0, 114, 178), (213, 94, 0), (204, 121, 167), (128, 128, 128),
    ],
    dtype=np.uint8,
)  # fmt: skip


def colours(count: int) -> NDArray[np.uint8]:
    """(count, 3) red, green, blue; beyond eight they repeat, lighter or darker, and numbers tell them apart."""
    rounds = np.arange(count) // len(_OKABE_ITO)
    base = _OKABE_ITO[np.arange(count) % len(_OKABE_ITO)].astype(np.float64)
    amount = (rounds % 4 + 1) // 2 * 0.3
    target = np.where(rounds % 2 == 1, 255.0, 0.0)
    mixed = base + (target[:, None] - base) * np.where(rounds % 4 == 0, 0, amount)[:, None]
    return mixed.round().astype(np.uint8)

"""Parametric garments: one class per category, whose fields are a tailor's measures."""

from collections.abc import Sequence

import numpy as np

from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.simulation.cutting import ORIGIN, Pattern
from keygrid.simulation.garments.bottoms import Dress, Skirt, Trousers
from keygrid.simulation.garments.hat import Hat
from keygrid.simulation.garments.tops import TShirt, Vest

__all__ = ["ORIGIN", "PATTERNS", "Dress", "Hat", "Pattern", "Skirt", "TShirt", "Trousers", "Vest", "tailored"]

PATTERNS: dict[str, type[Pattern]] = {p.category: p for p in (TShirt, Trousers, Skirt, Dress, Vest, Hat)}
"""All categories by name."""


def tailored(category: str, seed: int | None, measures: Sequence[str]) -> Garment:
    """Return a garment of a category.

    Args:
        category: a key of `PATTERNS`.
        seed: seed for random measures; the usual measures if None.
        measures: `NAME=VALUE`, which override the others.

    Raises:
        KeygridError: a measure is unknown, not a number, or impossible for cloth.
    """
    kind = PATTERNS[category]
    pattern = kind() if seed is None else kind.sampled(np.random.default_rng(seed))
    known = pattern.parameters
    for text in measures:
        name, _, value = text.partition("=")
        if name not in known:
            raise KeygridError(f"{category} has no measure {name!r}; its measures are {', '.join(known)}.")
        try:
            known[name] = float(value)
        except ValueError as error:
            raise KeygridError(f"The measure {name} must be a number; you gave {value!r}.") from error
    try:
        garment = kind(**known).build(category)
    except (ValueError, ZeroDivisionError, IndexError) as error:
        raise _contradiction(category) from error
    # Only a hat's brim hangs below the height where measuring begins.
    if kind is not Hat and garment.bounds[0, 1] < -1e-6:
        raise _contradiction(category)
    return garment


def _contradiction(category: str) -> KeygridError:
    return KeygridError(
        f"No {category} can be cut to these measures, because they contradict each other; set fewer of them."
    )

"""Checks of constants. A checkpoint's header holds any JSON at all, so neither types nor sizes are sure."""

from collections.abc import Callable, Mapping
from reprlib import repr as shortened

from keygrid.errors import KeygridError

Widths = tuple[int, ...]

MAXIMUM_POINTS = 2**17
MAXIMUM_CENTROIDS = 2**14
MAXIMUM_WIDTH = 2**13
MAXIMUM_VALUES = 2**28
"""Most values in one layer for one garment."""
MAXIMUM_LAYERS = 8
_SMALLEST = 1e-12


def refuse_unless(config: object, possible: Mapping[str, bool]) -> None:
    """Raise `KeygridError`, naming the attribute of `config`, at the first name in `possible` that does not hold."""
    for name, holds in possible.items():
        if not holds:
            raise KeygridError(f"{name} = {shortened(getattr(config, name))} is beyond what a network can have.")


def is_whole(value: object, low: int, high: int) -> bool:
    """Return whether `value` is an integer, and no bool, from `low` to `high`."""
    return type(value) is int and low <= value <= high


def is_positive(value: object) -> bool:
    """Return whether `value` is a number above 0 whose square and that square's inverse are numbers, too."""
    return isinstance(value, int | float) and type(value) is not bool and _SMALLEST <= value <= 1 / _SMALLEST


def is_each(values: object, count: int, holds: Callable[[object], bool]) -> bool:
    """Return whether `values` is a tuple of `count` values, for each of which `holds` is true."""
    return isinstance(values, tuple) and len(values) == count and all(map(holds, values))


def is_layers(widths: object) -> bool:
    """Return whether `widths` is a tuple of the widths of one or a few layers."""
    return (
        isinstance(widths, tuple)
        and 0 < len(widths) <= MAXIMUM_LAYERS
        and all(is_whole(width, 1, MAXIMUM_WIDTH) for width in widths)
    )

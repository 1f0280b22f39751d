"""Curves of errors over disturbances: one evaluation for each level of each disturbance."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from keygrid.data.garment import Garment
from keygrid.evaluation.disturbance import LEVELS, SURFACES, Disturbance, Kind
from keygrid.evaluation.protocol import Protocol, Values, judge
from keygrid.methods import Method
from keygrid.methods.farthest import Still
from keygrid.work import Workers


@dataclass(frozen=True)
class Point:
    """One level of one disturbance.

    Attributes:
        kind: kind of disturbance.
        level: strength of the disturbance.
        method: name of the method.
        values: means over garments, turned and across motions.
    """

    kind: Kind
    level: float
    method: str
    values: Values


def curves(
    methods: Sequence[Method],
    garments: Iterable[Garment],
    protocol: Protocol,
    kinds: Sequence[Kind],
    report: Callable[[str], None] = lambda _: None,
    executor: Workers | None = None,
) -> list[Point]:
    """Score methods at all levels of some disturbances.

    Methods that read the surface are left out of disturbances that do not apply to meshes. Points held still are always
    left out: disturbed frames are independent, so there is no first frame to hold them from.

    Args:
        methods: the methods.
        garments: as for `judge`.
        protocol: how garments are shown otherwise.
        kinds: the disturbances.
        report: receives each finished kind and level.
        executor: as for `judge`.

    Raises:
        KeygridError: as for `judge`.
    """
    found = []
    for points in each_level(methods, list(garments), protocol, kinds, executor):
        found += points
        report(f"{points[0].kind} {points[0].level:g}")
    return found


def each_level(
    methods: Sequence[Method],
    garments: Sequence[Garment],
    protocol: Protocol,
    kinds: Sequence[Kind],
    executor: Workers | None = None,
) -> Iterator[list[Point]]:
    """Score methods as `curves` does, and yield the points of each level as soon as they are known."""
    for kind in kinds:
        able = able_to(kind, methods)
        for level in LEVELS[kind] if able else ():
            seen = replace(protocol, disturbance=Disturbance(kind, level))
            judged = judge(able, garments, seen, executor=executor)
            yield [Point(kind, level, one.name, one.mean["across"]) for one in judged]


def able_to(kind: Kind, methods: Sequence[Method]) -> list[Method]:
    """Return the methods to which garments with this disturbance can be shown."""
    return [
        method for method in methods if not isinstance(method, Still) and (not method.needs_surface or kind in SURFACES)
    ]

"""Curves of errors over disturbances: one evaluation for each level of each disturbance."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from keygrid.data.garment import Garment
from keygrid.evaluation.disturbance import LEVELS, SURFACES, Disturbance, Kind
from keygrid.evaluation.protocol import Protocol, Values, judge
from keygrid.methods import Method
from keygrid.work import Workers


@dataclass(frozen=True)
class Point:
    """One level of one disturbance.

    Attributes:
        kind: how garments are seen badly.
        level: how badly.
        method: name of the method.
        values: turned and across motions, mean over garments.
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
    """Judge methods at all levels of some disturbances.

    A method that reads the surface is left out where a mesh can't be disturbed so. Points that are held still begin
    anew in each frame.

    Args:
        methods: the methods.
        garments: as of `judge`.
        protocol: how garments are shown besides.
        kinds: the disturbances.
        report: receives the kind and level that have been judged.
        executor: as of `judge`.

    Raises:
        KeygridError: as of `judge`.
    """
    kept, found = list(garments), []
    for kind in kinds:
        able = [method for method in methods if not method.needs_surface or kind in SURFACES]
        for level in LEVELS[kind] if able else ():
            seen = replace(protocol, disturbance=Disturbance(kind, level))
            judged = judge(able, kept, seen, executor=executor)
            found += [Point(kind, level, one.name, one.mean["across"]) for one in judged]
            report(f"{kind} {level:g}")
    return found

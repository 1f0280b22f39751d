"""Work that takes turns in one process, so that what slows the machine down slows all of it alike."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles

Work = Callable[[], object]


@dataclass(frozen=True)
class Times:
    """Seconds of every round, of a reference and of what is compared with it.

    Attributes:
        reference: of the reference.
        ours: of ours, in the same rounds.
    """

    reference: list[float]
    ours: list[float]

    @property
    def ratio(self) -> float:
        """Ratio of the reference's time to ours, by medians."""
        return median(self.reference) / median(self.ours)

    @property
    def spread(self) -> tuple[float, float]:
        """First and third quartile of the rounds' own ratios."""
        low, _, high = quantiles([a / b for a, b in zip(self.reference, self.ours, strict=True)], method="inclusive")
        return low, high


def take_turns(reference: Work, ours: Work, rounds: int, *, clock: Callable[[], float] = time.process_time) -> Times:
    """Measure both in every round, after one that does not count."""
    times = Times([], [])
    for counts in [False] + [True] * rounds:
        for work, into in ((reference, times.reference), (ours, times.ours)):
            # What is short is repeated, because the clock's and the scheduler's grain is about a millisecond.
            repeats = 1
            while (seconds := _time(work, repeats, clock)) < 0.02 and repeats < 64:
                repeats *= 4
            if counts:
                into.append(seconds / repeats)
    return times


def _time(work: Work, repeats: int, clock: Callable[[], float]) -> float:
    began = clock()
    for _ in range(repeats):
        work()
    return clock() - began

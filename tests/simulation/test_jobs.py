"""Jobs in real processes: results, failures, crashes, interruption."""

import multiprocessing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from keygrid.simulation.jobs import Outcome, run_jobs


@pytest.fixture
def jobs(monkeypatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    import sample_jobs

    yield sample_jobs
    assert multiprocessing.active_children() == []


def outcomes(work: list, processes: int) -> tuple[dict[int, Outcome], list[tuple[int, int, int]]]:
    ended: dict[int, Outcome] = {}
    reports: list[tuple[int, int, int]] = []
    run_jobs(work, processes, lambda *report: reports.append(report), lambda job, outcome: ended.update({job: outcome}))
    return ended, reports


def test_every_job_is_done_once_and_reports(jobs):
    ended, reports = outcomes([partial(jobs.count, to=to) for to in (1, 2, 3)], processes=2)
    assert sorted(ended) == [0, 1, 2]
    assert not any(outcome.failure for outcome in ended.values())
    assert len({outcome.result for outcome in ended.values()}) == 2  # processes are used again
    assert sorted(reports) == [(0, 1, 1), (1, 1, 2), (1, 2, 2), (2, 1, 3), (2, 2, 3), (2, 3, 3)]


def test_a_failure_is_said_in_words_and_the_others_go_on(jobs):
    ended, _ = outcomes([jobs.refuse, partial(jobs.count, to=1)], processes=1)
    assert ended[0].failure == "This can't be done."
    assert ended[1].result


def test_a_crash_ends_one_job_only(jobs):
    ended, _ = outcomes([jobs.crash, partial(jobs.count, to=1)], processes=1)
    assert "ended unexpectedly" in ended[0].failure
    assert ended[1].result


def test_an_interruption_leaves_no_process_behind(jobs):
    def interrupt(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_jobs([jobs.sleep, jobs.sleep], 2, interrupt, lambda *_: None)


def test_nothing_to_do():
    assert outcomes([], processes=2) == ({}, [])

"""The priority of background work: what a user waits for comes first."""

import psutil

NICENESS = 10
"""Niceness of a background process, where the system has such a number."""


def lower_priority(process: psutil.Process) -> None:
    """Lower the priority of a process, for the rest of its life; a second time without effect.

    Raises:
        psutil.Error: the process has ended, or belongs to another user.
    """
    if psutil.WINDOWS:
        process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        process.nice(max(process.nice(), NICENESS))

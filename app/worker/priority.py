"""The priority of background work, so that the user's requests come first."""

import psutil

NICENESS = 10
"""Niceness of a background process, on systems that have such a number."""


def lower_priority(process: psutil.Process) -> None:
    """Lower a process's priority permanently; repeated calls have no further effect.

    Raises:
        psutil.Error: the process has ended, or belongs to another user.
    """
    if psutil.WINDOWS:
        process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        process.nice(max(process.nice(), NICENESS))

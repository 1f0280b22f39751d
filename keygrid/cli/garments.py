"""The command `garments`, which makes the shipped data set again."""

from pathlib import Path

from keygrid.cli.common import DEFAULT_GARMENT, need_simulator
from keygrid.errors import KeygridError
from keygrid.installation import ASSETS


def garments(*, out: Path = ASSETS / "garments", processes: int = 2, category: str = "", scheduler: str = "") -> None:
    """Make the bundled data set: the sequences that the folder lacks, and the manifest.

    Takes hours on two cores. Existing sequences stay, so an interrupted run continues.

    Example: keygrid garments --out garments --processes 4

    Parameters
    ----------
    out
        Folder of the data set.
    processes
        Number of sequences to simulate at once.
    category
        Category to make, such as Skirt; all if not given.
    scheduler
        Address or file of a Dask scheduler; its workers are used instead of processes on this machine.
    """
    need_simulator()
    from keygrid.simulation.catalogue import make_all, real_tshirt

    failed = make_all(out, real_tshirt(DEFAULT_GARMENT), processes=processes, category=category, scheduler=scheduler)
    if failed:
        raise KeygridError(f"{len(failed)} sequences failed; the first error: {failed[0]}")

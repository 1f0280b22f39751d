"""The command `simulate`, which moves a garment with a cloth simulator."""

from pathlib import Path
from typing import Literal

from keygrid.cli.common import need_simulator
from keygrid.errors import KeygridError


def simulate(
    garment: Path,
    /,
    *,
    motion: Literal["drop", "fold-sleeve", "fold-half", "drag", "lift", "fold-any", "fold-twice"],
    out: Path,
    frames: int = 20,
    seed: int = 0,
    vertices: int = 1500,
    up: Literal["x", "y", "z"] = "y",
    own_mesh: bool = False,
    device: str = "cpu",
    scheduler: str = "",
) -> None:
    """Move a garment with a cloth simulator, and write the sequence if it passes its checks.

    To continue an interrupted run, give the same command again.

    Example: keygrid simulate assets/garments/unisex_shirt.ply --motion fold-sleeve --out sequences

    Parameters
    ----------
    garment
        A manifold mesh in one piece, upright as when worn, in any unit.
    motion
        The motion to simulate.
    out
        Folder for the sequence, NAME-MOTION-SEED.npz.
    frames
        Number of frames to keep, evenly spaced over the motion.
    seed
        Seed of everything random: how the garment lies, where it is gripped, its friction and stiffness.
    vertices
        Approximate number of vertices to simulate; more take longer.
    up
        The file's vertical axis.
    own_mesh
        Write frames with the file's own vertices instead of the simulated ones.
    device
        Device that simulates, by Warp's name: cpu, cuda:0.
    scheduler
        Address or file of a Dask scheduler; one of its workers simulates the motion.
    """
    need_simulator()
    from keygrid.console import show_each
    from keygrid.data import open_path
    from keygrid.data.garment import Garment
    from keygrid.simulation.run import STARTING, Recipe, simulate_to
    from keygrid.work import open_executor

    opened = open_path(garment)
    if not isinstance(opened, Garment):
        raise KeygridError(f"{garment.name} holds {len(opened)} garments; name one of them.")
    recipe = Recipe(motion, frames, seed, vertices, up, own_mesh)
    name = f"{opened.name}-{motion}-{seed}"
    with show_each(STARTING) as (report, _), open_executor(1, scheduler=scheduler, on_report=report) as executor:
        path = executor.submit(simulate_to, opened, recipe, out, name, device=device).result()
    print(path)

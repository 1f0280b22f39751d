"""The command `simulate`: a garment moved by a cloth simulator."""

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
    """Let a cloth simulator move a garment, and write the sequence if it passes its checks.

    An interrupted run goes on where it was when the same command is given again.

    Example: keygrid simulate assets/garments/unisex_shirt.ply --motion fold-sleeve --out sequences

    Parameters
    ----------
    garment
        A mesh in one piece, manifold, worn upright, in any unit.
    motion
        The motion to simulate.
    out
        Folder of the sequence, NAME-MOTION-SEED.npz.
    frames
        Kept frames, evenly spaced over the motion.
    seed
        Of everything random: how the garment lies, where it is gripped, its friction and stiffness.
    vertices
        About how many vertices are simulated; time grows with them.
    up
        The file's vertical axis.
    own_mesh
        Keep the frames on the file's own vertices instead of those that were simulated.
    device
        As Warp names it: cpu, cuda:0.
    scheduler
        Address or file of a Dask scheduler, on one of whose workers it is simulated.
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

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
) -> None:
    """Let a cloth simulator move a garment, and write the sequence if it passes its checks.

    An interrupted run goes on where it was when the same command is given again.

    Example: python main.py simulate assets/garments/unisex_shirt.ply --motion fold-sleeve --out sequences

    Parameters
    ----------
    garment
        A mesh in one piece, manifold, worn upright, in any unit.
    motion
        What is done to it.
    out
        Folder of the sequence, NAME-MOTION-SEED.npz.
    frames
        Kept frames, evenly spaced over the motion.
    seed
        Of everything random: how the garment lies, where it is gripped, its friction and stiffness.
    vertices
        About how many are simulated; time grows with them.
    up
        The file's vertical axis.
    own_mesh
        Keep the frames on the file's own vertices instead of those that were simulated.
    device
        As Warp names it: cpu, cuda:0.
    """
    need_simulator()
    from functools import partial

    from keygrid.data import open_path
    from keygrid.data.garment import Garment
    from keygrid.simulation.jobs import Outcome, run_jobs
    from keygrid.simulation.progress import show_jobs
    from keygrid.simulation.run import Recipe, job

    opened = open_path(garment)
    if not isinstance(opened, Garment):
        raise KeygridError(f"{garment.name} holds {len(opened)} garments; name one of them.")
    recipe = Recipe(motion, frames, seed, vertices, up, own_mesh)
    name = f"{opened.name}-{motion}-{seed}"
    outcomes: list[Outcome] = []
    with show_jobs([name]) as (report, _):
        work = partial(job, garment=opened, recipe=recipe, folder=out, name=name, device=device)
        run_jobs([work], 1, report, lambda _, outcome: outcomes.append(outcome))
    if outcomes[0].failure:
        raise KeygridError(outcomes[0].failure)
    print(outcomes[0].result)

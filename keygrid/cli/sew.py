"""The command `sew`: a garment made from measures."""

from pathlib import Path
from typing import Literal

from keygrid.cli.common import need_simulator


def sew(
    category: Literal["T-shirt", "Trousers", "Skirt", "Dress", "Vest", "Hat"],
    /,
    *,
    out: Path,
    seed: int | None = None,
    measure: list[str] | None = None,
) -> None:
    """Make a garment of a category, and write its mesh.

    Example: keygrid sew Trousers --seed 3 --measure length=60 --out shorts.obj

    Parameters
    ----------
    category
        What to make.
    out
        OBJ, PLY, STL, OFF or GLB, by its ending.
    seed
        Draw measures by this seed; the usual ones if not given.
    measure
        One measure as NAME=CENTIMETRES; more than one of them may be given. An unknown name lists all.
    """
    need_simulator()
    from keygrid.simulation.garments import tailored

    garment = tailored(category, seed, measure or [])
    from keygrid.prediction.files import write_mesh

    write_mesh(garment, out)

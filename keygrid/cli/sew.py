"""The command `sew`, which makes a garment from measures."""

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
        Category of the garment.
    out
        File to write; its ending sets the format: OBJ, PLY, STL, OFF or GLB.
    seed
        Seed for random measures; the usual measures if not given.
    measure
        A measure as NAME=CENTIMETRES; may be given several times. An unknown name lists all.
    """
    need_simulator()
    from keygrid.simulation.garments import tailored

    garment = tailored(category, seed, measure or [])
    from keygrid.prediction.files import write_mesh

    write_mesh(garment, out)

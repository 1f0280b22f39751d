"""The command `vary`, which makes many different garments to learn from."""

from pathlib import Path
from typing import Literal

from keygrid.cli.common import need_simulator, say
from keygrid.errors import KeygridError
from keygrid.files import make_folder

Category = Literal["T-shirt", "Trousers", "Skirt", "Dress", "Vest", "Hat"]
_TOPS: tuple[Category, ...] = ("T-shirt", "Vest", "Dress")


def vary(
    out: Path,
    /,
    *,
    count: int = 2000,
    seed: int = 0,
    category: list[Category] | None = None,
    poses: int = 2,
    moving: list[Path] | None = None,
    copies: int = 2,
) -> None:
    """Sew garments with widely varied measures, each in several poses and with different triangles.

    Existing sequences stay, so an interrupted run continues. The same seed makes the same garments.

    Each point stores its place on a standard garment of its kind. Where a skirt or hat has no distinguishable front and
    back, the place is only a height.

    Example: keygrid vary trousers --category Trousers --count 1500 --moving assets/garments

    Parameters
    ----------
    out
        Folder for the sequences; created if missing.
    count
        Number of garments to sew in each category.
    seed
        Seed of the first garment; each further garment uses the next number.
    category
        Category to sew; may be given several times. If not given, tops: mostly T-shirts, some vests and dresses.
    poses
        Number of poses of each garment: crumpled and stretched frames.
    moving
        Sequences that the command garments made, and folders of them. Their training garments of these categories are
        also written, with different triangles; these files state each vertex's place on the garment.
    copies
        Number of copies of each of those sequences.
    """
    need_simulator()
    if count < 0 or poses < 1 or copies < 1:
        raise KeygridError("--count must be 0 or more; --poses and --copies must be 1 or more.")
    from keygrid.data.dataset import Dataset
    from keygrid.data.readers.sequence import read_about, write_sequence
    from keygrid.simulation.variety import TOPS, name_of, placed, revaried, varied

    make_folder(out)
    for kind in category or (TOPS,):
        for number in range(seed, seed + count):
            path = out / f"{name_of(kind, number)}.npz"
            if not path.exists():
                write_sequence(varied(kind, number, poses), path)
                say(f"sewn {number + 1 - seed} of {count}")
    for garment in Dataset.open(moving).of_split("train") if moving else ():
        if garment.frames is None or garment.source is None or garment.category not in (category or _TOPS):
            continue
        known = placed(garment, read_about(garment.source).get("parameters") or {})
        for copy in range(copies if known is not None else 0):
            path = out / f"{garment.name}-{copy}.npz"
            if known is not None and not path.exists():
                write_sequence(revaried(known, copy), path)
                say(f"recut {garment.name}")

"""The command `vary`: garments to learn from, many and unlike each other."""

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
    """Sew garments in measures of great variety, each in several poses and with triangles of its own.

    Existing sequences stay, so an interrupted run continues. The same seed makes the same garments.

    Each point keeps its place on a standard garment of its kind. Where nothing tells a skirt's or a hat's
    front from its back, that is its height alone.

    Example: keygrid vary trousers --category Trousers --count 1500 --moving assets/garments

    Parameters
    ----------
    out
        Folder of the sequences; made if it is missing.
    count
        Garments to sew, of each category.
    seed
        Seed of the first garment; each further one has the next.
    category
        Category to sew; may be given several times. If not given, tops: T-shirts, with vests and dresses among them.
    poses
        Poses of each garment: frames that are crumpled and stretched.
    moving
        Sequences, and folders of many, whose training garments of these categories are written, too, with other
        triangles, if the command garments made them, which tells each vertex' place on a garment.
    copies
        Copies of each of those.
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

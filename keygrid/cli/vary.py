"""The command `vary`: garments to learn from, many and unlike each other."""

from pathlib import Path

from keygrid.cli.common import need_simulator, say
from keygrid.errors import KeygridError


def vary(
    out: Path,
    /,
    *,
    count: int = 2000,
    seed: int = 0,
    poses: int = 2,
    moving: list[Path] | None = None,
    copies: int = 2,
) -> None:
    """Sew tops to measures far beyond those of a wardrobe, each in some poses and on triangles of its own.

    What is there already stays, so an interrupted run goes on where it was. The same seed makes the same garments.

    Example: python main.py vary varied --count 2000 --moving assets/garments

    Parameters
    ----------
    out
        Folder of the sequences; made if it is missing.
    count
        Tops to sew.
    seed
        Of the first one; each further one has the next.
    poses
        Of each top: frames that are crumpled and stretched.
    moving
        Sequences, and folders of many, whose training garments are written, too, with other triangles, if they are tops
        that `garments` made: of those it is known where on a top each vertex is.
    copies
        Of each of those.
    """
    need_simulator()
    if count < 0 or poses < 1 or copies < 1:
        raise KeygridError("--count is 0 or more, and --poses and --copies are 1 or more.")
    from keygrid.data.dataset import Dataset
    from keygrid.data.readers.sequence import read_about, write_sequence
    from keygrid.simulation.variety import placed, revaried, varied_top

    out.mkdir(parents=True, exist_ok=True)
    for number in range(seed, seed + count):
        path = out / f"top-{number:05d}.npz"
        if not path.exists():
            write_sequence(varied_top(number, poses), path)
            say(f"sewn {number + 1 - seed} of {count}")
    for garment in Dataset.open(moving).of_split("train") if moving else ():
        about = read_about(garment.source) if garment.frames is not None and garment.source is not None else {}
        known = placed(garment, about.get("parameters") or {})
        for copy in range(copies if known is not None else 0):
            path = out / f"{garment.name}-{copy}.npz"
            if known is not None and not path.exists():
                write_sequence(revaried(known, copy), path)
                say(f"cut {garment.name} anew")

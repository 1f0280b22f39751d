"""The command `name`, which names a checkpoint's keypoints after landmarks."""

from pathlib import Path

from keygrid.errors import KeygridError
from keygrid.installation import ASSETS


def name(checkpoint: Path, /, *, garments: list[Path] | None = None) -> None:
    """Name each keypoint of a checkpoint after the landmark nearest to it on training garments.

    Names are saved beside the checkpoint, in derived-names.json; names that a user gave take precedence.

    Example: keygrid name runs/shirt/checkpoints/best.safetensors

    Parameters
    ----------
    checkpoint
        The checkpoint whose keypoints to name.
    garments
        Files, folders and collections of surfaces with landmarks; the shipped ones if not given. If the checkpoint
        states the categories that it learnt from, only those are used.
    """
    from keygrid.checkpoints.header import read_header
    from keygrid.checkpoints.labels import keep_derived
    from keygrid.data.dataset import Dataset
    from keygrid.evaluation.naming import derived_names
    from keygrid.methods import open_method

    categories = read_header(checkpoint).category.split(", ")
    known = Dataset.open(garments or [ASSETS / "garments"]).of_split("train")
    chosen = [garment for garment in known if categories == [""] or garment.category in categories]
    if not chosen:
        raise KeygridError(f"None of these garments belongs to the categories {', '.join(categories)}; give others.")
    method = open_method(checkpoint)
    names = derived_names(method, chosen)
    keep_derived(checkpoint, method.id.fingerprint, names)
    for index, given in enumerate(names):
        print(f"{index:2d} {given}")

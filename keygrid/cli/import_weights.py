"""The command `import`, which turns a file of the published code into a checkpoint."""

from pathlib import Path

from keygrid.errors import KeygridError
from keygrid.files import refuse_unwritable


def import_weights(published: Path, /, *, out: Path) -> None:
    """Turn a .pt file of the published code into a checkpoint.

    Example: keygrid import foldpant.pt --out trousers.safetensors

    Parameters
    ----------
    published
        The published code's file; no code in it is executed.
    out
        The checkpoint to write, ending in .safetensors.
    """
    if out.suffix != ".safetensors":
        raise KeygridError(f"A checkpoint's name must end in .safetensors; you gave {out.name}.")
    refuse_unwritable(out)
    from keygrid.checkpoints.published import import_published

    checkpoint = import_published(published)
    checkpoint.save(out)
    print(f"{out} holds a network of {checkpoint.config.keypoints} keypoints.")

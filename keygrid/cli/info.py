"""The command `info`: what files and folders hold."""

from pathlib import Path


def info(paths: list[Path], /, *, json: bool = False) -> None:
    """Say what files and folders hold, without reading all of it.

    Example: python main.py info assets/garments/unisex_shirt.ply

    Parameters
    ----------
    paths
        Meshes, clouds, sequences, folders of any layout the README names, or checkpoints.
    json
        As JSON: an object, or a list of several.
    """
    from json import dumps

    from keygrid.describe import as_text, describe

    found = [describe(path) for path in paths]
    if json:
        print(dumps(found[0] if len(found) == 1 else found, ensure_ascii=False, indent=2))
    else:
        print("\n\n".join(as_text(description) for description in found))

"""The command `info`, which describes files and folders."""

from pathlib import Path

from keygrid.errors import KeygridError


def info(paths: list[Path], /, *, json: bool = False) -> None:
    """Describe files and folders without reading them completely; unreadable ones are named and skipped.

    Example: keygrid info assets/garments/unisex_shirt.ply

    Parameters
    ----------
    paths
        Meshes, clouds, sequences, folders with a layout of docs/files.md, and checkpoints, by path or, for shipped
        ones, by name.
    json
        Print JSON: an object for one path, a list for several.
    """
    from json import dumps

    from keygrid.describe import as_text, describe
    from keygrid.methods.registry import checkpoint_path

    found, refused = [], []
    for path in paths:
        try:
            found.append(describe(checkpoint_path(path)))
        except KeygridError as error:
            refused.append(str(error))
            found.append({"path": str(path), "error": str(error)})
    if len(paths) == 1 and refused:
        raise KeygridError(refused[0])
    if json:
        print(dumps(found[0] if len(found) == 1 else found, ensure_ascii=False, indent=2))
    else:
        print("\n\n".join(as_text(description) for description in found))
    if refused:
        raise KeygridError(f"{len(refused)} of {len(paths)} can't be read; the first error: {refused[0]}")

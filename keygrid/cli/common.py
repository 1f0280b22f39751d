"""Common parts of commands: the default garment, shared options and messages to the user."""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from keygrid.errors import KeygridError
from keygrid.installation import ASSETS

if TYPE_CHECKING:
    from keygrid.data.collection import Entry
    from keygrid.data.garment import Garment

DEFAULT_GARMENT = ASSETS / "garments" / "unisex_shirt.ply"

Mode = Literal["soft", "peak"]
Up = Annotated[Literal["x", "y", "z", "-x", "-y", "-z"], Parameter(allow_leading_hyphen=True)]

MethodName = Annotated[str | None, Parameter(name=("--method", "--checkpoint"))]
"""The option for the method that finds keypoints; its second name dates from when all methods were checkpoints.

If it is not given, `keygrid.methods.defaults` chooses a method for the opened garment.
"""


def say(sentence: str) -> None:
    """Print a sentence on standard error, separate from results."""
    print(sentence, file=sys.stderr)


def name_skipped(most: int = 3) -> "Callable[[Entry, str], None]":
    """Return a function that prints the first `most` skipped garments, each with the reason."""
    left = most

    def name(entry: "Entry", reason: str) -> None:
        nonlocal left
        if left > 0:
            say(f"skipped {entry.path}: {reason}")
        left -= 1

    return name


def open_one(path: Path) -> "Garment":
    """Read the only garment of a file or folder.

    Raises:
        KeygridError: it can't be read, or holds several.
    """
    from keygrid.data import open_path
    from keygrid.data.collection import Collection

    opened = open_path(path)
    if isinstance(opened, Collection):
        raise KeygridError(f"{path.name} holds {len(opened)} garments; name one, such as {opened.entries[0].path}.")
    return opened


def need_simulator() -> None:
    """Raise a `KeygridError` if the extra `simulate` is not installed."""
    if find_spec("newton") is None or find_spec("gpytoolbox") is None:
        raise KeygridError("The simulator is not installed; run `pip install '.[simulate]'` in the project's folder.")

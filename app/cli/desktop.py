"""The command `desktop`, which adds the application to the menu of a Linux desktop, with an icon and file types."""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from shutil import which

from keygrid.cli.common import say
from keygrid.errors import KeygridError
from keygrid.files import atomic
from keygrid.installation import ASSETS, START

PLACES = {
    "keygrid.desktop": Path("applications"),
    "keygrid.svg": Path("icons/hicolor/scalable/apps"),
    "keygrid.xml": Path("mime/packages"),
}
"""Subfolders of the user's data folder, by the file that goes there."""

UPDATES = {"update-mime-database": "mime", "update-desktop-database": "applications"}
"""Programs that make the desktop notice the change, and the folder that each receives."""


def desktop(*, remove: bool = False) -> None:
    """Add the application to the menu of a Linux desktop, with its icon and file types; --remove removes it.

    The files go into the user's data folder, ~/.local/share unless XDG_DATA_HOME names another. Sessions then open with
    a double click; for meshes and clouds, the application is one of those offered.

    Example: keygrid desktop

    Parameters
    ----------
    remove
        Remove what this command added.
    """
    if sys.platform != "linux":
        raise KeygridError(f"desktop works on Linux only, not on {sys.platform}; start the window with view instead.")
    from platformdirs import user_data_path

    data = user_data_path()
    for name, place in PLACES.items():
        target = data / place / name
        if remove:
            target.unlink(missing_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        content = (ASSETS / "desktop" / name).read_text(encoding="utf-8").replace("{start}", exec_words(START))
        with atomic(target) as temporary:
            temporary.write_text(content, encoding="utf-8")
    for program, folder in UPDATES.items():
        if which(program) and (data / folder).is_dir():
            with suppress(OSError):
                subprocess.run([program, data / folder], check=False, stderr=subprocess.DEVNULL)
    say(f"{('Removed from' if remove else 'Added to')} the menu; its files are in {data}.")


def exec_words(words: Sequence[str]) -> str:
    """Return words quoted and escaped for the key Exec of a desktop entry."""
    quoted = []
    for word in words:
        for character in '\\"`$':
            word = word.replace(character, "\\" + character)  # noqa: PLW2901
        quoted.append('"' + word.replace("\\", "\\\\").replace("%", "%%") + '"')
    return " ".join(quoted)

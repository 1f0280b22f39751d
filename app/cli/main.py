"""The command line, which combines all parts of the project. Each command imports heavy packages only when it runs."""

import gc
import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

from cyclopts import App, CycloptsError, Parameter

import keygrid
from app.cli.view import view
from keygrid.errors import KeygridError
from keygrid.installation import IS_CHECKOUT, NAME, ONE_BLAS_THREAD

# Imported when its command is given, or when --help lists them all.
COMMANDS = {
    "convert": "keygrid.cli.convert:convert",
    "desktop": "app.cli.desktop:desktop",
    "evaluate": "keygrid.cli.evaluate:evaluate",
    "garments": "keygrid.cli.garments:garments",
    "import": "keygrid.cli.import_weights:import_weights",
    "info": "keygrid.cli.info:info",
    "name": "keygrid.cli.name:name",
    "prepare": "keygrid.cli.prepare:prepare",
    "predict": "keygrid.cli.predict:predict",
    "render": "app.cli.render:render",
    "sew": "keygrid.cli.sew:sew",
    "vary": "keygrid.cli.vary:vary",
    "simulate": "keygrid.cli.simulate:simulate",
    "train": "keygrid.cli.train:train",
    "view": "app.cli.view:view",
}

cli = App(
    name=NAME,
    help="Key-Grid Desktop: unsupervised 3D keypoints for garments and other deformable objects.",
    version=keygrid.__version__,
    help_format="plaintext",
    help_epilogue="In a checkout, type `python main.py` instead of `keygrid`." if IS_CHECKOUT else None,
    default_parameter=Parameter(negative=()),
)
cli.default(view)
for name, place in COMMANDS.items():
    cli.command(place, name=name)
if not IS_CHECKOUT:  # a shell completes commands that it finds by name
    cli.register_install_completion_command(help="Let the shell complete commands and options.")


def main() -> int:
    """Run the command line, and return the exit status: 2, after a one-line message, for invalid input."""
    words = sys.argv[1:]
    os.environ.setdefault(*ONE_BLAS_THREAD)  # before NumPy is imported
    for stream in (sys.stdout, sys.stderr):  # file names need be no text
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        _check_first(words)
        if words[:1] in (["--help"], ["-h"]):
            cli.resolved_commands()  # else the list has their names alone
        cli(words, exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except (CycloptsError, KeygridError) as error:
        return _refused(str(error))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # as of `info X | head`, which reads no further
        _end_output()
        return 0
    except OSError as error:  # such as a disk that is full or was taken away
        _end_output()
        place = f"{error.filename}: " if error.filename else ""
        return _refused(f"{place}{error.strerror or error}; check the disk and try again.")
    finally:
        gc.freeze()  # else the interpreter looks through every library's objects before it ends: a second or two
    return 0


def _refused(sentence: str) -> int:
    """Print the reason in one line, and return the exit status."""
    with suppress(OSError):  # there may be nobody to tell
        print(f"error: {' '.join(sentence.split())}", file=sys.stderr)
    return 2


def _end_output() -> None:
    """Discard the rest of the output; otherwise Python fails again on exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check_first(words: list[str]) -> None:
    """Refuse a first word that is neither a command nor a file to view: it is most likely a misspelt command."""
    first = words[0] if words else "view"
    is_path = Path(first).suffix or "/" in first or os.sep in first or Path(first).exists()
    if not (first.startswith("-") or first in COMMANDS or is_path):
        raise KeygridError(f"There is no command or file {first!r}; the commands are {', '.join(COMMANDS)}.")

"""Locations of the project's files, and commands that start it, in a checkout or from an installed wheel."""

import sys
from pathlib import Path

_PACKAGE = Path(__file__).parent

IS_CHECKOUT = not (_PACKAGE / "assets").is_dir()
"""True unless the package was installed from a wheel, which contains the assets."""

ASSETS = (_PACKAGE.parent if IS_CHECKOUT else _PACKAGE) / "assets"
"""The folder with the garments, checkpoints and desktop files that come with the project."""

NAME = "main.py" if IS_CHECKOUT else "keygrid"
"""Name of the command line in its own help."""

COMMAND = ("python", "main.py") if IS_CHECKOUT else ("keygrid",)
"""The words that start the command line, as a user types them."""

START = (sys.executable, str(_PACKAGE.parent / "main.py")) if IS_CHECKOUT else (sys.executable, "-P", "-m", "keygrid")
"""The words that start the command line from any folder, as another process needs them."""

ONE_BLAS_THREAD = ("OPENBLAS_NUM_THREADS", "1")
"""The environment variable, with its value, that limits NumPy and SciPy to one thread in a new process.

Matrices are small here, so threads mostly wait for each other, and several times longer on a busy machine.
"""

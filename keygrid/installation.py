"""The places of files that come with the project, and the ways to start it: from a checkout or an installed wheel."""

import sys
from pathlib import Path

_PACKAGE = Path(__file__).parent

IS_CHECKOUT = not (_PACKAGE / "assets").is_dir()
"""True unless the package was installed from a wheel, which has the assets inside of the package."""

ASSETS = (_PACKAGE.parent if IS_CHECKOUT else _PACKAGE) / "assets"
"""The folder with the garments, checkpoints and desktop files that come with the project."""

NAME = "main.py" if IS_CHECKOUT else "keygrid"
"""The command line's name in its own help."""

COMMAND = ("python", "main.py") if IS_CHECKOUT else ("keygrid",)
"""The words that start the command line, as a user types them."""

START = (sys.executable, str(_PACKAGE.parent / "main.py")) if IS_CHECKOUT else (sys.executable, "-P", "-m", "keygrid")
"""The words that start the command line from any folder, as another process needs them."""

ONE_BLAS_THREAD = ("OPENBLAS_NUM_THREADS", "1")
"""The environment variable, with its value, by which NumPy and SciPy use one thread in a process about to start.

Their matrices are small here: threads wait for each other, several times longer where other programs are busy.
"""

"""Start the command line from a checkout: `python main.py COMMAND ...`."""

import sys

from app.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

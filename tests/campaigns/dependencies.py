"""The table of `docs/dependencies.md`: what the project depends on, at which version, under which licence.

    python -m tests.campaigns.dependencies

Reads the metadata of what is installed here: the dependencies that `pyproject.toml` names, and theirs.
"""

# ruff: noqa: T201

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
_LONGEST = 60


def licence_of(name: str) -> str:
    """A package's licence, from where its metadata has it."""
    metadata = distribution(name).metadata
    classifiers = [word.rpartition(" :: ")[2] for word in metadata.get_all("Classifier") or [] if "License ::" in word]
    text = metadata.get("License-Expression") or ", ".join(classifiers) or metadata.get("License") or "not told"
    return " ".join(text.split())[:_LONGEST]


def needed() -> dict[str, bool]:
    """Packages by name, and whether the project names them itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    own = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    found: dict[str, bool] = {}
    waiting = [(line, "", True) for line in own]
    while waiting:
        line, extra, is_own = waiting.pop(0)
        requirement = Requirement(line)
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        is_meant = requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        if not is_meant or name in found:
            continue
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:  # for another platform
            continue
        found[name] = is_own
        waiting += [(line, each, False) for line in requires for each in ("", *requirement.extras)]
    return found


def main() -> int:
    packages = needed()
    print("| package | version | licence | named by the project |")
    print("|---|---|---|---|")
    for name in sorted(packages):
        print(f"| {name} | {distribution(name).version} | {licence_of(name)} | {'yes' if packages[name] else ''} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

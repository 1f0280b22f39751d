"""The shipped data set: its garments, their motions and their splits."""

import json
from concurrent.futures import as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from keygrid.console import show_each
from keygrid.data.formats.manifest import FORMAT, MANIFEST, SPLITS
from keygrid.data.garment import Garment
from keygrid.data.readers import read_garment
from keygrid.data.readers.sequence import read_about
from keygrid.errors import KeygridError
from keygrid.files import atomic
from keygrid.simulation.cutting import Pattern
from keygrid.simulation.garments import Dress, Hat, Skirt, Trousers, TShirt, Vest
from keygrid.simulation.landmarks import tshirt_landmarks
from keygrid.simulation.motions import MOTIONS, Motion
from keygrid.simulation.run import STARTING, Recipe, simulate_to
from keygrid.work import open_executor

LICENCE = "Apache-2.0"

COUNTS: dict[type[Pattern], int] = {TShirt: 9, Trousers: 6, Skirt: 6, Dress: 6, Hat: 6, Vest: 6}
"""Number of parametric garments per category; the real T-shirt is the tenth T-shirt."""

SHARES = {9: (6, 2, 1), 6: (4, 1, 1)}
"""Numbers of the garments in each of `SPLITS`, in this order. The real T-shirt is a test garment."""

FURTHER_TESTS: dict[type[Pattern], int] = {TShirt: 4, Trousers: 3, Skirt: 3, Dress: 3, Hat: 3, Vest: 3}
"""Number of parametric garments per category that are only for testing, numbered after those of `COUNTS`."""

TEST_MOTIONS: tuple[Motion, ...] = ("fold-any", "fold-twice", "drag")
"""Motions of test garments, in addition to those of all garments."""

FRAMES = 20
VERTICES = 1210
ATTEMPTS = 3
"""Seeds tried for a motion until it passes its checks."""


_Named = tuple[str, str, str, Pattern | None]
"""A garment's name, category and split, and its measures if it is sewn."""


@dataclass(frozen=True)
class Item:
    """One sequence of the data set.

    Attributes:
        garment: name of its garment, such as `trousers-03`.
        category: category of the garment.
        split: `train`, `validation` or `test`, the same for all sequences of a garment.
        motion: its motion.
        seed: seed of the motion's first attempt.
        pattern: measures of the garment; None for the real T-shirt.
    """

    garment: str
    category: str
    split: str
    motion: Motion
    seed: int
    pattern: Pattern | None

    @property
    def name(self) -> str:
        """Name of the sequence and, with .npz, of its file."""
        return f"{self.garment}-{self.motion}"


def items() -> list[Item]:
    """Return all sequences, motion by motion, so that whenever work stops, most garments have some."""
    garments: list[_Named] = []
    further: list[_Named] = []
    for kind, (pattern, count) in enumerate(COUNTS.items()):
        splits = [*np.repeat(SPLITS, SHARES[count]).tolist(), *["test"] * FURTHER_TESTS[pattern]]
        stem = pattern.category.lower().replace("-", "")
        for number, split in enumerate(splits):
            sampled = pattern.sampled(np.random.default_rng([kind, number]))
            named = (f"{stem}-{number + 1:02d}", pattern.category, split, sampled)
            (garments if number < count else further).append(named)
    garments.append(("tshirt-real", TShirt.category, "test", None))
    numbered = list(enumerate([*garments, *further]))
    motions: tuple[tuple[Motion, ...], ...] = (("drop",), ("fold-half", "fold-sleeve"), ("lift",))
    every = [(index, named, choices[index % len(choices)]) for choices in motions for index, named in numbered]
    tests = [(index, named, motion) for motion in TEST_MOTIONS for index, named in numbered if named[2] == "test"]
    return [
        Item(name, category, split, motion, 10 * index + MOTIONS.index(motion), pattern)
        for index, (name, category, split, pattern), motion in (*every, *tests)
    ]


def demonstrations() -> set[str]:
    """Return one example per category: a fold of a test garment."""
    last = {pattern.category: f"-{count:02d}-" for pattern, count in COUNTS.items()} | {TShirt.category: "-real-"}
    folds = (item for item in items() if item.motion in {"fold-half", "fold-sleeve"})
    return {item.name for item in folds if last[item.category] in item.name}


def real_tshirt(path: Path) -> Garment:
    """Return the real T-shirt from its file, with the landmarks of the parametric ones.

    Raises:
        KeygridError: the file can't be read, or is not a T-shirt.
    """
    garment = read_garment(path)
    origin = "unisex_shirt of the package newton 1.8.0 (Newton Physics, Apache 2.0)"
    return replace(garment, landmarks=tshirt_landmarks(garment), category=TShirt.category, origin=origin)


def make(item: Item, folder: Path, real: Garment) -> str:
    """Simulate one sequence into a folder; return the number of attempts, in words.

    Raises:
        KeygridError: no attempt passed its checks.
    """
    garment = item.pattern.build(item.garment) if item.pattern else real
    about: dict[str, Any] = {
        "garment": item.garment, "split": item.split, "licence": LICENCE,
        "parameters": item.pattern.parameters if item.pattern else {},
    }  # fmt: skip
    failures: list[str] = []
    for attempt in range(ATTEMPTS):
        recipe = Recipe(item.motion, FRAMES, item.seed + 1000 * attempt, VERTICES)
        try:
            simulate_to(garment, recipe, folder, item.name, about=about)
        except KeygridError as error:
            failures.append(str(error))
        else:
            return f"done at attempt {attempt + 1}"
    raise KeygridError(failures[-1])


def make_all(folder: Path, real: Garment, *, processes: int, category: str = "", scheduler: str = "") -> list[str]:
    """Simulate the missing sequences of a folder, and write its manifest.

    Args:
        folder: folder of the data set; created if missing.
        real: the real T-shirt.
        processes: number of sequences to simulate at once.
        category: the only category to make; all if empty.
        scheduler: address or file of a Dask scheduler, whose workers are used instead.

    Returns:
        Failures, one sentence each.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [item for item in items() if category in {"", item.category}]
    missing = [item for item in wanted if not (folder / f"{item.name}.npz").exists()]
    failed: list[str] = []
    with (
        show_each(STARTING) as (report, end),
        open_executor(processes, scheduler=scheduler, on_report=report) as executor,
    ):
        names = {executor.submit(make, item, folder, real): item.name for item in missing}
        for future in as_completed(names):
            try:
                outcome = future.result()
            except KeygridError as error:
                outcome = str(error)
                failed.append(outcome)
            end(names[future], outcome)
    write_manifest(folder)
    return failed


def write_manifest(folder: Path) -> None:
    """Describe all sequences in a folder, using the descriptions in their files."""
    shown = demonstrations()
    sequences = [
        {"file": path.name, **read_about(path), "bytes": path.stat().st_size, "demonstration": path.stem in shown}
        for path in sorted(folder.glob("*.npz"))
    ]
    manifest = json.dumps({"format": FORMAT, "sequences": sequences}, indent=1, ensure_ascii=False)
    with atomic(folder / MANIFEST) as temporary:
        temporary.write_text(manifest + "\n", "utf-8")

"""Recipes: the steps that prepare clouds from a camera, as values and as JSON files."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal, get_args

from keygrid.data.axes import UPS
from keygrid.data.garment import Up
from keygrid.errors import KeygridError
from keygrid.files import atomic

FORMAT = "keygrid-recipe 1"

Unit = Literal["m", "cm", "mm"]

UNITS: Mapping[Unit, float] = MappingProxyType({"m": 1.0, "cm": 0.01, "mm": 0.001})
"""Metres per unit."""

Corner = tuple[float, float, float]


def _number(default: Any, title: str) -> Any:
    """Return a field for a step's parameter, with its title in a form."""
    return field(default=default, metadata={"title": title})


@dataclass(frozen=True)
class Crop:
    """Keep the points inside a box.

    Attributes:
        low: lowest corner of the box, metres, in the axes of the file.
        high: its highest corner.
    """

    title: ClassVar[str] = "Crop to a box"
    low: Corner = _number((-1.0, -1.0, -1.0), "From")
    high: Corner = _number((1.0, 1.0, 1.0), "To")


@dataclass(frozen=True)
class RemovePlane:
    """Remove the largest plane, such as a table, and everything behind it.

    Attributes:
        thickness: distance above the plane within which points are removed, metres; a little more than the camera's
            noise.
    """

    title: ClassVar[str] = "Remove the table"
    thickness: float = _number(0.006, "Thickness")


@dataclass(frozen=True)
class RemoveOutliers:
    """Remove points that are farther from their neighbours than most.

    Attributes:
        neighbours: number of neighbours to examine.
        deviations: standard deviations above the average of the mean distance to neighbours, beyond which a point is
            removed.
    """

    title: ClassVar[str] = "Remove outliers"
    neighbours: int = _number(20, "Neighbours")
    deviations: float = _number(2.0, "Deviations")


@dataclass(frozen=True)
class KeepCluster:
    """Keep one of the clusters, groups of points apart from each other.

    Attributes:
        gap: smallest distance between two clusters, metres.
        rank: rank of the kept cluster by its number of points; 1 is the largest.
    """

    title: ClassVar[str] = "Keep one cluster"
    gap: float = _number(0.03, "Gap")
    rank: int = _number(1, "Cluster")


@dataclass(frozen=True)
class Downsample:
    """Replace the points in each cell by their mean.

    Attributes:
        cell: side of a cell, metres.
    """

    title: ClassVar[str] = "Downsample"
    cell: float = _number(0.005, "Cell")


@dataclass(frozen=True)
class EstimateNormals:
    """Estimate normals, and turn them towards the camera, or upwards if its position is unknown.

    Attributes:
        radius: radius within which neighbours are used, metres.
    """

    title: ClassVar[str] = "Estimate normals"
    radius: float = _number(0.03, "Radius")


Step = Crop | RemovePlane | RemoveOutliers | KeepCluster | Downsample | EstimateNormals

STEPS: Mapping[str, type[Step]] = MappingProxyType(
    {
        "crop": Crop,
        "plane": RemovePlane,
        "outliers": RemoveOutliers,
        "cluster": KeepCluster,
        "downsample": Downsample,
        "normals": EstimateNormals,
    }
)
"""The steps by their names in files and options, in their usual order."""


USUAL: tuple[Step, ...] = (RemovePlane(), RemoveOutliers(), KeepCluster())
"""Steps for a garment on a table."""


@dataclass(frozen=True)
class Recipe:
    """The steps, and the properties of a camera's files.

    Attributes:
        steps: steps in order.
        up: the files' vertical axis; None for the normal of the removed plane, or y if none is removed.
        unit: unit of the files' coordinates.
    """

    steps: tuple[Step, ...] = ()
    up: Up | None = None
    unit: Unit = "m"

    def __post_init__(self) -> None:
        for step in self.steps:
            _check(step)

    def with_step(self, step: Step) -> "Recipe":
        """Return the recipe with a further step.

        Raises:
            KeygridError: the step can't be applied with these numbers.
        """
        return Recipe((*self.steps, step), self.up, self.unit)


def name_of(step: Step) -> str:
    """Return a step's name in files and options."""
    return next(name for name, kind in STEPS.items() if isinstance(step, kind))


def write_recipe(recipe: Recipe, path: Path) -> None:
    """Write a recipe as JSON.

    Raises:
        KeygridError: the folder is missing or can't be written.
    """
    content = {
        "format": FORMAT,
        "unit": recipe.unit,
        "up": recipe.up,
        "steps": [{"step": name_of(step), **asdict(step)} for step in recipe.steps],
    }
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        KeygridError: the file can't be read, is not a recipe, or has an unknown step or an invalid number.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise KeygridError(f"The recipe {path.name} can't be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise KeygridError(
            f"{path.name} is not a recipe, because it is not JSON; save one with Prepare cloud."
        ) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise KeygridError(f"{path.name} is not a recipe of this version, {FORMAT}; save one with Prepare cloud.")
    up, unit, steps = content.get("up"), content.get("unit", "m"), content.get("steps", [])
    if up not in (*UPS, None):
        raise KeygridError(f"{path.name} has the vertical axis {up!r}; it must be one of {', '.join(UPS)}, or null.")
    if unit not in get_args(Unit):
        raise KeygridError(f"{path.name} has the unit {unit!r}; it must be one of {', '.join(UNITS)}.")
    if not isinstance(steps, list):
        raise KeygridError(f"{path.name} is not a recipe: its steps are not a list.")
    try:
        return Recipe(tuple(_step(step) for step in steps), up, unit)
    except KeygridError as error:
        raise KeygridError(f"{path.name}: {error}") from error


def _step(content: Any) -> Step:
    name = content.get("step") if isinstance(content, dict) else None
    if not isinstance(name, str) or name not in STEPS:
        raise KeygridError(f"There is no step {name!r}; the steps are {', '.join(STEPS)}.")
    kind = STEPS[name]
    known = {field.name for field in fields(kind)}
    given = {key: value for key, value in content.items() if key != "step"}
    unknown = sorted(given.keys() - known)
    if unknown:
        raise KeygridError(f"The step {name} has no option {unknown[0]!r}; its options are {', '.join(sorted(known))}.")
    try:
        values = {key: _like(kind.__dict__[key], value) for key, value in given.items()}
    except (TypeError, ValueError) as error:
        raise KeygridError(f"The step {name} takes numbers only.") from error
    return kind(**values)


def _like(default: Any, value: Any) -> Any:
    """Return a JSON value, converted to the type of a step's default."""
    if isinstance(default, tuple):
        x, y, z = (float(one) for one in value)
        return x, y, z
    if isinstance(value, bool) or not isinstance(value, int | float) or type(default)(value) != value:
        raise TypeError(value)
    return type(default)(value)


def _check(step: Step) -> None:
    """Refuse invalid numbers of a step.

    Raises:
        KeygridError: a length is not above zero, a count is below one, a box is empty, or a value is not a number.
    """
    for name, value in asdict(step).items():
        numbers = value if isinstance(value, tuple) else (value,)
        if not all(math.isfinite(number) for number in numbers):
            raise KeygridError(f"{step.title}: {name} must be a number; you gave {value}.")
        if not isinstance(value, tuple) and not value > 0:
            raise KeygridError(f"{step.title}: {name} must be above 0; you gave {value}.")
    if isinstance(step, Crop) and not all(low < high for low, high in zip(step.low, step.high, strict=True)):
        raise KeygridError(f"{step.title}: the box from {step.low} to {step.high} is empty; swap its corners.")

"""The command `prepare`, which prepares clouds from a depth camera."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from keygrid.cli.common import Up, say
from keygrid.errors import KeygridError

if TYPE_CHECKING:
    from keygrid.clouds import Recipe, Step, Unit
    from keygrid.data.dataset import Member


def prepare(
    clouds: list[Path],
    /,
    *,
    out: Path,
    recipe: Path | None = None,
    crop: Annotated[
        tuple[float, float, float, float, float, float] | None, Parameter(allow_leading_hyphen=True)
    ] = None,
    plane: float | None = None,
    outliers: float | None = None,
    cluster: int | None = None,
    gap: float | None = None,
    downsample: float | None = None,
    normals: float | None = None,
    up: Up | None = None,
    unit: Literal["m", "cm", "mm"] | None = None,
    save_recipe: Path | None = None,
) -> None:
    """Prepare clouds from a depth camera: remove everything but the garment, and find the vertical axis.

    Steps are done in the order of the options; all lengths are in metres. If neither a recipe nor a step is given, the
    largest plane, outliers and all but the largest cluster are removed.

    Example: keygrid prepare cloud.ply --plane 0.006 --cluster 1 --out shirt.ply --save-recipe table.json

    Parameters
    ----------
    clouds
        Clouds, and folders of clouds.
    out
        A PLY file for one cloud; for several, a folder that gets a NAME.ply for each.
    recipe
        A recipe to use instead of steps; save one with this command or in the window.
    crop
        Keep the points in this box, given by its lowest and highest x y z.
    plane
        Remove the largest plane, such as a table, everything behind it, and points up to this distance above it.
    outliers
        Remove points whose mean distance to 20 neighbours exceeds the average by more than this many standard
        deviations.
    cluster
        Keep one cluster, a group of points apart from all others; 1 is the largest.
    gap
        The smallest distance between two clusters; 0.03 if not given.
    downsample
        Replace the points in each cell of this size by their mean.
    normals
        Estimate normals from neighbours within this radius, and turn them towards the camera.
    up
        The files' vertical axis, such as z or -y. If not given, perpendicular to the removed plane, or y if none is
        removed.
    unit
        Unit of the files' coordinates; m if not given.
    save_recipe
        Also save the recipe to this JSON file.
    """
    from keygrid.clouds import Crop, Downsample, EstimateNormals, KeepCluster, RemoveOutliers, RemovePlane

    steps: list[Step] = []
    if crop is not None:
        steps.append(Crop(crop[:3], crop[3:]))
    if plane is not None:
        steps.append(RemovePlane(plane))
    if outliers is not None:
        steps.append(RemoveOutliers(deviations=outliers))
    if cluster is not None or gap is not None:
        usual = KeepCluster()
        steps.append(KeepCluster(usual.gap if gap is None else gap, usual.rank if cluster is None else cluster))
    if downsample is not None:
        steps.append(Downsample(downsample))
    if normals is not None:
        steps.append(EstimateNormals(normals))
    chosen = _recipe(recipe, steps, up, unit)
    if save_recipe is not None:
        from keygrid.clouds import write_recipe

        write_recipe(chosen, save_recipe)
    _prepare_all(clouds, chosen, out)


def _recipe(path: Path | None, steps: "list[Step]", up: "Up | None", unit: "Unit | None") -> "Recipe":
    from keygrid.clouds import Recipe, read_recipe
    from keygrid.clouds.recipe import USUAL

    if path is None:
        return Recipe(tuple(steps) or USUAL, up, unit or "m")
    if steps:
        raise KeygridError("You gave both a recipe and steps; leave one of them out.")
    read = read_recipe(path)
    return Recipe(read.steps, up or read.up, unit or read.unit)


def _prepare_all(paths: list[Path], recipe: "Recipe", out: Path) -> None:
    from keygrid.clouds.folder import prepare_to
    from keygrid.console import show_count
    from keygrid.data.dataset import Dataset
    from keygrid.work import open_executor

    members = Dataset.open(paths).members
    targets = _targets(members, out)
    failures = []
    with show_count(len(members), "clouds") as report, open_executor(None if len(members) > 1 else 1) as executor:
        futures = [
            executor.submit(prepare_to, member, recipe, target) for member, target in zip(members, targets, strict=True)
        ]
        for done, (future, member, target) in enumerate(zip(futures, members, targets, strict=True)):
            report(done)
            try:
                counts = future.result()
            except KeygridError as error:
                failures.append(str(error))
                if len(members) > 1:
                    say(f"skipped {member.entry.path}: {error}")
            else:
                print(f"{target}: {' -> '.join(f'{count:,}' for count in counts)} points")
        report(len(members))
    if len(failures) == len(members):
        raise KeygridError(failures[0])


def _targets(members: "tuple[Member, ...]", out: Path) -> list[Path]:
    """Return the path to which each cloud is written.

    Raises:
        KeygridError: two of them have the same name, or the folder can't be made.
    """
    if out.suffix.lower() == ".ply":
        if len(members) > 1:
            raise KeygridError(f"{out.name} is a single file, but there are {len(members)} clouds; name a folder.")
        return [out]
    targets = [out / f"{member.entry.path.name.partition('.')[0]}.ply" for member in members]
    if len(set(targets)) < len(targets):
        twice = next(target for target in targets if targets.count(target) > 1)
        raise KeygridError(f"Two of the clouds would both be written to {twice}; prepare their folders one by one.")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KeygridError(f"The folder {out} can't be made: {error.strerror}.") from error
    return targets

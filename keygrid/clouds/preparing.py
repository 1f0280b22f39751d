"""Applies a recipe's steps to a cloud, using Open3D, which is imported with the first step."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from keygrid.clouds.recipe import (
    UNITS,
    Crop,
    Downsample,
    EstimateNormals,
    KeepCluster,
    Recipe,
    RemoveOutliers,
    RemovePlane,
    Step,
)
from keygrid.data.axes import stand_up, turn_of
from keygrid.data.garment import Garment, Up
from keygrid.errors import KeygridError

if TYPE_CHECKING:
    import open3d

Floats = NDArray[np.float64]

_DRAWS = 300
"""Number of planes through three random points to try."""
_TRIED_ON = 5_000
"""Maximum number of points for trying planes, drawn at random from larger clouds."""
_LEAST_PLANE = 0.15
"""Share of a cloud's points in its largest plane below which it has no table."""
_MOST_UNDER = 0.02
"""Ratio of points just under a plane to those on it above which it is not a table: a camera sees nothing under one."""
_UPRIGHT = 0.8
"""Minimum cosine of the angle between an axis and the normal of a table that is perpendicular to it."""
_CELLS = 3
"""Number of cells across the gap between two clusters."""


@dataclass(frozen=True, eq=False)
class Cloud:
    """A cloud during preparation. N points.

    Attributes:
        points: (N, 3), metres, in the axes of the file.
        colours: (N, 3) red, green, blue; None if there are none.
        normals: (N, 3), unit length; None until they are estimated.
        above: (3,), the removed plane's normal, towards the objects on it; None until a plane is removed.
        numbers: (N,) indices of the points before the current step; None if the step replaced them.
    """

    points: Floats
    colours: NDArray[np.uint8] | None = None
    normals: Floats | None = None
    above: Floats | None = None
    numbers: NDArray[np.int64] | None = None

    def only(self, chosen: NDArray[np.generic]) -> "Cloud":
        """Return the selected points, given by indices or a mask."""
        colours = None if self.colours is None else self.colours[chosen]
        normals = None if self.normals is None else self.normals[chosen]
        numbers = None if self.numbers is None else self.numbers[chosen]
        return replace(self, points=self.points[chosen], colours=colours, normals=normals, numbers=numbers)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A cloud that a recipe prepared.

    Attributes:
        garment: the remaining points, upright, in file units.
        normals: (N, 3), of the upright garment; None if they were not estimated.
        counts: number of points at the start and after each step.
        removed: (R, 3), the points that steps removed, upright, in file units.
        removed_by: (R,), index in the recipe of the step that removed each point.
    """

    garment: Garment
    normals: Floats | None
    counts: tuple[int, ...]
    removed: Floats = field(default_factory=lambda: np.empty((0, 3)))
    removed_by: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


def prepare(garment: Garment, recipe: Recipe, enter: Callable[[str], object] = lambda _: None) -> Prepared:
    """Prepare a cloud by a recipe; the same cloud and recipe give the same points.

    Args:
        garment: a cloud that does not move.
        recipe: the steps to apply.
        enter: called with each step.

    Raises:
        KeygridError: it is not a cloud, or a step leaves no points.
    """
    if not garment.is_cloud or garment.frame_count:
        raise KeygridError(f"{garment.name} is not a cloud, and only clouds can be prepared; open a cloud.")
    scale = UNITS[recipe.unit]
    cloud = Cloud(garment.vertices @ turn_of(garment.up) * scale, garment.colours)
    counts = [len(cloud.points)]
    removed = [np.empty((0, 3))]
    for step in recipe.steps:
        enter(f"{step.title} of {garment.name}")
        before = cloud = replace(cloud, numbers=np.arange(len(cloud.points)))
        cloud = _DO[type(step)](cloud, step)
        removed.append(_left_out(before, cloud))
        if len(cloud.points) == 0:
            raise KeygridError(f"{step.title} leaves no points of {garment.name}; change its numbers, or undo it.")
        counts.append(len(cloud.points))
    left = Garment(garment.name, cloud.points / scale, garment.faces, garment.source, colours=cloud.colours)
    up = recipe.up or _guessed_up(cloud, garment.up)
    notes = (
        *garment.notes,
        *(f"{step.title}: {n:,} points." for step, n in zip(recipe.steps, counts[1:], strict=True)),
    )
    normals = None if cloud.normals is None else cloud.normals @ turn_of(up).T
    standing = replace(stand_up(left, up), notes=notes)
    removed_by = np.repeat(np.arange(len(removed)) - 1, [len(some) for some in removed])
    return Prepared(standing, normals, tuple(counts), np.concatenate(removed) / scale @ turn_of(up).T, removed_by)


def _left_out(before: Cloud, after: Cloud) -> Floats:
    """Return the points (R, 3) of a numbered cloud that a step left out; none if the step replaced all points."""
    if after.numbers is None:
        return np.empty((0, 3))
    is_kept = np.zeros(len(before.points), np.bool_)
    is_kept[after.numbers] = True
    return before.points[~is_kept]


def _guessed_up(cloud: Cloud, otherwise: Up) -> Up:
    """Return the axis perpendicular to the table, towards the objects on it."""
    if cloud.above is None:
        return otherwise
    axis = int(np.abs(cloud.above).argmax())
    if abs(cloud.above[axis]) < _UPRIGHT:
        return otherwise
    ups: dict[tuple[int, bool], Up] = {
        (0, True): "x", (1, True): "y", (2, True): "z", (0, False): "-x", (1, False): "-y", (2, False): "-z",
    }  # fmt: skip
    return ups[axis, bool(cloud.above[axis] > 0)]


def _crop(cloud: Cloud, step: Crop) -> Cloud:
    is_inside = (cloud.points >= step.low) & (cloud.points <= step.high)
    return cloud.only(np.flatnonzero(is_inside.all(axis=1)))


def _remove_plane(cloud: Cloud, step: RemovePlane) -> Cloud:
    import open3d

    if len(cloud.points) < 3:
        raise KeygridError(f"{step.title} needs at least three points; undo the step before it.")
    open3d.utility.random.seed(0)
    # Of some points, which are many enough to tell planes: it takes time with their number.
    some = cloud.points[np.random.default_rng(0).permutation(len(cloud.points))[:_TRIED_ON]]
    # Open3D stops early when it is certain enough, and when that is depends on the order of its threads.
    (*across, offset), _ = _open3d(Cloud(some)).segment_plane(step.thickness, 3, _DRAWS, probability=1.0)
    found = cloud.points[np.abs(cloud.points @ across + offset) <= step.thickness]
    if len(found) < _LEAST_PLANE * len(cloud.points):
        raise KeygridError(
            f"There is no table: the largest plane has {len(found)} of {len(cloud.points)} points; undo this step."
        )
    # Fit the plane to all points that were found, because three noisy points give a tilted one.
    middle = found.mean(axis=0)
    normal = np.linalg.eigh(np.cov((found - middle).T))[1][:, 0]
    height = (cloud.points - middle) @ normal
    is_off = np.abs(height) > step.thickness
    if (height[is_off] > 0).sum() < (height[is_off] < 0).sum():
        normal, height = -normal, -height
    is_under = (height < -step.thickness) & (height > -3 * step.thickness)
    if is_under.sum() > _MOST_UNDER * (~is_off).sum():
        raise KeygridError(
            "There is no table: points lie on both sides of the largest plane; undo this step, or increase "
            "its thickness beyond the camera's noise."
        )
    return replace(cloud.only(height > step.thickness), above=normal)


def _remove_outliers(cloud: Cloud, step: RemoveOutliers) -> Cloud:
    _, kept = _open3d(cloud).remove_statistical_outlier(step.neighbours, step.deviations)
    return cloud.only(np.asarray(kept, np.int64))


def _keep_cluster(cloud: Cloud, step: KeepCluster) -> Cloud:
    # Cluster cells, because the time grows with the number of neighbours.
    cells = np.floor((cloud.points - cloud.points.min(axis=0)) / (step.gap / _CELLS))
    _, place, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    place = place.reshape(-1)
    sums = np.stack([np.bincount(place, cloud.points[:, axis]) for axis in range(3)], axis=1)
    label = np.asarray(_open3d(Cloud(sums / counts[:, None])).cluster_dbscan(step.gap, 1))[place]
    sizes = np.bincount(label)
    if step.rank > len(sizes):
        raise KeygridError(
            f"There is no cluster {step.rank}: gaps of {step.gap:g} m give {len(sizes)} "
            f"cluster{('' if len(sizes) == 1 else 's')}; choose another one, or another gap."
        )
    order = np.argsort(-sizes, kind="stable")
    return cloud.only(label == order[step.rank - 1])


def _downsample(cloud: Cloud, step: Downsample) -> Cloud:
    if np.ptp(cloud.points, axis=0).max() / step.cell > 2**30:
        raise KeygridError(f"{step.title}: cells of {step.cell:g} m are too small for this cloud; give a larger size.")
    return _cloud(_open3d(cloud).voxel_down_sample(step.cell), cloud)


def _estimate_normals(cloud: Cloud, step: EstimateNormals) -> Cloud:
    import open3d

    points = _open3d(cloud)
    points.estimate_normals(open3d.geometry.KDTreeSearchParamRadius(step.radius))
    low, high = cloud.points.min(axis=0), cloud.points.max(axis=0)
    if ((low > 0) | (high < 0)).any():  # the camera is at the origin, outside the objects that it sees
        points.orient_normals_towards_camera_location(np.zeros(3))
    else:
        points.orient_normals_to_align_with_direction(cloud.above if cloud.above is not None else [0.0, 0.0, 1.0])
    return _cloud(points, cloud)


def _open3d(cloud: Cloud) -> "open3d.geometry.PointCloud":
    import open3d

    points: Any = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(cloud.points))
    if cloud.colours is not None:
        points.colors = open3d.utility.Vector3dVector(cloud.colours / 255.0)
    if cloud.normals is not None:
        points.normals = open3d.utility.Vector3dVector(cloud.normals)
    return points


def _cloud(points: Any, before: Cloud) -> Cloud:
    colours = np.round(np.asarray(points.colors) * 255).astype(np.uint8) if points.has_colors() else None
    normals = np.array(points.normals, np.float64) if points.has_normals() else None
    return replace(before, points=np.array(points.points, np.float64), colours=colours, normals=normals, numbers=None)


_DO: dict[type[Step], Callable[[Cloud, Any], Cloud]] = {
    Crop: _crop,
    RemovePlane: _remove_plane,
    RemoveOutliers: _remove_outliers,
    KeepCluster: _keep_cluster,
    Downsample: _downsample,
    EstimateNormals: _estimate_normals,
}

"""Writes the heatmap to files for other programs."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyvista as pv

from app.scene.layers.volume import as_image
from app.scene.planes import plane_points
from app.state.heat import Floats, Heat, colour_map_of, limits_of
from app.state.slices import SliceSettings
from keygrid.errors import KeygridError
from keygrid.files import atomic

RESOLUTION = 96
"""Samples along each axis of an exported heatmap."""

PIXELS = 1024
"""Minimum width and height of a slice's picture; samples are squares of whole pixels."""


def write_heatmap(heat: Heat, slices: SliceSettings, path: Path) -> None:
    """Write the heatmap over the network's cube as shown: continuous, or the decoder's cells.

    VTI is VTK's regular grid, with the point array `heat`, float32. NPZ has `heat` (X, Y, Z), `x`, `y` and `z`, the
    samples' positions along each axis, `keypoints` (K, 3), `edges` (E, 2) and `strengths` (E,), all in file units, and
    `sigma`, normalised.

    Raises:
        KeygridError: the ending is unknown, or the file can't be written.
    """
    writers: dict[str, Callable[[Floats, Heat, Path], None]] = {".vti": _write_vti, ".npz": _write_npz}
    write = writers.get(path.suffix.lower())
    if write is None:
        raise KeygridError(f"Heatmaps are written as .vti or .npz; you gave {path.name}.")
    grid = heat.cells if slices.cells else heat.on_grid((RESOLUTION,) * 3)
    with atomic(path) as temporary:
        write(grid, heat, temporary)


def write_slice(heat: Heat, slices: SliceSettings, path: Path) -> None:
    """Write the active plane: PNG in the current colours, or CSV with rows of position, file units, and heat.

    In the picture, the axis after the plane's own points right, and the next one up. Outside the cube, where a free
    plane's square may reach, there is no heat: the picture is transparent there, and rows are left out.

    Raises:
        KeygridError: the ending is unknown, or the file can't be written.
    """
    writers: dict[str, Callable[[Floats, Floats, Heat, SliceSettings, Path], None]] = {
        ".png": _write_png, ".csv": _write_csv,
    }  # fmt: skip
    write = writers.get(path.suffix.lower())
    if write is None:
        raise KeygridError(f"Slices are written as .png or .csv; you gave {path.name}.")
    points = plane_points(slices.plane, slices)
    values = heat.on_plane(points, slices)
    with atomic(path) as temporary:
        write(points, values, heat, slices, temporary)


def _write_vti(grid: Floats, heat: Heat, path: Path) -> None:
    as_image(grid, heat.prediction).save(path)


def _write_npz(grid: Floats, heat: Heat, path: Path) -> None:
    prediction = heat.prediction
    steps = [np.linspace(-1, 1, count) for count in grid.shape]
    scale, centre = prediction.normalisation.scale, prediction.normalisation.centre
    x, y, z = (along * scale + centre[axis] for axis, along in enumerate(steps))
    sigma = heat.sigma if heat.sigma is not None else prediction.heat_constants.sigma_squared**0.5
    np.savez_compressed(
        path, heat=grid.astype(np.float32), x=x, y=y, z=z, keypoints=prediction.keypoints, edges=prediction.edges,
        strengths=prediction.strengths, sigma=np.float64(sigma),
    )  # fmt: skip


def _write_png(_points: Floats, values: Floats, heat: Heat, slices: SliceSettings, path: Path) -> None:
    from PIL import Image

    low, high = limits_of(heat, slices)
    table = np.asarray(pv.LookupTable(colour_map_of(heat, slices)).values)
    known = np.nan_to_num((values - low) / (high - low))
    colours = table[np.clip((known * len(table)).astype(np.int64), 0, len(table) - 1)].copy()
    colours[:, 3] = np.where(np.isnan(values), 0, 255)
    side = slices.resolution
    picture = colours.reshape(side, side, 4)[::-1]  # upwards is towards larger positions
    size = side * max(1, -(-PIXELS // side))
    Image.fromarray(picture.astype(np.uint8)).resize((size, size), Image.Resampling.NEAREST).save(path)


def _write_csv(points: Floats, values: Floats, heat: Heat, _slices: SliceSettings, path: Path) -> None:
    positions = heat.prediction.normalisation.invert(points)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["x", "y", "z", "heat"])
        for position, value in zip(positions.tolist(), values.tolist(), strict=True):
            if not np.isnan(value):
                rows.writerow([*position, value])

"""Keypoints of clouds as they arrive, as lines of JSON for robots."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from keygrid.clouds import Recipe
from keygrid.clouds.preparing import prepare
from keygrid.clouds.watching import FolderWatch, Frame
from keygrid.data.axes import in_file_axes
from keygrid.data.garment import Garment, Up
from keygrid.data.readers import read_garment
from keygrid.errors import KeygridError
from keygrid.methods.method import Method, Mode
from keygrid.prediction import Prediction
from keygrid.prediction.upright import upright

VISIBLE = 0.02
"""Distance from a keypoint within which a visible one has a point of the cloud, as a share of the diagonal."""

LOOKS = 0.02
"""Interval between two checks of a folder, in seconds."""


@dataclass(frozen=True)
class Wanted:
    """The processing of each cloud.

    Attributes:
        method: finds the keypoints.
        mode: position of keypoints, as `Method.find` takes it.
        recipe: recipe that prepares the clouds; None for no preparation.
        up: the files' vertical axis; None for the recipe's or a guessed one.
    """

    method: Method
    mode: Mode = "soft"
    recipe: Recipe | None = None
    up: Up | None = None


def as_wanted(garment: Garment, recipe: Recipe | None = None, up: Up | None = None, item: str = "") -> Garment:
    """Prepare a cloud if there is a recipe, otherwise turn a garment upright; see `Wanted` and `upright`.

    Raises:
        KeygridError: the cloud can't be prepared, or has no such object.
    """
    if recipe is None:
        return upright(garment, up, item)
    return prepare(garment, recipe if up is None else Recipe(recipe.steps, up, recipe.unit)).garment


def warm_up(wanted: Wanted) -> None:
    """Load libraries and compile functions, so that the first cloud need not wait for seconds."""
    points = np.random.default_rng(0).normal(size=(wanted.method.drawing.points, 3))
    cloud = Garment("nothing", points, np.empty((0, 3), np.int64))
    with suppress(KeygridError):  # a method may need a surface, and a recipe a table
        wanted.method.find([cloud], mode=wanted.mode, parts="keypoints")
        as_wanted(cloud, wanted.recipe, wanted.up)


def frames_of(watch: FolderWatch, *, go_on: bool, sleep: Callable[[float], object] = time.sleep) -> Iterator[Frame]:
    """Yield the clouds of a folder.

    Args:
        watch: the watched folder.
        go_on: whether to follow the folder: yield the newest of the arriving clouds until interrupted, skipping
            superseded ones, instead of all existing clouds once.
        sleep: waits for a number of seconds.

    Raises:
        KeygridError: the folder no longer exists.
    """
    watch.look()
    sleep(LOOKS)
    there = watch.look()
    if not go_on:
        yield from there
        return
    while True:
        if there:
            yield there[-1]
        else:
            sleep(LOOKS)
        there = watch.look()


def stream(
    frames: Iterable[Frame], wanted: Wanted, write: Callable[[str], object], say: Callable[[str], object],
    put_back: Callable[[Frame], object] | None = None,
) -> None:  # fmt: skip
    """Write a line of JSON for each cloud; unusable ones are reported and skipped.

    Args:
        frames: the clouds.
        wanted: processing of the clouds.
        write: receives each line, without its end.
        say: receives a message on each unusable cloud.
        put_back: receives a cloud that may be incomplete, to return it again; if not given, it is skipped, too.
    """
    for frame in frames:
        try:
            garment = as_wanted(read_garment(frame.path), wanted.recipe, wanted.up)
            (prediction,) = wanted.method.find([garment], mode=wanted.mode, parts="keypoints")
        except KeygridError as error:
            if put_back is not None and frame.may_be_half:
                put_back(frame)
            else:
                say(f"skipped {frame.path}: {error}")
            continue
        write(json.dumps(as_line(frame, garment, prediction)))


def as_line(frame: Frame, garment: Garment, prediction: Prediction) -> dict[str, Any]:
    """Return a cloud's keypoints as JSON values; positions have the axes and the unit of the file.

    `stamp` is the file's modification time, in seconds since the epoch, and `latency` the seconds from then to now. A
    keypoint is visible if the cloud has a point close to it.
    """
    positions = in_file_axes(prediction.keypoints, garment.up).tolist()
    away = np.asarray(cKDTree(garment.vertices).query(prediction.keypoints)[0])
    is_visible = (away <= VISIBLE * garment.diagonal).tolist()
    known = prediction.confidence
    confidence = [None] * len(positions) if known is None else known.tolist()
    return {
        "frame": frame.path.name,
        "stamp": frame.written,
        "latency": round(time.time() - frame.written, 4),
        "method": prediction.method.title,
        "keypoints": [
            {"index": index, "position": position, "confidence": sure, "visible": visible}
            for index, (position, sure, visible) in enumerate(zip(positions, confidence, is_visible, strict=True))
        ],
    }

"""Keypoints of clouds as they come, a line of JSON each, for robots."""

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
"""Share of the diagonal within which a keypoint that a camera sees has a point of the cloud."""

LOOKS = 0.02
"""Seconds between two looks at a folder."""


@dataclass(frozen=True)
class Wanted:
    """The work to do with each cloud.

    Attributes:
        method: finds the keypoints.
        mode: as `Method.find` takes it.
        recipe: prepares the clouds; None leaves them as they are.
        up: the vertical axis of the files; None is the recipe's, or guessed.
    """

    method: Method
    mode: Mode = "soft"
    recipe: Recipe | None = None
    up: Up | None = None


def as_wanted(garment: Garment, recipe: Recipe | None = None, up: Up | None = None, item: str = "") -> Garment:
    """Prepare a cloud if there is a recipe, else stand a garment up; see `Wanted`, and for an object `upright`.

    Raises:
        KeygridError: it can't be prepared, or has no such object.
    """
    if recipe is None:
        return upright(garment, up, item)
    return prepare(garment, recipe if up is None else Recipe(recipe.steps, up, recipe.unit)).garment


def warm_up(wanted: Wanted) -> None:
    """Let libraries load and compile, so that the first cloud does not wait for them: seconds."""
    points = np.random.default_rng(0).normal(size=(wanted.method.drawing.points, 3))
    cloud = Garment("nothing", points, np.empty((0, 3), np.int64))
    with suppress(KeygridError):  # a method may need a surface, and a recipe a table
        wanted.method.find([cloud], mode=wanted.mode, parts="keypoints")
        as_wanted(cloud, wanted.recipe, wanted.up)


def frames_of(watch: FolderWatch, *, go_on: bool, sleep: Callable[[float], object] = time.sleep) -> Iterator[Frame]:
    """Give the clouds of a folder.

    Args:
        watch: of the folder.
        go_on: give all that are there, or else the newest of those that come, for ever; ones that were overtaken while
            the last one was worked on are passed over.
        sleep: waits for seconds.

    Raises:
        KeygridError: the folder is gone.
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
    """Write a line of JSON for each cloud; one that can't be used is named and passed over.

    Args:
        frames: the clouds.
        wanted: what is done with them.
        write: is given each line, without its end.
        say: is given a sentence on each that can't be used.
        put_back: is given one that may be half-written, to give it again; if not given, it is passed over, too.
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
    """Return a cloud's keypoints as JSON values; positions are in the axes and the unit of the file.

    `stamp` is when the file was written, in seconds since the epoch, and `latency` the seconds from then to now. A
    keypoint is visible if the cloud has a point beside it.
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

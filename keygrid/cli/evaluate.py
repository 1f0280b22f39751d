"""The command `evaluate`, which scores methods on garments that move."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from keygrid.cli.common import Mode, name_skipped, say
from keygrid.errors import KeygridError
from keygrid.installation import ASSETS, COMMAND

Kind = Literal["noise", "points", "missing", "camera"]


def evaluate(
    methods: list[str] | None = None,
    /,
    *,
    method: Annotated[list[str] | None, Parameter(name=("--method", "--checkpoint"), consume_multiple=True)] = None,
    data: Annotated[list[Path] | None, Parameter(consume_multiple=True)] = None,
    category: str = "",
    split: Literal["train", "validation", "test", "all"] = "test",
    keypoints: Mode | None = None,
    turn: Literal["yaw", "none", "full"] = "yaw",
    remesh: Literal["cloth", "pose", "none"] | None = None,
    up: Literal["x", "y", "z"] = "y",
    every: int = 1,
    seed: int = 0,
    landmarks: Annotated[list[Path] | None, Parameter(consume_multiple=True)] = None,
    curve: Annotated[list[Kind] | None, Parameter(consume_multiple=True)] = None,
    out: Path | None = None,
    device: str = "cpu",
    workers: int | None = None,
    scheduler: str = "",
) -> None:
    """Score methods on moving garments by how well keypoints keep their place and cover the garment.

    All motions of a garment are judged together. Each frame is turned by a different angle and sampled at different
    points and, for methods that read the surface, has different triangles.

    Example: keygrid evaluate assets/checkpoints/tshirt-k8.safetensors --category T-shirt

    Parameters
    ----------
    methods
        Checkpoints, and methods without learning, such as farthest?k=8; a wrong name lists them.
    method
        Further methods, as an option.
    data
        Sequences, and folders of several; the shipped garments if not given.
    category
        Score this category only; garments of unknown category are kept.
    split
        Score this split only; garments without a split are kept.
    keypoints
        Position of each keypoint: the weighted mean of points (soft) or the point of largest weight (peak). If not
        given, peak for methods that read the surface, so that keypoints lie on it, and soft for others.
    turn
        Turn frames about the vertical (yaw), not at all (none), or by any rotation (full).
    remesh
        Cut new triangles for each frame: on the cloth at rest, where layers are separate (cloth), or on each pose,
        which fuses layers of crumpled cloth, as a scanner would (pose); none keeps the file's triangles. If not given,
        cloth if any of the methods reads the surface, otherwise none.
    up
        The files' vertical axis.
    every
        Score only every Nth frame of each motion.
    seed
        Seed of turns, triangles and points.
    landmarks
        Files of landmarks placed on the garments, NAME.landmarks.json, for the landmark agreement and mIoU. Files
        beside the garments are found automatically. They replace the garments' own landmarks.
    curve
        Also score under disturbances: noise, few points, a missing part, or the view of one camera.
    out
        Also write a report to this file; its ending sets the format: .html (with charts and the worst frames), .json,
        .md or .csv.
    device
        Device that finds keypoints, by PyTorch's name: cpu, cuda, cuda:1.
    workers
        Number of processes, each judging one garment at a time. If not given, one per core, as far as memory allows; 0
        uses this process.
    scheduler
        Address or file of a Dask scheduler; its workers are used instead of processes on this machine.
    """
    specs = [*(methods or ()), *(method or ())]
    if not specs:
        raise KeygridError("There is no method to score; name a checkpoint, or a method such as farthest?k=8.")
    if every < 1:
        raise KeygridError(f"--every must be 1 or more; you gave {every}.")
    from keygrid.evaluation.report import Report, as_markdown, check_ending, write
    from keygrid.files import refuse_unwritable

    if out is not None:
        check_ending(out)
        refuse_unwritable(out)
    from keygrid.data.dataset import Dataset
    from keygrid.data.landmarks import read_landmarks, with_landmarks
    from keygrid.evaluation.curves import curves
    from keygrid.evaluation.protocol import Protocol, judge
    from keygrid.methods import open_method
    from keygrid.work import open_executor

    categories = [category] if category else []
    garments = Dataset.open(data or [ASSETS / "garments"], categories=categories, on_skip=name_skipped())
    if split != "all":
        garments = garments.of_split(split)
    shown = with_landmarks(garments, [read_landmarks(path) for path in landmarks or ()], say)
    opened = [open_method(spec, device) for spec in specs]
    if remesh is None:
        remesh = "cloth" if any(one.needs_surface for one in opened) else "none"
    protocol = Protocol(turn, remesh, keypoints, seed, every, "xyz".index(up))
    with open_executor(workers, scheduler=scheduler) as executor:
        found = judge(
            opened, shown, protocol, lambda name: say(f"scored {name}"), executor,
            lambda name, reason: say(f"skipped {name}: {reason}"),
        )  # fmt: skip
        worse = curves(opened, shown, protocol, curve or (), lambda name: say(f"scored with {name}"), executor)
    report = Report(found, protocol, worse, shlex.join([*COMMAND, *sys.argv[1:]]))
    if out is not None:
        write(report, out)
    print(as_markdown(report), end="")

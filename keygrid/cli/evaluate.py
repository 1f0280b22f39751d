"""The command `evaluate`: methods scored on garments that move."""

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
    """Score methods on garments that move, by how well keypoints keep their place and cover the garment.

    All motions of a garment are judged together. Each frame is turned by an angle of its own and shown with points of
    its own, and with triangles of its own where a method reads the surface.

    Example: keygrid evaluate assets/checkpoints/tshirt-k8.safetensors --category T-shirt

    Parameters
    ----------
    methods
        Checkpoints, and methods without learning, such as farthest?k=8; a wrong name lists them.
    method
        More of them.
    data
        Sequences, and folders of many; the shipped garments if not given.
    category
        Score this category only; garments of unknown category are kept.
    split
        Score this split only; garments that name no split are kept.
    keypoints
        Keypoints at the mean of their weights (soft) or on their heaviest point (peak). If not given, peak for methods
        that read the surface, whose keypoints lie on it, and soft for others.
    turn
        Turn frames about the vertical (yaw), not at all (none), or by any rotation (full).
    remesh
        Cut new triangles for each frame: on the cloth at rest, where layers are apart (cloth), or on each pose, as
        a scanner would, which melts layers of crumpled cloth into each other (pose); none keeps those of the file. If
        not given, cloth where any of the methods reads the surface, else none.
    up
        The files' vertical axis.
    every
        Score every Nth frame of a motion only.
    seed
        Seed of turns, triangles and points.
    landmarks
        Files of landmarks, NAME.landmarks.json, that were placed on some of the garments, for the landmark agreement
        and mIoU. Those beside the garments are found without this. They count in place of the garments' own.
    curve
        Also score under disturbances: noise, few points, a missing part, or the view of one camera.
    out
        Also write a report here, by the ending .html (with charts and the worst frames), .json, .md or .csv.
    device
        As PyTorch names it: cpu, cuda, cuda:1.
    workers
        Processes, each of which judges a garment at a time; one for each core if not given, as far as memory has room.
        0 works in this one.
    scheduler
        Address or file of a Dask scheduler, whose workers are used instead of processes of this machine.
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

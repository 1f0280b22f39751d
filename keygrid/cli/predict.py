"""The command `predict`, which writes the keypoints of many garments to one file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from keygrid.cli.common import MethodName, Mode, Up, name_skipped, say
from keygrid.errors import KeygridError
from keygrid.files import refuse_unwritable

if TYPE_CHECKING:
    from keygrid.clouds import Recipe


def predict(
    garments: list[Path],
    /,
    *,
    method: MethodName = None,
    out: Path | None = None,
    keypoints: Mode = "soft",
    frames: bool = False,
    up: Up | None = None,
    item: Annotated[str, Parameter(name="--object")] = "",
    recipe: Path | None = None,
    stream: bool = False,
    follow: bool = False,
    device: str = "cpu",
    batch: int = 8,
    workers: int | None = None,
    scheduler: str = "",
) -> None:
    """Write the keypoints of garments to a file.

    Until all garments are done, OUT.partial holds the results so far; the same command continues an interrupted run.

    Example: keygrid predict assets/garments/unisex_shirt.ply --out keypoints.json

    Parameters
    ----------
    garments
        Meshes, clouds, sequences, and folders or files of several, of which damaged ones are skipped.
    method
        A checkpoint, or a method without learning, such as farthest?k=8; a wrong name lists all. If not given, the
        shipped checkpoint for each garment's kind (mesh or cloud) and category; JSON files state which.
    out
        File to write; its ending sets the format: JSON, CSV, TXT (as the published code writes) or, for one garment,
        PLY. With --stream, a file to append to; standard output if not given.
    keypoints
        Position of each keypoint: the weighted mean of points (soft) or the point of largest weight (peak).
    frames
        Use all frames of a moving garment, called PATH@FRAME, instead of its shape at rest.
    up
        The vertical axis of all files, such as z, or -y for most depth cameras. If not given, y, or z if a garment's
        openings suggest it. Positions are written in the file's own axes.
    item
        Object of a file with several; if not given, the largest open one if others are closed, otherwise all.
    recipe
        Recipe to prepare clouds with first; save one with prepare or in the window.
    stream
        Write a line of JSON for each cloud as soon as it is done: time stamp, name, keypoints, confidence, visibility.
    follow
        With --stream: keep processing the newest cloud in the folder until interrupted.
    device
        Device that finds keypoints, by PyTorch's name: cpu, cuda, cuda:1.
    batch
        Clouds per network pass. A different number changes rounding.
    workers
        Number of processes, each reading garments and finding their keypoints. If not given, one per core, as far as
        memory allows; 0 uses this process.
    scheduler
        Address or file of a Dask scheduler; its workers are used instead of processes on this machine.
    """
    prepared_by = _recipe(recipe)
    if stream:
        from keygrid.cli.streaming import stream_to
        from keygrid.methods import open_method
        from keygrid.methods.defaults import default_for_clouds
        from keygrid.methods.stream import Wanted

        opened = open_method(method or default_for_clouds(), device)
        stream_to(garments, Wanted(opened, keypoints, prepared_by, up), out, follow=follow)
        return
    if out is None or follow:
        raise KeygridError("--follow needs --stream." if follow else "Name a file to write to: --out keypoints.json.")
    _check(garments, out, batch, workers)
    from keygrid.data.dataset import Dataset
    from keygrid.prediction.files import check_format

    members = Dataset.open(garments).members
    check_format(out, len(members))
    from keygrid.console import show_count
    from keygrid.methods import identify
    from keygrid.methods.folder import Request, predict_all
    from keygrid.work import open_executor

    if len(members) == 1 and workers is None:
        workers = 0  # one garment is not worth another process
    # Of a lone garment, the error says why it can't be used.
    on_skip = name_skipped(most=3 if len(members) > 1 else 0)
    request = Request(keypoints, frames, batch, device, up, prepared_by, item)
    with show_count(len(members), "garments") as report, open_executor(workers, scheduler=scheduler) as executor:
        skipped = predict_all(
            members,
            identify(method) if method else None,
            out,
            request,
            executor,
            on_skip=on_skip,
            report=report,
            say=say,
        )
    if skipped:
        say(f"{skipped} of {len(members)} garments were skipped.")


def _recipe(path: Path | None) -> "Recipe | None":
    if path is None:
        return None
    from keygrid.clouds import read_recipe

    return read_recipe(path)


def _check(garments: list[Path], out: Path, batch: int, workers: int | None) -> None:
    """Refuse invalid options before anything is read."""
    if batch < 1:
        raise KeygridError(f"--batch must be at least 1; you gave {batch}.")
    if workers is not None and workers < 0:
        raise KeygridError(f"--workers must be 0 or more; you gave {workers}.")
    from keygrid.prediction.files import check_format

    check_format(out, len(garments))
    refuse_unwritable(out)

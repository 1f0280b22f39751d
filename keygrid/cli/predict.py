"""The command `predict`: keypoints of many garments into one file."""

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

    Until all garments are done, OUT.partial has what is found. When the same command is given again, an interrupted run
    goes on from there.

    Example: keygrid predict assets/garments/unisex_shirt.ply --out keypoints.json

    Parameters
    ----------
    garments
        Meshes, clouds, sequences, and folders or files of many; damaged ones of these are skipped.
    method
        A checkpoint, or a method without learning, such as farthest?k=8; a wrong name lists them. If not given, each
        garment has the shipped checkpoint for its kind, mesh or cloud, and its category; JSON says which.
    out
        JSON, CSV, TXT (the published code's format) or, for one garment, PLY, by its ending; with --stream any file,
        which is appended to, or standard output if not given.
    keypoints
        At the mean of their weights (soft) or on their heaviest point (peak).
    frames
        All frames of a garment that moves, called PATH@FRAME, instead of its shape at rest.
    up
        The vertical axis of all files, such as z, or -y of most depth cameras. If not given, it is y, unless a
        garment's openings say that it is z. Positions are written in the file's own axes.
    item
        The object to take of a file of several; if not given, the largest open one where others are closed, else all.
    recipe
        Recipe that prepares clouds first; saved by prepare, or by the window.
    stream
        Write a line of JSON for each cloud as it is done: time stamp, name, keypoints, confidence, visibility.
    follow
        With --stream: go on with the newest of the clouds that come into the folder, until interrupted.
    device
        As PyTorch names it: cpu, cuda, cuda:1.
    batch
        Clouds that the network sees at once. Another number rounds differently.
    workers
        Processes, each of which reads garments and finds their keypoints; one for each core if not given, as far as
        memory has room. 0 works in this one.
    scheduler
        Address or file of a Dask scheduler, whose workers are used instead of processes of this machine.
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
        raise KeygridError(
            "--follow needs --stream." if follow else "Name a file to write to, such as --out keypoints.json."
        )
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
    """Refuse what can be refused before anything is read."""
    if batch < 1:
        raise KeygridError(f"--batch must be at least 1; you gave {batch}.")
    if workers is not None and workers < 0:
        raise KeygridError(f"--workers must be 0 or more; you gave {workers}.")
    from keygrid.prediction.files import check_format

    check_format(out, len(garments))
    refuse_unwritable(out)

"""The one command line, and where the parts of the project are put together. Heavy imports wait for their command."""

import math
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, CycloptsError, Group, Parameter

from keygrid.errors import KeygridError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.state.settings import ViewSettings
    from app.state.slices import SliceSettings
    from keygrid.data.collection import Entry
    from keygrid.data.garment import Garment
    from keygrid.prediction import Prediction

ASSETS = Path(__file__).parent / "assets"
DEFAULT_GARMENT = ASSETS / "garments" / "unisex_shirt.ply"
DEFAULT_CHECKPOINT = ASSETS / "checkpoints" / "tops-k8-keygrid.safetensors"

cli = App(
    name="main.py",
    help="Key-Grid Desktop: unsupervised 3D keypoints for garments and other deformable things.",
    version_flags=[],
    help_format="plaintext",
    default_parameter=Parameter(negative=()),
)

Mode = Literal["soft", "peak"]


@cli.default
@cli.command
def view(
    garments: list[Path] | None = None,
    /,
    *,
    checkpoint: Annotated[list[Path] | None, Parameter(consume_multiple=True)] = None,
    theme: Literal["system", "light", "dark"] = "system",
    size: tuple[int, int] = (1280, 800),
    scale: float | None = None,
    screenshot: Path | None = None,
    fresh: bool = False,
) -> None:
    """Open the window (the default command). Without a display, render the same scene to a PNG instead.

    Example: python main.py view assets/garments/unisex_shirt.ply --screenshot window.png

    Parameters
    ----------
    garments
        Meshes, clouds, sequences, and folders or files of many; the bundled T-shirt if not given.
    checkpoint
        Checkpoints; the bundled one if not given.
    theme
        Colours of the window.
    size
        Width and height of the window.
    scale
        Pixels of the screen in one of the window's, such as 2; the display's own if not given.
    screenshot
        Save the whole window as PNG to this file, then close.
    fresh
        Know nothing of earlier starts, such as recent files, and keep nothing of this one.
    """
    _check_size(size)
    reopen = not garments and not checkpoint
    garments = garments or [DEFAULT_GARMENT]
    checkpoints = checkpoint or [DEFAULT_CHECKPOINT]
    from app.application import has_display, run

    if has_display():
        failure = run(
            [*garments, *checkpoints], theme=theme, size=size, scale=scale, screenshot=screenshot, fresh=fresh,
            reopen=reopen,
        )  # fmt: skip
        if failure:
            raise KeygridError(failure)
        return
    out = screenshot or Path("keygrid-view.png")
    print(f"There is no display, so the view of {garments[0]} is rendered to {out}.")
    prediction = _render(garments[0], checkpoints[0], out, slices=None, size=size, dark=theme == "dark", mode="soft")
    _print_table(prediction)


@cli.command
def predict(
    garments: list[Path],
    /,
    *,
    checkpoint: Path = DEFAULT_CHECKPOINT,
    out: Path,
    keypoints: Mode = "soft",
    frames: bool = False,
    device: str = "cpu",
    batch: int = 8,
    workers: int | None = None,
) -> None:
    """Write the keypoints of garments to a file.

    Until all garments are done, OUT.partial has what is found. When the same command is given again, an interrupted run
    goes on from there.

    Example: python main.py predict assets/garments/unisex_shirt.ply --out keypoints.json

    Parameters
    ----------
    garments
        Meshes, clouds, sequences, and folders or files of many; damaged ones of these are skipped.
    checkpoint
        What predicts.
    out
        JSON, CSV, TXT (the published code's format) or, for one garment, PLY, by its ending.
    keypoints
        At the mean of their weights (soft) or on their heaviest point (peak).
    frames
        All frames of a garment that moves, called PATH@FRAME, instead of its shape at rest.
    device
        As PyTorch names it: cpu, cuda, cuda:1.
    batch
        Clouds that the network sees at once. Another number rounds differently.
    workers
        Processes that read garments beside it; as many as there are cores if not given. 0 reads in this one.
    """
    if batch < 1:
        raise KeygridError(f"The network sees one cloud at once or more, and not {batch}.")
    if workers is not None and workers < 0:
        raise KeygridError(f"There are no workers or more, and not {workers}.")
    from keygrid.prediction.files import check_format

    check_format(out, len(garments))  # before anything is computed
    from keygrid.data.dataset import Dataset

    members = Dataset.open(garments).members
    check_format(out, len(members))
    from keygrid.methods.learned import Predictor
    from keygrid.prediction.folder import Request, predict_all, show_progress

    predictor = Predictor(checkpoint, device)
    with show_progress(len(members)) as report:
        skipped = predict_all(
            members, predictor, out, Request(keypoints, frames, batch), workers=workers, on_skip=_name_skipped(),
            report=report, say=_say,
        )  # fmt: skip
    if skipped:
        _say(f"{skipped} of {len(members)} garments were skipped.")


@cli.command
def render(
    garment: Path,
    /,
    *,
    checkpoint: Path = DEFAULT_CHECKPOINT,
    out: Path,
    slices: Annotated[str | None, Parameter(name="--slice")] = None,
    size: tuple[int, int] = (1280, 800),
    dark: bool = False,
    keypoints: Mode = "soft",
    frame: int = -1,
) -> None:
    """Draw a garment with its keypoints into a PNG; needs no display.

    Example: python main.py render assets/garments/unisex_shirt.ply --slice z=0.1 --out shirt.png

    Parameters
    ----------
    garment
        A mesh, a cloud, a sequence, or one garment of a file of many, FILE#ITEM.
    checkpoint
        What predicts.
    out
        The picture, a PNG.
    slices
        Where the heatmap's slice lies: an axis and a normalised position, such as z=0.1; or none.
    size
        Width and height in pixels.
    dark
        Light on dark.
    keypoints
        At the mean of their weights (soft) or on their heaviest point (peak).
    frame
        Of a garment that moves, counted from 0, or from the end if negative; the last if not given.
    """
    _render(garment, checkpoint, out, slices=slices, size=size, dark=dark, mode=keypoints, frame=frame)


# Options of `train` by what they are about, in the order in which --help shows them.
_GARMENTS, _NETWORK, _COURSE, _MACHINE, _KEPT = (
    Parameter(group=Group.create_ordered(title))
    for title in (
        "Garments and how they are varied", "Network", "Course of the training", "Machine", "What is kept and shown",
    )
)  # fmt: skip


@cli.command
def train(
    garments: list[Path],
    /,
    *,
    run: Path,
    resume: bool = False,
    preset: Annotated[Literal["released", "paper", "keygrid"], _NETWORK] = "released",
    keypoints: Annotated[int, _NETWORK] = 8,
    points: Annotated[int | None, _NETWORK] = None,
    normalisation: Annotated[Literal["range", "centred"] | None, _NETWORK] = None,
    no_heatmap: Annotated[bool, _NETWORK] = False,
    category: Annotated[list[str] | None, _GARMENTS] = None,
    rotate: Annotated[float | None, _GARMENTS] = None,
    deform: Annotated[float | None, _GARMENTS] = None,
    scale: Annotated[float | None, _GARMENTS] = None,
    noise: Annotated[float | None, _GARMENTS] = None,
    drop: Annotated[float | None, _GARMENTS] = None,
    mirror: Annotated[bool | None, _GARMENTS, Parameter(negative="--no-mirror")] = None,
    up: Annotated[Literal["x", "y", "z"], _GARMENTS] = "y",
    no_cache: Annotated[bool, _GARMENTS] = False,
    epochs: Annotated[int | None, _COURSE] = None,
    epoch_size: Annotated[int | None, _COURSE] = None,
    batch: Annotated[int | None, _COURSE] = None,
    learning_rate: Annotated[float | None, _COURSE] = None,
    clip: Annotated[float | None, _COURSE] = None,
    weight: Annotated[list[str] | None, _COURSE] = None,
    patience: Annotated[int, _COURSE] = 0,
    seed: Annotated[int, _COURSE] = 0,
    device: Annotated[str, _MACHINE] = "cpu",
    devices: Annotated[int, _MACHINE] = 1,
    nodes: Annotated[int, _MACHINE] = 1,
    precision: Annotated[Literal["32", "bf16", "16"], _MACHINE] = "32",
    threads: Annotated[int | None, _MACHINE] = None,
    validate_every: Annotated[int, _KEPT] = 5,
    validate_motions: Annotated[int, _KEPT] = 1,
    preview: Annotated[Path | None, _KEPT] = None,
    keep_every: Annotated[int, _KEPT] = 10,
    half: Annotated[bool, _KEPT] = False,
    tensorboard: Annotated[bool, _KEPT] = False,
) -> None:
    """Train a network on varied copies of garments.

    Ctrl+C, SIGTERM or a file called stop in the run directory ends it after the step, and --resume goes on from there;
    while there is a file called pause, it waits.

    Example: python main.py train assets/garments/unisex_shirt.ply --run runs/shirt --normalisation centred

    Parameters
    ----------
    garments
        Files, folders and collections of meshes, clouds and sequences. Where they say what is to train on and what to
        validate on, so it is; else, of five or more garments, one in five is kept for validation. Damaged ones are
        skipped.
    run
        Directory for configuration, events and checkpoints.
    resume
        Go on from the state in the run directory, with the same options. Only --epochs, --patience, where it runs, and
        what is kept and shown may change.
    preset
        Constants of the published code (released) or of the paper, or ours (keygrid), which learns from what is known
        of garments that move: which points of two frames are the same material. What is not given below is the
        preset's own.
    keypoints
        K, from 2 to 64.
    points
        Points drawn on a garment.
    normalisation
        How a cloud is mapped to [-1, 1]: by its lowest and highest coordinate (range, as published), or by its bounding
        box moved to the origin (centred), which does not depend on where the garment lies.
    no_heatmap
        The decoder does not see the grid heatmap, an ablation of the paper's.
    category
        What is learnt, such as T-shirt; stored in the checkpoint. Leaves out garments that are known to be others. May
        be given several times.
    rotate
        Largest rotation about the vertical, in degrees.
    deform
        Free-form deformation's standard deviation, as a share of the extent.
    scale
        Each axis is stretched by a factor from 1 - SCALE to 1 + SCALE.
    noise
        Standard deviation of what is added to each coordinate, as a share of the extent.
    drop
        Largest share of points that is left out.
    mirror
        Reflect half of the clouds left to right.
    up
        The files' vertical axis.
    no_cache
        Keep no sampled clouds on disk. Results are the same with and without.
    epochs
        Passes.
    epoch_size
        Clouds in a pass.
    batch
        Clouds a step, of all processes together.
    learning_rate
        Of the optimiser; the highest where it changes.
    clip
        Largest norm of a step's gradient; 0 cuts none.
    weight
        Of a loss term, such as coverage=2; 0 leaves it out. May be given several times. There are farthest, similarity,
        strict, tolerant, coverage, apart and canonical.
    patience
        End after so many passes without a lower validation loss; 0 goes on.
    seed
        Of everything random.
    device
        As PyTorch names it: cpu, cuda, cuda:1.
    devices
        GPUs, or processes, on each machine. All share each batch, which gives the numbers of one process.
    nodes
        Machines; start the command on each by torchrun or SLURM.
    precision
        Of matrix products, in bits; 16 needs a GPU.
    threads
        Processor threads; all cores if not given. Another number rounds differently.
    validate_every
        Passes between two measurements of how well keypoints keep their part, on validation garments that move.
    validate_motions
        Garments on which that is measured; 0 measures none.
    preview
        The garment whose keypoints the events tell; the first one of validation if not given.
    keep_every
        Passes between two checkpoints that stay beside the best and the last; 0 keeps none.
    half
        Store checkpoints in 16 bits.
    tensorboard
        Write losses and scores for TensorBoard too.
    """
    from dataclasses import replace

    from torch import set_num_threads

    from keygrid.data.cache import CloudCache, cache_folder
    from keygrid.data.dataset import Dataset
    from keygrid.model.config import preset as model_preset
    from keygrid.training import progress
    from keygrid.training.config import preset as training_preset
    from keygrid.training.control import StoppedError
    from keygrid.training.trainer import Trainer

    def given(**options: Any) -> dict[str, Any]:
        return {name: value for name, value in options.items() if value is not None}

    model = model_preset(preset, keypoints)
    model = replace(
        model, **given(points=points, normalisation=normalisation, heatmap_levels=0 if no_heatmap else None)
    )
    training = training_preset(preset, keypoints, epochs)
    vary = given(rotate=rotate, deform=deform, scale=scale, noise=noise, drop=drop, mirror=mirror)
    training = replace(
        training, **given(epoch_size=epoch_size, batch=batch, learning_rate=learning_rate, clip=clip),
        **_weights(weight or ()), augmentation=replace(training.augmentation, up=up, **vary), seed=seed,
        precision=precision, patience=patience, validate_every=validate_every, validate_motions=validate_motions,
        keep_every=keep_every, half=half,
    )  # fmt: skip
    if threads is not None:
        set_num_threads(threads)
    # A resumed run has the numbers of an uninterrupted one, so the command that makes them has no --resume.
    command = shlex.join(["python", "main.py", *(word for word in sys.argv[1:] if word != "--resume")])
    cache = None if no_cache else CloudCache(cache_folder())
    data = Dataset.open(garments, categories=category or (), cache=cache, on_skip=_name_skipped())
    shown = None if preview is None else _open_one(preview)
    trainer = Trainer(
        data, model, training, run, category=", ".join(category or ()), command=command, device=device,
        devices=devices, nodes=nodes, preview=shown,
    )  # fmt: skip
    readers = [progress.tensorboard(run)] if tensorboard else []
    if resume:
        trainer.resume()
    try:
        with progress.show_progress() as show:
            trainer.fit(progress.to_all([show, *readers]))
    except StoppedError as stopped:
        _say(str(stopped))
        sys.exit(stopped.number and 128 + stopped.number)
    if data.skipped:
        print(f"{len(data.skipped)} of {len(data)} garments were skipped.", file=sys.stderr)
    if trainer.is_main:
        print(f"The checkpoints are in {run / 'checkpoints'}.")


@cli.command
def evaluate(
    checkpoints: list[Path],
    /,
    *,
    data: Annotated[list[Path] | None, Parameter(consume_multiple=True)] = None,
    category: str = "",
    split: Literal["train", "validation", "test", "all"] = "test",
    keypoints: Mode = "soft",
    out: Path | None = None,
    device: str = "cpu",
) -> None:
    """Score checkpoints on garments that move: do keypoints keep their part, and are they all over the garment?

    Example: python main.py evaluate assets/checkpoints/tshirt-k8.safetensors --category T-shirt

    Parameters
    ----------
    checkpoints
        What to score.
    data
        Sequences, and folders of many; the shipped garments if not given.
    category
        Leaves out garments that are known to be of another one.
    split
        Which garments, where they say to which split they belong.
    keypoints
        At the mean of their weights (soft) or on their heaviest point (peak).
    out
        Also write the scores here, as JSON.
    device
        As PyTorch names it: cpu, cuda, cuda:1.
    """
    from dataclasses import asdict
    from json import dumps

    from keygrid.data.dataset import Dataset
    from keygrid.evaluation.report import as_table
    from keygrid.evaluation.report import evaluate as score
    from keygrid.files import atomic
    from keygrid.methods.learned import Predictor

    categories = [category] if category else []
    garments = Dataset.open(data or [ASSETS / "garments"], categories=categories, on_skip=_name_skipped())
    if split != "all":
        garments = garments.of_split(split)
    predictors = [Predictor(path, device) for path in checkpoints]
    rows = score(
        predictors, garments, keypoints=keypoints, report=lambda name: print(f"scoring {name}", file=sys.stderr)
    )
    if out is not None:
        with atomic(out) as path:
            path.write_text(dumps([asdict(row) for row in rows], indent=1) + "\n")
    print(as_table(rows))


@cli.command
def info(paths: list[Path], /, *, json: bool = False) -> None:
    """Say what files and folders hold, without reading all of it.

    Example: python main.py info assets/garments/unisex_shirt.ply

    Parameters
    ----------
    paths
        Meshes, clouds, sequences, folders of any layout the README names, or checkpoints.
    json
        As JSON: an object, or a list of several.
    """
    from json import dumps

    from keygrid.describe import as_text, describe

    found = [describe(path) for path in paths]
    if json:
        print(dumps(found[0] if len(found) == 1 else found, ensure_ascii=False, indent=2))
    else:
        print("\n\n".join(as_text(description) for description in found))


@cli.command
def convert(
    path: Path,
    /,
    *,
    to: Literal["clothesnet", "keygrid", "keygrid-text", "keypointnet", "obj", "shapenet"],
    out: Path,
) -> None:
    """Write garments in another format, into a new folder.

    Example: python main.py convert assets/garments/unisex_shirt.ply --to keygrid-text --out shirt

    Parameters
    ----------
    path
        A mesh, a cloud, a sequence, or a folder or file of many.
    to
        ClothesNet's folders (meshes at rest), sequences with a manifest (keygrid), the published code's text,
        KeypointNet, numbered OBJ meshes, or ShapeNet's HDF5. Where a format has clouds, 2048 points are drawn.
    out
        A folder that is new or empty.
    """
    from keygrid.data import open_path
    from keygrid.data.formats.convert import convert as write

    write(open_path(path), to, out)


@cli.command
def sew(
    category: Literal["T-shirt", "Trousers", "Skirt", "Dress", "Vest", "Hat"],
    /,
    *,
    out: Path,
    seed: int | None = None,
    measure: list[str] | None = None,
) -> None:
    """Make a garment of a category, and write its mesh.

    Example: python main.py sew Trousers --seed 3 --measure length=60 --out shorts.obj

    Parameters
    ----------
    category
        What to make.
    out
        OBJ, PLY, STL, OFF or GLB, by its ending.
    seed
        Draws the measures; the usual ones if not given.
    measure
        One measure as NAME=CENTIMETRES; more than one of them may be given. An unknown name lists all.
    """
    _need_simulator()
    from keygrid.simulation.garments import tailored

    garment = tailored(category, seed, measure or [])
    from keygrid.prediction.files import write_mesh

    write_mesh(garment, out)


@cli.command
def simulate(
    garment: Path,
    /,
    *,
    motion: Literal["drop", "fold-sleeve", "fold-half", "drag", "lift"],
    out: Path,
    frames: int = 20,
    seed: int = 0,
    vertices: int = 1500,
    up: Literal["x", "y", "z"] = "y",
    own_mesh: bool = False,
    device: str = "cpu",
) -> None:
    """Let a cloth simulator move a garment, and write the sequence if it passes its checks.

    An interrupted run goes on where it was when the same command is given again.

    Example: python main.py simulate assets/garments/unisex_shirt.ply --motion fold-sleeve --out sequences

    Parameters
    ----------
    garment
        A mesh in one piece, manifold, worn upright, in any unit.
    motion
        What is done to it.
    out
        Folder of the sequence, NAME-MOTION-SEED.npz.
    frames
        Kept frames, evenly spaced over the motion.
    seed
        Of everything random: how the garment lies, where it is gripped, its friction and stiffness.
    vertices
        About how many are simulated; time grows with them.
    up
        The file's vertical axis.
    own_mesh
        Keep the frames on the file's own vertices instead of those that were simulated.
    device
        As Warp names it: cpu, cuda:0.
    """
    _need_simulator()
    from functools import partial

    from keygrid.data import open_path
    from keygrid.data.garment import Garment
    from keygrid.simulation.jobs import Outcome, run_jobs
    from keygrid.simulation.progress import show_jobs
    from keygrid.simulation.run import Recipe, job

    opened = open_path(garment)
    if not isinstance(opened, Garment):
        raise KeygridError(f"{garment.name} holds {len(opened)} garments; name one of them.")
    recipe = Recipe(motion, frames, seed, vertices, up, own_mesh)
    name = f"{opened.name}-{motion}-{seed}"
    outcomes: list[Outcome] = []
    with show_jobs([name]) as (report, _):
        work = partial(job, garment=opened, recipe=recipe, folder=out, name=name, device=device)
        run_jobs([work], 1, report, lambda _, outcome: outcomes.append(outcome))
    if outcomes[0].failure:
        raise KeygridError(outcomes[0].failure)
    print(outcomes[0].result)


@cli.command
def garments(*, out: Path = ASSETS / "garments", processes: int = 2, category: str = "") -> None:
    """Make the data set that is shipped: what is missing in a folder, and its manifest.

    Hours on two cores. What is there already stays, so an interrupted run goes on where it was.

    Example: python main.py garments --out garments --processes 4

    Parameters
    ----------
    out
        Folder of the data set.
    processes
        Sequences that are simulated at a time.
    category
        The only one to make, such as Skirt; all if not given.
    """
    _need_simulator()
    from keygrid.simulation.catalogue import make_all, real_tshirt

    failed = make_all(out, real_tshirt(DEFAULT_GARMENT), processes=processes, category=category)
    if failed:
        raise KeygridError(f"{len(failed)} sequences failed; the first: {failed[0]}")


def _need_simulator() -> None:
    from importlib.util import find_spec

    if find_spec("newton") is None or find_spec("gpytoolbox") is None:
        raise KeygridError("The simulator is not installed; install the extra: pip install -e '.[simulate]'.")


@cli.command(name="import")
def import_weights(published: Path, /, *, out: Path) -> None:
    """Turn a .pt file of the published code into a checkpoint.

    Example: python main.py import foldpant.pt --out trousers.safetensors

    Parameters
    ----------
    published
        The published code's file; no code in it is executed.
    out
        The checkpoint, ending in .safetensors.
    """
    from keygrid.checkpoints.published import import_published

    checkpoint = import_published(published)
    if out.suffix != ".safetensors":
        raise KeygridError(f"A checkpoint's name ends in .safetensors, and {out.name} does not.")
    checkpoint.save(out)
    print(f"{out} holds a network of {checkpoint.config.keypoints} keypoints.")


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _name_skipped(most: int = 3) -> "Callable[[Entry, str], None]":
    """What names the first few garments that are skipped; how many there were is said at the end."""
    left = most

    def name(entry: "Entry", reason: str) -> None:
        nonlocal left
        if left > 0:
            print(f"skipped {entry.path}: {reason}", file=sys.stderr)
        left -= 1

    return name


def _render(
    path: Path, checkpoint: Path, out: Path, *, slices: str | None, size: tuple[int, int], dark: bool, mode: Mode,
    frame: int = -1,
) -> "Prediction":  # fmt: skip
    from app.scene.offscreen import render as draw
    from app.scene.scene import DARK, LIGHT
    from keygrid.methods.learned import Predictor

    settings, field = _view_settings(slices)
    _check_size(size)
    if out.suffix.lower() != ".png":
        raise KeygridError(f"The picture is a PNG, so name it so: {out.name} ends otherwise.")
    garment = _open_one(path)
    predictor = Predictor(checkpoint)
    if garment.frames is None:
        frame, prediction = 0, predictor.predict(garment, keypoints=mode)
    else:
        frame = _place_of(frame, garment)
        prediction = predictor.predict_frame(garment, frame, keypoints=mode)
    draw(garment, prediction, settings, field, out, size=size, theme=DARK if dark else LIGHT, frame=frame)
    return prediction


def _open_one(path: Path) -> "Garment":
    from keygrid.data import open_path
    from keygrid.data.collection import Collection

    opened = open_path(path)
    if isinstance(opened, Collection):
        raise KeygridError(f"{path.name} holds {len(opened)} garments; name one, such as {opened.entries[0].path}.")
    return opened


def _place_of(frame: int, garment: "Garment") -> int:
    count = garment.frame_count
    if not -count <= frame < count:
        raise KeygridError(f"{garment.name} has the frames 0 to {count - 1}, and not {frame}.")
    return frame % count


def _weights(given: "Iterable[str]") -> dict[str, Any]:
    """Fields of `TrainingConfig`, of texts such as `coverage=2`."""
    from keygrid.training.config import OF_PAIRS, PUBLISHED

    weights = {}
    for text in given:
        name, _, number = text.partition("=")
        if name not in (*PUBLISHED, *OF_PAIRS):
            raise KeygridError(f"There is no loss term {name!r}; there are {', '.join((*PUBLISHED, *OF_PAIRS))}.")
        try:
            weights[f"{name}_weight"] = float(number)
        except ValueError as error:
            raise KeygridError(f"The weight of {name} is a number, as in {name}=2, and not {number!r}.") from error
    return weights


def _check_size(size: tuple[int, int]) -> None:
    if not all(64 <= side <= 16384 for side in size):
        raise KeygridError(f"A picture or window has from 64 to 16384 pixels a side, and not {size[0]} x {size[1]}.")


def _view_settings(slices: str | None) -> "tuple[ViewSettings, SliceSettings]":
    from app.state.settings import ViewSettings
    from app.state.slices import AXES, SliceSettings

    if slices is None:
        return ViewSettings(), SliceSettings()
    if slices == "none":
        return ViewSettings(slice=False), SliceSettings()
    axis, _, number = slices.partition("=")
    try:
        position = float(number)
    except ValueError:
        position = math.inf
    if axis not in AXES or not -1 <= position <= 1:
        raise KeygridError(f"A slice is an axis and a position from -1 to 1, such as z=0.1, and not {slices!r}.")
    field = SliceSettings(plane=axis)
    field.move(position)
    return ViewSettings(), field


def _print_table(prediction: "Prediction") -> None:
    print(f"{'#':>2} {'x':>10} {'y':>10} {'z':>10} {'vertex':>8} {'confidence':>10}")
    rows = zip(prediction.keypoints, prediction.vertices, prediction.confidence, strict=True)
    for index, ((x, y, z), vertex, confidence) in enumerate(rows):
        print(f"{index:2d} {x:10.4g} {y:10.4g} {z:10.4g} {vertex:8d} {confidence:10.2f}")


def main() -> int:
    """Run the command line; 2 with one sentence where the input is at fault."""
    try:
        cli(sys.argv[1:], exit_on_error=False, print_error=False)
    except (CycloptsError, KeygridError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The command `train`: a network learns from varied copies of garments."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter

from keygrid.cli.common import name_skipped, open_one, say

# Options of `train` by what they are about, in the order in which --help shows them.
_GARMENTS, _NETWORK, _COURSE, _MACHINE, _KEPT = (
    Parameter(group=Group.create_ordered(title))
    for title in (
        "Garments and how they are varied", "Network", "Course of the training", "Machine", "What is kept and shown",
    )
)  # fmt: skip


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
    from keygrid.training.config import parse_weights
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
        weights={**training.weights, **parse_weights(weight or ())},
        augmentation=replace(training.augmentation, up=up, **vary), seed=seed,
        precision=precision, patience=patience, validate_every=validate_every, validate_motions=validate_motions,
        keep_every=keep_every, half=half,
    )  # fmt: skip
    if threads is not None:
        set_num_threads(threads)
    # A resumed run has the numbers of an uninterrupted one, so the command that makes them has no --resume.
    command = shlex.join(["python", "main.py", *(word for word in sys.argv[1:] if word != "--resume")])
    cache = None if no_cache else CloudCache(cache_folder())
    data = Dataset.open(garments, categories=category or (), cache=cache, on_skip=name_skipped())
    shown = None if preview is None else open_one(preview)
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
        say(str(stopped))
        sys.exit(stopped.number and 128 + stopped.number)
    if data.skipped:
        say(f"{len(data.skipped)} of {len(data)} garments were skipped.")
    if trainer.is_main:
        print(f"The checkpoints are in {run / 'checkpoints'}.")

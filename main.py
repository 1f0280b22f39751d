"""The one command line, and where the parts of the project are put together. Heavy imports wait for their command."""

import shlex
import sys
from pathlib import Path
from typing import Literal

from cyclopts import App, CycloptsError

from keygrid.errors import KeygridError

cli = App(
    name="main.py",
    help="Key-Grid Desktop: unsupervised 3D keypoints for garments and other deformable things.",
    version_flags=[],
    help_format="markdown",
)


@cli.command
def train(
    garments: list[Path],
    /,
    *,
    run: Path,
    preset: Literal["released", "paper"] = "released",
    keypoints: int = 8,
    points: int = 2048,
    normalisation: Literal["range", "centred"] | None = None,
    category: str = "",
    epochs: int = 100,
    epoch_size: int = 128,
    batch: int = 8,
    learning_rate: float | None = None,
    rotate: float = 45.0,
    deform: float = 0.15,
    up: Literal["x", "y", "z"] = "y",
    seed: int = 0,
    device: str = "cpu",
    threads: int | None = None,
    resume: bool = False,
) -> None:
    """Train a network on deformed copies of garments.

    Example: `python main.py train assets/garments/unisex_shirt.ply --run runs/shirt --normalisation centred`

    Parameters
    ----------
    garments
        Mesh or cloud files; with five or more, one in five is kept for validation.
    run
        Directory for configuration, events and checkpoints.
    preset
        Constants of the published code (released) or of the paper.
    keypoints
        K, from 2 to 64.
    points
        Points drawn on a garment.
    normalisation
        How a cloud is mapped to [-1, 1]: by its lowest and highest coordinate (range, both presets' choice), or by its
        bounding box moved to the origin (centred), which does not depend on where the garment lies.
    category
        What is learnt, such as T-shirt; stored in the checkpoint.
    epochs
        Passes.
    epoch_size
        Clouds in a pass.
    batch
        Clouds a step.
    learning_rate
        The preset's own if not given.
    rotate
        Largest rotation about the vertical, in degrees.
    deform
        Free-form deformation's standard deviation, as a share of the extent.
    up
        The files' vertical axis.
    seed
        Of everything random.
    device
        As PyTorch names it: cpu, cuda, cuda:1.
    threads
        Processor threads; all cores if not given. Another number rounds differently.
    resume
        Go on from the last whole epoch in the run directory, with the same options; only --epochs may change.
    """
    from dataclasses import replace

    from torch import set_num_threads

    from keygrid.data.augmentation import Augmentation
    from keygrid.data.readers import read_garment
    from keygrid.model.config import preset as model_preset
    from keygrid.training.config import preset as training_preset
    from keygrid.training.progress import show_progress
    from keygrid.training.trainer import Trainer

    model = replace(model_preset(preset, keypoints), points=points)
    if normalisation is not None:
        model = replace(model, normalisation=normalisation)
    training = replace(
        training_preset(preset, keypoints), epochs=epochs, epoch_size=epoch_size, batch=batch, seed=seed,
        augmentation=Augmentation(rotate, deform, up),
    )  # fmt: skip
    if threads is not None:
        set_num_threads(threads)
    if learning_rate is not None:
        training = replace(training, learning_rate=learning_rate)
    command = shlex.join(["python", "main.py", *sys.argv[1:]])
    trainer = Trainer(
        [read_garment(path) for path in garments], model, training, run,
        category=category, command=command, device=device,
    )  # fmt: skip
    if resume:
        trainer.resume()
    with show_progress() as report:
        trainer.fit(report)
    print(f"The checkpoints are in {run / 'checkpoints'}.")


def main() -> int:
    """Run the command line; 2 with one sentence where the input is at fault."""
    try:
        cli(exit_on_error=False, print_error=False)
    except (CycloptsError, KeygridError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What is open and what is chosen."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from keygrid.data.garment import Garment
from keygrid.prediction import Prediction


@dataclass(frozen=True, eq=False)  # a file that is read again is another checkpoint: it may have been trained on
class OpenCheckpoint:
    """A checkpoint that can be read, by what a list shows of it.

    Attributes:
        path: its file.
        keypoints: K.
        category: what it was trained on; empty where not known.
    """

    path: Path
    keypoints: int
    category: str


@dataclass
class Document:
    """Open garments and checkpoints, the chosen ones, and what one says of the other.

    Attributes:
        garments: in the order of opening.
        checkpoints: likewise.
        garment: the chosen garment.
        checkpoint: the chosen checkpoint.
        prediction: of the chosen checkpoint for the chosen garment; None until it is there.
        keypoint: index of the selected keypoint.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    garments: tuple[Garment, ...] = ()
    checkpoints: tuple[OpenCheckpoint, ...] = ()
    garment: Garment | None = None
    checkpoint: OpenCheckpoint | None = None
    prediction: Prediction | None = None
    keypoint: int | None = None

    def add_garment(self, garment: Garment, *, choose: bool) -> None:
        """Add a garment in place of an earlier one of the same file, and choose it if asked."""
        replaced = [g for g in self.garments if g.source is not None and g.source == garment.source]
        self.garments = (*(g for g in self.garments if g not in replaced), garment)
        if choose or self.garment in replaced:
            self.choose(garment=garment)

    def add_checkpoint(self, checkpoint: OpenCheckpoint, *, choose: bool) -> None:
        """Add a checkpoint in place of an earlier one of the same file, and choose it if asked."""
        replaced = [c for c in self.checkpoints if c.path == checkpoint.path]
        self.checkpoints = (*(c for c in self.checkpoints if c not in replaced), checkpoint)
        if choose or self.checkpoint in replaced:
            self.choose(checkpoint=checkpoint)

    def choose(self, *, garment: Garment | None = None, checkpoint: OpenCheckpoint | None = None) -> None:
        """Change the chosen garment or checkpoint; what was predicted before no longer holds."""
        self.keypoint = None
        self.prediction = None
        if garment is not None:
            self.garment = garment
        if checkpoint is not None:
            self.checkpoint = checkpoint

    def close_garment(self, garment: Garment) -> None:
        """Close a garment; where it was chosen, the last of the others is."""
        self.garments = tuple(g for g in self.garments if g is not garment)
        if self.garment is garment:
            self.choose()
            self.garment = self.garments[-1] if self.garments else None

    def show(self, prediction: Prediction) -> None:
        """Take in a prediction for the chosen garment and checkpoint."""
        self.keypoint = None
        self.prediction = prediction

"""A followed folder: another program writes clouds into it, and the window shows the newest."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from keygrid.clouds import Recipe


@dataclass
class Following:
    """A followed folder, and the delay until its newest cloud is shown.

    Attributes:
        folder: folder of the clouds; None if none is followed.
        recipe: recipe that prepares the clouds.
        frame: name of the file on show.
        seconds: time from writing the file until it was drawn with its keypoints; None before the first one.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    folder: Path | None = None
    recipe: Recipe = field(default_factory=Recipe)
    frame: str = ""
    seconds: float | None = None

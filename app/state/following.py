"""A folder that another program writes clouds into, of which the window shows the newest."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from keygrid.clouds import Recipe


@dataclass
class Following:
    """A followed folder, and the delay of the picture.

    Attributes:
        folder: of the clouds; None if none is followed.
        recipe: prepares them.
        frame: name of the file that is shown.
        seconds: from when it was written until it was drawn with its keypoints; None before the first one.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    folder: Path | None = None
    recipe: Recipe = field(default_factory=Recipe)
    frame: str = ""
    seconds: float | None = None

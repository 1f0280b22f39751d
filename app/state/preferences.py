"""User preferences for all sessions."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from psygnal import SignalGroupDescriptor

Theme = Literal["system", "light", "dark"]
THEMES: tuple[Theme, ...] = get_args(Theme)

Device = Literal["automatic", "cpu", "cuda"]
DEVICES: tuple[Device, ...] = get_args(Device)

TEXT_SCALES = (80, 90, 100, 110, 125, 150, 175, 200)
"""Text sizes of the window, in percent of the system's."""

MOST_THREADS = 256


@dataclass
class Preferences:
    """User preferences, kept between sessions.

    Attributes:
        theme: colours of the window.
        text_scale: one of `TEXT_SCALES`.
        palette: colours of keypoints, a name in `keygrid.palette.PALETTES`.
        device: device that predicts; `automatic` uses CUDA if available.
        threads: number of threads of the predicting process; 0 leaves it to PyTorch.
        reopen: whether the last session is reopened at the start.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    theme: Theme = "system"
    text_scale: int = 100
    palette: str = "Okabe–Ito"
    device: Device = "automatic"
    threads: int = 0
    reopen: bool = False

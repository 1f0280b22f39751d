"""Playback of a moving garment's frames."""

from dataclasses import dataclass
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from app.state.document import Document

SPEEDS = (1, 60)
"""Minimum and maximum speed, in frames per second."""


@dataclass
class Playback:
    """State and speed of playback.

    Attributes:
        playing: whether frames are playing.
        loop: whether the first frame follows the last.
        speed: frames per second.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    playing: bool = False
    loop: bool = True
    speed: int = 12

    def toggle(self, document: Document) -> None:
        """Play or pause; at the end, play from the beginning."""
        if not self.playing and document.frame == document.frame_count - 1:
            document.go_to(0)
        self.playing = not self.playing and document.frame_count > 1

    def advance(self, document: Document) -> None:
        """Show the next frame, or stop at the end."""
        if document.frame + 1 < document.frame_count:
            document.go_to(document.frame + 1)
        elif self.loop and document.frame_count > 1:
            document.go_to(0)
        else:
            self.playing = False

    def step(self, document: Document, by: int) -> None:
        """Pause, and show a frame before or after; wrap around if looping."""
        self.playing = False
        target = document.frame + by
        document.go_to(target % max(document.frame_count, 1) if self.loop else target)

    def jump(self, document: Document, frame: int) -> None:
        """Pause, and show a frame; -1 is the last."""
        self.playing = False
        document.go_to(frame if frame >= 0 else document.frame_count + frame)

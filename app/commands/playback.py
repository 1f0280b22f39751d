"""Commands of the menu Playback."""

from app.actions import Command
from app.context import Context
from app.state.drift import next_worst


class PlaybackCommands:
    """Plays and steps through frames.

    Args:
        context: holds the document whose frame changes.
    """

    def __init__(self, context: Context) -> None:
        self._document, self._playback = context.state.document, context.state.playback
        self._messages = context.messages

    def commands(self) -> list[Command]:
        """Return the commands for the menu Playback."""
        document, playback = self._document, self._playback
        return [
            Command("play", "&Play or pause", "&Playback", lambda: playback.toggle(document), "Space"),
            Command("go_back", "Frame &back", "&Playback", lambda: playback.step(document, -1), ",", separated=True),
            Command("go_on", "Frame for&ward", "&Playback", lambda: playback.step(document, 1), "."),
            Command("go_first", "&First frame", "&Playback", lambda: playback.jump(document, 0), "Home"),
            Command("go_last", "L&ast frame", "&Playback", lambda: playback.jump(document, -1), "End"),
            Command("next_worst", "Next &worst frame", "&Playback", self._go_to_worst, "Shift+."),
            Command("loop", "&Loop", "&Playback", lambda on: setattr(playback, "loop", on), "L", checkable=True,
                    separated=True),
        ]  # fmt: skip

    def _go_to_worst(self) -> None:
        frame = next_worst(self._document)
        if frame is None:
            self._messages.warn("The worst frame is known once a moving garment's keypoints are found.")
            return
        self._playback.jump(self._document, frame)

"""Messages to the user."""

from psygnal import Signal


class Messages:
    """Passes messages from anywhere to the widgets that show them."""

    warned = Signal(str)
    """Something failed or can't be done; the message stays until it is closed."""

    told = Signal(str)
    """Something was done; the message disappears by itself."""

    def warn(self, sentence: str) -> None:
        """Report a failure, with its reason and a remedy."""
        self.warned.emit(sentence)

    def tell(self, sentence: str) -> None:
        """Report that something was done."""
        self.told.emit(sentence)

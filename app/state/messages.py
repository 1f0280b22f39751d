"""Sentences for the user, from wherever they arise."""

from psygnal import Signal


class Messages:
    """Passes sentences on to whatever shows them."""

    warned = Signal(str)
    """Something went wrong, or can't be done; stays until it is closed."""

    told = Signal(str)
    """Something was done; disappears by itself."""

    def warn(self, sentence: str) -> None:
        """Say why something failed or can't be done, and what to do."""
        self.warned.emit(sentence)

    def tell(self, sentence: str) -> None:
        """Say that something was done."""
        self.told.emit(sentence)

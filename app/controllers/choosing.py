"""Chooses the default method for each garment until the user chooses one."""

from app.state.document import Document, OpenMethod
from keygrid.methods.defaults import default_for


class Choosing:
    """Chooses the default method for each chosen garment, unless the current method was chosen by something else.

    Args:
        document: holds the garment and the available methods.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._chosen: OpenMethod | None = None
        for name in ("garment", "methods"):
            document.events[name].connect(self._choose)

    def _choose(self, *_: object) -> None:
        garment, method = self._document.garment, self._document.method
        if garment is None or (method is not None and method is not self._chosen):
            return
        path = default_for(garment).path
        found = next((known for known in self._document.methods if known.id.path == path), None)
        if found is not None and found is not method:
            self._chosen = found
            self._document.choose(method=found)

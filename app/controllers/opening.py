"""Opens files, which are told apart by their endings and read by the worker."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.state.document import Document, OpenMethod
from app.state.session import SUFFIX
from app.state.shelf import OpenCollection, Shelf
from app.worker.client import WorkerClient
from app.worker.protocol import ListMethods, ListShipped, OpenPath, ReadMethod
from keygrid.data.collection import Entry
from keygrid.data.garment import Garment
from keygrid.data.objects import object_paths
from keygrid.installation import COMMAND
from keygrid.prediction import MethodId

CHECKPOINT_SUFFIXES = (".safetensors",)

PUBLISHED_SUFFIXES = (".pt", ".pth")
"""Endings of the published code's weights, which must be imported before use."""

Open = Callable[[Sequence[Path]], None]


class Opening(QObject):
    """Opens garments, folders and checkpoints, and adds them to the document and the library.

    Args:
        document: receives what is opened.
        shelf: receives opened folders and recent files.
        worker: reads.
    """

    session_wanted = Signal(object)
    """The path of a session to be opened."""

    refused = Signal(str)
    """A file can't be opened here; the text says what to do instead."""

    guessed = Signal(str)
    """One of several objects in a file was chosen by a guess; the text says which."""

    def __init__(self, document: Document, shelf: Shelf, worker: WorkerClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._shelf, self._worker = document, shelf, worker

    def open(self, paths: Sequence[Path]) -> None:
        """Open garments, folders, checkpoints or a session; choose the first garment and the first checkpoint."""
        garments: list[Path] = []
        checkpoints: list[Path] = []
        sessions: list[Path] = []
        for path in paths:
            ending = path.suffix.lower()
            if ending in PUBLISHED_SUFFIXES:
                self.refused.emit(
                    f"{path.name} holds weights of the published code; import them first with "
                    f"`{' '.join(COMMAND)} import {path.name} --out {path.stem}.safetensors`."
                )
            elif ending == SUFFIX:
                sessions.append(path)
            else:
                (checkpoints if ending in CHECKPOINT_SUFFIXES else garments).append(path)
        for path in garments:
            self._worker.request(OpenPath(path), partial(self._take_garment, path, choose=path is garments[0]))
        self.open_methods([str(path) for path in checkpoints])
        if sessions:
            self.session_wanted.emit(sessions[0])

    def open_methods(self, specs: Sequence[str]) -> None:
        """Open methods by the specifications that `keygrid.methods.open_method` takes; choose the first one."""
        for spec in specs:
            self._worker.request(ReadMethod(spec), partial(self._take_method, choose=spec is specs[0]))

    def list_shipped(self, folder: Path) -> None:
        """Add the shipped garments to the library."""
        self._worker.request(ListShipped(folder), self._take_shipped)

    def list_methods(self, folder: Path) -> None:
        """Make the shipped methods available: checkpoints, and methods without learning."""
        self._worker.request(ListMethods(folder), self._take_listed)

    def _take_garment(self, path: Path, opened: Garment | OpenCollection, *, choose: bool) -> None:
        if isinstance(opened, OpenCollection):
            self._shelf.add_collection(opened)
        else:
            self._document.add_garment(opened, choose=choose or self._document.garment is None)
            if opened.siblings and opened is self._document.garment and (known := _guess_of(opened)):
                self.guessed.emit(known)
        self._shelf.remember(path)

    def _take_method(self, method: OpenMethod, *, choose: bool) -> None:
        self._document.add_method(method, choose=choose or self._document.method is None)

    def _take_shipped(self, entries: tuple[Entry, ...]) -> None:
        self._shelf.shipped = entries

    def _take_listed(self, found: tuple[OpenMethod, ...]) -> None:
        known = {_place(method.id) for method in self._document.methods}
        for method in found:
            if _place(method.id) not in known:
                self._document.add_method(method, choose=False)


def _guess_of(garment: Garment) -> str:
    """Return the messages on how one of a file's objects was chosen; empty if the user named it."""
    paths = [path for _, path in object_paths(garment)]
    note = next((note for note in garment.notes if " objects: " in note), "")
    return f"{garment.name} has {note}" if note and garment.source not in paths else ""


def _place(method: MethodId) -> str:
    """Return a text that is the same for all paths of one file."""
    return str(method.path.absolute()) if method.path is not None else method.spec

"""Keeps the prepared cloud on show up to date as its recipe changes."""

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

from PySide6.QtCore import QObject

from app.state.document import Document
from app.state.preparation import Preparation, PreparedCloud
from app.worker.client import WorkerClient
from app.worker.protocol import Prepare
from keygrid.data.garment import Garment


class Preparing(QObject):
    """Lets the worker prepare the chosen cloud, and chooses the result.

    The prepared cloud is written to a file of its own, which is opened like any other.

    Args:
        document: holds the cloud, and receives the prepared one.
        preparation: the cloud to prepare, and its recipe.
        worker: prepares clouds.
        folder: folder for prepared clouds; None for a temporary one.
    """

    def __init__(
        self,
        document: Document,
        preparation: Preparation,
        worker: WorkerClient,
        folder: Path | None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._preparation, self._worker = document, preparation, worker
        self._temporary = None if folder is not None else TemporaryDirectory(prefix="keygrid-prepared-")
        self._folder = folder or Path(self._temporary.name if self._temporary else "")
        self._going_back = False
        document.events.garment.connect(self._follow)
        preparation.events.recipe.connect(self._prepare)
        self._follow(document.garment)

    def shut(self) -> None:
        """Remove the files, unless they are kept."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def _follow(self, garment: Garment | None) -> None:
        """Start preparing the chosen cloud, unless it is already being prepared."""
        preparation = self._preparation
        if garment is not None and garment.source in (self._source(), self._target()):
            return
        is_cloud = garment is not None and garment.is_cloud and garment.source is not None and garment.source.is_file()
        self._worker.forget(self)
        preparation.begin(garment if is_cloud else None)

    def _source(self) -> Path | None:
        source = self._preparation.source
        return None if source is None else source.source

    def _target(self) -> Path | None:
        """Return the file for the prepared cloud, which does not depend on the recipe."""
        source = self._source()
        if source is None:
            return None
        place = hashlib.sha256(str(source.absolute()).encode(errors="surrogateescape")).hexdigest()[:12]
        return self._folder / place / f"{source.stem}-prepared.ply"

    def _prepare(self, *_: object) -> None:
        preparation, source, target = self._preparation, self._source(), self._target()
        if self._going_back or source is None or target is None or preparation.source is None:
            return
        recipe = preparation.recipe
        if recipe.steps or recipe.up is not None:
            self._worker.request(Prepare(source, recipe, target), self._take, otherwise=self._go_back, slot=self)
            return
        self._worker.forget(self)
        preparation.prepared = None
        if self._document.garment is not preparation.source:
            self._document.choose(garment=preparation.source)

    def _take(self, prepared: PreparedCloud) -> None:
        self._preparation.prepared = prepared
        self._document.add_garment(prepared.garment, choose=True)

    def _go_back(self, _sentence: str) -> None:
        """Undo a change that can't be applied; the view still shows the state before it."""
        self._going_back = True
        try:
            self._preparation.undo()
            self._preparation.later = ()
        finally:
            self._going_back = False

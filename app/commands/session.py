"""Saving and reopening what is open, also after a crash."""

import os
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QByteArray, QLockFile, QObject, QTimer
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox

from app.actions import Command
from app.commands.files import FileCommands
from app.controllers.opening import Open
from app.state.camera import SavedViews
from app.state.comparison import Comparison
from app.state.document import Document, OpenCheckpoint, Subject
from app.state.playback import Playback
from app.state.session import (
    COMPARISON,
    SETTINGS,
    SLICES,
    SUFFIX,
    Session,
    ViewState,
    attributes,
    read_session,
    restore,
    write_session,
)
from app.state.view import View
from app.views.comparison import ComparisonArea
from app.views.notice import Notice
from keygrid.data.garment import Garment
from keygrid.errors import KeygridError

EVERY_MS = 5000
"""How often what is open is kept, in case of a crash."""

LAST = f"last{SUFFIX}"
"""What was open when a window was closed."""


@dataclass(frozen=True)
class Parts:
    """What a session is of.

    Attributes:
        document: what is open.
        first: the first view.
        comparison: the others.
        area: has the cameras.
        saved: cameras that can be recalled.
        playback: how frames are played.
    """

    document: Document
    first: View
    comparison: Comparison
    area: ComparisonArea
    saved: SavedViews
    playback: Playback


class SessionCommands(QObject):
    """Keeps sessions and opens them again.

    Args:
        window: has the panels; dialogs are shown above it.
        parts: what a session is of.
        notice: says what can't be opened.
        files: writes files.
        open_paths: opens garments and checkpoints.
        folder: where what is open is kept in case of a crash; None if it shall not be.
    """

    def __init__(
        self,
        window: QMainWindow,
        parts: Parts,
        notice: Notice,
        files: FileCommands,
        open_paths: Open,
        folder: Path | None,
    ) -> None:
        super().__init__(window)
        self._window, self._parts, self._notice, self._files = window, parts, notice, files
        self._open, self._folder = open_paths, folder
        self._awaited: Session | None = None
        self._kept: Session | None = None
        for name in ("garments", "checkpoints"):
            parts.document.events[name].connect(self._look)
        self._keeping = QTimer(self, interval=EVERY_MS)
        self._keeping.timeout.connect(self.keep)
        self._lock = _lock_of(self._recovery)
        if folder is not None:
            self._keeping.start()

    def commands(self) -> list[Command]:
        """For the menu File."""
        return [
            Command("save_session", "Save sessio&n…", "&File", self._ask_to_save, "Ctrl+Alt+N", separated=True),
            Command("open_session", "Op&en session…", "&File", self._ask_to_open, "Ctrl+Alt+O"),
        ]

    # Keeping

    def session(self) -> Session:
        """What is open now."""
        parts = self._parts
        document, comparison = parts.document, parts.comparison
        views = [self._state_of(view) for view in (parts.first, *comparison.views)]
        layout = bytes(self._window.saveState().toBase64().data()).decode()
        return Session(
            [str(garment.source) for garment in document.garments if garment.source is not None],
            [str(checkpoint.path) for checkpoint in document.checkpoints],
            views,
            attributes(comparison, COMPARISON),
            dict(parts.saved.views),
            parts.playback.speed,
            parts.playback.loop,
            layout,
        )

    def keep(self) -> None:
        """Keep what is open in case of a crash, if it has changed."""
        if self._folder is None or self._awaited is not None:
            return
        session = self.session()
        if session != self._kept:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                if not self._lock.isLocked():
                    self._lock.tryLock(0)
                write_session(session, self._recovery)
            except (KeygridError, OSError):
                self._keeping.stop()  # what can't be kept once can't be kept later
            self._kept = session

    def shut(self) -> None:
        """Nothing has crashed: what is open now is what was open last."""
        self._keeping.stop()
        if self._folder is not None and self._awaited is None:
            self.keep()
            if self._recovery.exists():
                self._recovery.replace(self._folder / LAST)
            self._lock.unlock()

    def crashed(self) -> Path | None:
        """What was open in a window that did not end well; the newest, if there are several."""
        return max(self._crashed(), key=lambda path: path.stat().st_mtime, default=None)

    def _crashed(self) -> list[Path]:
        folder = self._folder
        found = sorted(folder.glob(f"open-*{SUFFIX}")) if folder is not None and folder.is_dir() else []
        return [path for path in found if path != self._recovery and not _is_kept(path)]

    def offer(self, path: Path) -> QMessageBox:
        """Ask whether what was open in a window that did not end well shall be opened again."""
        box = QMessageBox(self._window)
        box.setWindowTitle("Key-Grid Desktop")
        box.setIcon(QMessageBox.Icon.Question)
        box.setText("Key-Grid Desktop did not end properly last time.")
        box.setInformativeText("Reopen what was open then?")
        reopen = box.addButton("&Reopen", QMessageBox.ButtonRole.AcceptRole)
        box.addButton("&Start afresh", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(reopen)

        def answer() -> None:
            if box.clickedButton() is reopen:
                self.open(path)
            for known in self._crashed():
                known.unlink(missing_ok=True)
            box.deleteLater()

        box.finished.connect(answer)
        box.open()
        return box

    @property
    def last(self) -> Path | None:
        """What was open when a window was closed last."""
        path = self._folder / LAST if self._folder is not None else None
        return path if path is not None and path.exists() else None

    # Opening

    def open(self, path: Path) -> None:
        """Open a session in place of what is open; if it can't be read, what is open stays."""
        try:
            session = read_session(path)
        except KeygridError as error:
            self._notice.say(str(error))
            return
        parts = self._parts
        parts.comparison.stop()
        self._close_others(session)
        restore(parts.comparison, {**session.comparison, "mode": "grid"})
        restore(parts.first.settings, session.views[0].settings)
        restore(parts.first.slices, session.views[0].slices)
        parts.saved.views = dict(session.saved_views)
        parts.playback.speed, parts.playback.loop = session.speed, session.loop
        if session.layout:
            self._window.restoreState(QByteArray.fromBase64(session.layout.encode()))
        self._awaited = session
        known = {str(garment.source) for garment in parts.document.garments}
        known |= {str(checkpoint.path) for checkpoint in parts.document.checkpoints}
        wanted = [text for text in (*session.garments, *session.checkpoints) if text not in known]
        if wanted:
            self._open([Path(text) for text in wanted])
        else:
            self.settle("")

    def settle(self, _failure: str) -> None:
        """All that a session has is open, as far as it can be: show it as it was."""
        session, self._awaited = self._awaited, None
        if session is None:
            return
        parts = self._parts
        missing = [text for text in (*session.garments, *session.checkpoints) if not self._is_open(text)]
        self._show(parts.first, session.views[0])
        for state in session.views[1:]:
            garment, checkpoint = _found(parts.document, state)
            if garment is not None or not state.garment:
                view = parts.comparison.add(garment, checkpoint)
                restore(view.settings, state.settings)
                restore(view.slices, state.slices)
                self._show(view, state)
        if parts.comparison.active:
            parts.comparison.mode = session.comparison.get("mode", "grid")
        if missing:
            names = ", ".join(Path(text).name for text in missing)
            self._notice.say(f"Of this session, this is not there any more or can't be read: {names}.")

    def _look(self, *_: object) -> None:
        """Show the session as soon as all of it is open; what is predicted meanwhile takes longer."""
        session = self._awaited
        if session is not None and all(map(self._is_open, (*session.garments, *session.checkpoints))):
            QTimer.singleShot(0, self, lambda: self.settle(""))

    def _show(self, view: View, state: ViewState) -> None:
        subject = view.subject
        garment, checkpoint = _found(self._parts.document, state)
        new = garment if garment is not subject.garment else None
        other = checkpoint if checkpoint is not subject.checkpoint else None
        if new is not None or other is not None:
            subject.choose(garment=new, checkpoint=other)
        subject.go_to(state.frame)
        if view is self._parts.first or not self._parts.comparison.selection:
            subject.keypoint = state.keypoint  # in linked views, the others' follow when it is known who they are
        if state.camera is not None and garment is not None:
            self._parts.area.look(state.camera, view)

    def _close_others(self, session: Session) -> None:
        document = self._parts.document
        for garment in document.garments:
            if str(garment.source) not in session.garments:
                document.close_garment(garment)
        document.checkpoints = tuple(
            known for known in document.checkpoints
            if str(known.path) in session.checkpoints or known is document.checkpoint
        )  # fmt: skip

    def _is_open(self, text: str) -> bool:
        document = self._parts.document
        opened = [*(str(garment.source) for garment in document.garments), *(str(c.path) for c in document.checkpoints)]
        return text in opened

    def _state_of(self, view: View) -> ViewState:
        subject: Subject = view.subject
        camera = self._parts.area.pane(view).viewport.scene.camera
        return ViewState(
            str(subject.garment.source) if subject.garment is not None else "",
            str(subject.checkpoint.path) if subject.checkpoint is not None else "",
            subject.frame,
            subject.keypoint,
            camera,
            attributes(view.settings, SETTINGS),
            attributes(view.slices, SLICES),
        )

    # Asking

    def _ask_to_save(self) -> None:
        kind = f"Sessions (*{SUFFIX})"
        name, _ = QFileDialog.getSaveFileName(self._window, "Save session", f"session{SUFFIX}", kind)
        if name:
            path = Path(name).with_suffix(SUFFIX)
            self._files.save(lambda: write_session(self.session(), path), path)

    def _ask_to_open(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self._window, "Open session", "", f"Sessions (*{SUFFIX});;All files (*)")
        if name:
            self.open(Path(name))

    @property
    def _recovery(self) -> Path:
        folder = self._folder or Path()
        return folder / f"open-{os.getpid()}{SUFFIX}"


def _found(document: Document, state: ViewState) -> tuple[Garment | None, OpenCheckpoint | None]:
    garment = next((known for known in document.garments if str(known.source) == state.garment), None)
    checkpoint = next((known for known in document.checkpoints if str(known.path) == state.checkpoint), None)
    return garment, checkpoint


def _lock_of(recovery: Path) -> QLockFile:
    lock = QLockFile(f"{recovery}.lock")
    lock.setStaleLockTime(0)  # a lock is its process', however long that lives
    return lock


def _is_kept(recovery: Path) -> bool:
    """Whether a window still keeps a file."""
    lock = _lock_of(recovery)
    free = lock.tryLock(0)
    if free:
        lock.unlock()
    return not free

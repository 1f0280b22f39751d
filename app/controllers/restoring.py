"""Makes sessions of what is open, and restores them."""

from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QByteArray, QObject, QTimer

from app.context import Context
from app.controllers.opening import Opening
from app.controllers.placing import KeepingLandmarks
from app.state.camera import Camera
from app.state.document import Document, OpenMethod
from app.state.session import COMPARISON, SETTINGS, SLICES, Session, ViewState, attributes, read_session, restore
from app.state.view import View
from keygrid.data.garment import Garment
from keygrid.errors import KeygridError


class Cameras(Protocol):
    """Access to the views' cameras."""

    def camera(self, view: View) -> Camera:
        """Return the camera of a view."""

    def look(self, camera: Camera, view: View | None = None) -> None:
        """Set the camera of a view and of those linked with it."""


class Restoring(QObject):
    """Makes a session of what is open, and restores sessions.

    Args:
        context: open files, and the window with its panels.
        cameras: access to the views' cameras.
        opening: opens garments and methods.
        landmarks: holds landmarks that are saved nowhere else.
    """

    def __init__(self, context: Context, cameras: Cameras, opening: Opening, landmarks: KeepingLandmarks) -> None:
        super().__init__(context.window)
        self._landmarks = landmarks
        self._context, self._state, self._cameras, self._opening = context, context.state, cameras, opening
        self._awaited: Session | None = None
        for name in ("garments", "methods"):
            self._state.document.events[name].connect(self._look)
        context.worker.settled.connect(self._settle)

    @property
    def waiting(self) -> bool:
        """True while a session is being opened."""
        return self._awaited is not None

    def session(self) -> Session:
        """Return a session of what is open."""
        state = self._state
        return Session(
            [str(garment.source) for garment in state.document.garments if garment.source is not None],
            [method.id.spec for method in state.document.methods],
            [self._state_of(view) for view in state.views],
            attributes(state.comparison, COMPARISON),
            dict(state.saved_views.views),
            state.playback.speed,
            state.playback.loop,
            bytes(self._context.window.saveState().toBase64().data()).decode(),
            self._landmarks.unsaved,
        )

    def open(self, path: Path) -> None:
        """Open a session in place of what is open; if it can't be read, change nothing."""
        try:
            session = read_session(path)
        except KeygridError as error:
            self._context.messages.warn(str(error))
            return
        state = self._state
        state.comparison.stop()
        self._close_others(session)
        self._landmarks.restore(session.landmarks)
        restore(state.comparison, {**session.comparison, "mode": "grid"})
        restore(state.first.settings, session.views[0].settings)
        restore(state.first.slices, session.views[0].slices)
        state.saved_views.views = dict(session.saved_views)
        state.playback.speed, state.playback.loop = session.speed, session.loop
        if session.layout:
            self._context.window.restoreState(QByteArray.fromBase64(session.layout.encode()))
        self._awaited = session
        known = _opened(state.document)
        garments = [Path(text) for text in session.garments if text not in known]
        methods = [text for text in session.methods if text not in known]
        self._opening.open(garments)
        self._opening.open_methods(methods)
        if not garments and not methods:
            self._settle()

    def _settle(self, _failure: str = "") -> None:
        """Restore a session's display, as far as its files could be opened."""
        session, self._awaited = self._awaited, None
        if session is None:
            return
        state = self._state
        known = _opened(state.document)
        missing = [text for text in (*session.garments, *session.methods) if text not in known]
        self._show(state.first, session.views[0])
        for view_state in session.views[1:]:
            garment, method = _found(state.document, view_state)
            if garment is not None or not view_state.garment:
                view = state.comparison.add(garment, method)
                restore(view.settings, view_state.settings)
                restore(view.slices, view_state.slices)
                self._show(view, view_state)
        if state.comparison.active:
            state.comparison.mode = session.comparison.get("mode", "grid")
        if missing:
            names = ", ".join(Path(text).name for text in missing)
            self._context.messages.warn(f"These files of the session are missing or unreadable: {names}.")

    def _look(self, *_: object) -> None:
        """Set the cameras once all of the session is open; predictions may still be in progress."""
        session, known = self._awaited, _opened(self._state.document)
        if session is not None and known.issuperset((*session.garments, *session.methods)):
            QTimer.singleShot(0, self, self._settle)

    def _show(self, view: View, state: ViewState) -> None:
        subject = view.subject
        garment, method = _found(self._state.document, state)
        new = garment if garment is not subject.garment else None
        other = method if method is not subject.method else None
        if new is not None or other is not None:
            subject.choose(garment=new, method=other)
        if method is not None:
            subject.choose(method=method)  # a garment that was chosen may have brought its default
        subject.go_to(state.frame)
        if view is self._state.first or not self._state.comparison.selection:
            subject.keypoint = state.keypoint  # linked views select theirs when the matching is known
        if state.camera is not None and garment is not None:
            self._cameras.look(state.camera, view)

    def _close_others(self, session: Session) -> None:
        document = self._state.document
        for garment in document.garments:
            if str(garment.source) not in session.garments:
                document.close_garment(garment)
        document.methods = tuple(
            known for known in document.methods
            if known.id.path is None or known.id.spec in session.methods or known is document.method
        )  # fmt: skip

    def _state_of(self, view: View) -> ViewState:
        subject = view.subject
        return ViewState(
            str(subject.garment.source) if subject.garment is not None else "",
            subject.method.id.spec if subject.method is not None else "",
            subject.frame,
            subject.keypoint,
            self._cameras.camera(view),
            attributes(view.settings, SETTINGS),
            attributes(view.slices, SLICES),
        )


def _opened(document: Document) -> set[str]:
    garments = {str(garment.source) for garment in document.garments}
    return garments | {method.id.spec for method in document.methods}


def _found(document: Document, state: ViewState) -> tuple[Garment | None, OpenMethod | None]:
    garment = next((known for known in document.garments if str(known.source) == state.garment), None)
    method = next((known for known in document.methods if known.id.spec == state.method), None)
    return garment, method

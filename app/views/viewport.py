"""The 3D view."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QLabel, QToolTip, QVBoxLayout, QWidget
from pyvistaqt import QtInteractor

from app.output.pictures import Pixels
from app.scene.handle import PlaneHandle
from app.scene.probe import Probe
from app.scene.scene import DARK, LIGHT, Scene, Theme
from app.state.slices import KEY_STEP
from app.state.view import View
from app.views.readout import Readout

PICK_RADIUS = 14
"""How near to a keypoint a click must be, in the user's pixels."""

CLICK_TRAVEL = 4
"""A press that moves further than this turns the camera and picks nothing."""

HOVER_MS = 30
"""From the mouse's last movement to what is said of the place under it."""

WHEEL_STEP = 0.02
"""How far a turn of the wheel moves a plane, normalised."""

EMPTY_HINT = "Open a garment with File ▸ Open, or drop a mesh or point cloud here."


class Viewport(QWidget):
    """Draws a garment and its prediction as the settings say; clicking a keypoint selects it."""

    rendered = Signal()
    """A frame was drawn."""

    hovered = Signal(list)
    """What is under the mouse, as `app.scene.probe.Probe`s from near to far."""

    picked = Signal(list)
    """What was clicked, likewise."""

    camera_moved = Signal()
    """The scene is looked at from elsewhere: the user turned it, or the program did."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = view
        self._subject, self._settings, self._slices = view.subject, view.settings, view.slices
        # One sample a pixel: under software rendering, multisampling costs more than all else.
        self.interactor = QtInteractor(self, auto_update=False, multi_samples=1, line_smoothing=True)
        self.interactor.setMinimumSize(200, 150)
        self.interactor.setAcceptDrops(False)  # the window opens what is dropped; VTK would merely draw it
        self.scene = Scene(self.interactor, self._theme(), self.devicePixelRatioF())
        self._hint = QLabel(EMPTY_HINT, alignment=Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._hint)
        layout.addWidget(self.interactor, stretch=1)

        self._frame = QTimer(self, singleShot=True, interval=0)
        self._frame.timeout.connect(self._render)
        self._camera_moved = QTimer(self, singleShot=True, interval=0)
        self._camera_moved.timeout.connect(self.camera_moved)
        self._observer = self.interactor.camera.AddObserver("ModifiedEvent", self._tell_of_camera)
        self._drawn = self.interactor.GetRenderWindow().AddObserver("EndEvent", lambda *_: self.rendered.emit())
        self._pressed: QPointF | None = None
        self._hovering = QTimer(self, singleShot=True, interval=HOVER_MS)
        self._hovering.timeout.connect(self._hover)
        self._mouse: QPointF | None = None
        self._given: tuple[NDArray[np.uint8], Sequence[str]] | None = None
        self._handle = PlaneHandle(self.interactor, view.slices.turn)
        self.interactor.setMouseTracking(True)
        self.interactor.installEventFilter(self)
        self._subject.events.garment.connect(self._show_garment)
        self._subject.events.frame.connect(self._show_frame)
        self._subject.events.prediction.connect(self._show_prediction)
        self._subject.events.preview.connect(self._show_preview)
        self._subject.events.predictions.connect(self._show_trails)
        for name in ("keypoint", "other", "segment", "distance"):
            self._subject.events[name].connect(self._select)
        view.settings.events.connect(self._apply_settings)
        view.slices.events.connect(self._apply_slices)
        for name in ("labels", "palette"):
            self._subject.events[name].connect(self._label)
        self.readout = Readout(view.subject, self.interactor)
        self.hovered.connect(self.readout.show_probes)
        self._show_garment()
        self.scene.apply(view.settings)

    def request_render(self) -> None:
        """Draw once, soon, however often this is called."""
        if not self._frame.isActive():
            self._frame.start()

    def fit(self) -> None:
        """Look at the whole garment."""
        self.scene.fit()
        self.request_render()

    def look_along(self, axis: str, *, backwards: bool = False) -> None:
        """Look along an axis, or against it, at the whole garment."""
        self.scene.look_along(axis, backwards=backwards)
        self.request_render()

    def restyle(self, colours: NDArray[np.uint8] | None, titles: Sequence[str] | None) -> None:
        """Give keypoints colours (K, 3) and labels that are not the method's own; None gives these back."""
        self._given = None if colours is None or titles is None else (colours, titles)
        self._label()

    @contextmanager
    def enlarged(self, scale: int) -> Iterator[None]:
        """Draw lines and text for a picture of so many pixels for each of the screen's."""
        window, ratio = self.interactor.GetRenderWindow(), self.devicePixelRatioF()
        window.SetDPI(round(72 * ratio * scale))
        self.scene.set_pixel_ratio(ratio * scale, scale)
        try:
            yield
        finally:
            window.SetDPI(round(72 * ratio))
            self.scene.set_pixel_ratio(ratio)

    def picture(self, scale: int = 1, *, transparent: bool = False) -> Pixels:
        """Return the view in `scale` times the pixels that it has on the screen."""
        with self.enlarged(scale):
            self.interactor.render()  # what was asked for is drawn later, and a picture is of what was drawn last
            taken = self.interactor.screenshot(return_img=True, scale=scale, transparent_background=transparent)
        self.request_render()
        return np.ascontiguousarray(taken, dtype=np.uint8)

    def shut(self) -> None:
        """Stop drawing and release VTK's objects; the widget is of no use after that."""
        self._frame.stop()
        self.interactor.camera.RemoveObserver(self._observer)
        self.interactor.GetRenderWindow().RemoveObserver(self._drawn)
        self._camera_moved.stop()
        self._hovering.stop()
        self._handle.shut()
        self.interactor.removeEventFilter(self)
        for events in (self._subject.events, self._settings.events, self._slices.events):
            events.disconnect()
        self.interactor.close()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "scene"):
            self.scene.set_theme(self._theme())
            self._select()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if isinstance(event, QMouseEvent):
            self._follow_mouse(event)
        elif isinstance(event, QWheelEvent) and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._slices.move(self._slices.position + WHEEL_STEP * event.angleDelta().y() / 120)
            return True
        elif isinstance(event, QHelpEvent):
            x, y = self._display_position(QPointF(event.pos()))
            name = self.scene.landmark_at(x, y, PICK_RADIUS * self.devicePixelRatioF(), self._subject.frame)
            QToolTip.showText(event.globalPos(), name, self.interactor)
            return True
        elif isinstance(event, QKeyEvent) and event.type() in {QEvent.Type.KeyPress, QEvent.Type.KeyRelease}:
            # VTK has keys of its own, such as W for wires, which no menu names.
            event.setAccepted(event.type() == QEvent.Type.KeyPress and self._walk(event))
            return True
        elif event.type() == QEvent.Type.Leave:
            self._mouse = None
            self._hovering.stop()
            self.hovered.emit([])
        return super().eventFilter(watched, event)

    def _follow_mouse(self, event: QMouseEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton
        if event.type() == QEvent.Type.MouseButtonPress and left:
            self._pressed = event.position()
        elif event.type() == QEvent.Type.MouseButtonRelease and left and self._pressed is not None:
            travelled = (event.position() - self._pressed).manhattanLength()
            self._pressed = None
            if travelled <= CLICK_TRAVEL:
                self._pick(event.position(), measure=bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
        elif event.type() == QEvent.Type.MouseMove and not event.buttons():
            self._mouse = event.position()
            if not self._hovering.isActive():
                self._hovering.start()

    def _walk(self, event: QKeyEvent) -> bool:
        """Arrow keys step through planes and frames; says whether this was one."""
        planes = {Qt.Key.Key_Up: KEY_STEP, Qt.Key.Key_Down: -KEY_STEP}
        frames = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}
        key = Qt.Key(event.key())
        if key in planes:
            self._slices.move(self._slices.position + planes[key])
        elif key in frames and self._subject.frame_count:
            self._subject.go_to(self._subject.frame + frames[key])
        else:
            return False
        return True

    def _hover(self) -> None:
        if self._mouse is not None:
            self.hovered.emit(self._probe(self._mouse))

    def _probe(self, position: QPointF) -> list[Probe]:
        return self.scene.probe(*self._display_position(position), PICK_RADIUS * self.devicePixelRatioF())

    def _pick(self, position: QPointF, *, measure: bool) -> None:
        found, subject = self._probe(position), self._subject
        kind, index = (found[0].kind, found[0].index) if found else ("", -1)
        if measure:
            if kind == "keypoint" and subject.keypoint is not None:
                subject.other = index if index != subject.keypoint else None
            return
        subject.other = None
        subject.segment = index if kind == "segment" else None
        subject.keypoint = index if kind == "keypoint" else None
        self.scene.show_mark(found[0].position if kind in {"surface", "slice"} else None)
        self.picked.emit(found)
        self.request_render()

    def _display_position(self, position: QPointF) -> tuple[float, float]:
        ratio = self.devicePixelRatioF()
        return position.x() * ratio, (self.interactor.height() - 1 - position.y()) * ratio

    def _show_garment(self, *_: object) -> None:
        garment = self._subject.garment
        self._hint.setVisible(garment is None)
        self.scene.show_garment(garment, self._subject.frame)
        self.scene.apply(self._settings)
        if self._subject.preview is not None:
            self._show_preview()
        self.request_render()

    def _show_frame(self, frame: int) -> None:
        self.scene.show_frame(frame)
        if self._subject.preview is not None:  # it is of one frame
            self._show_prediction()
        self._show_trails()

    def _show_trails(self, *_: object) -> None:
        # The paths are those of the prediction, and a preview's keypoints are elsewhere.
        previewing = self._subject.shown_preview is not None
        self.scene.show_trails({} if previewing else self._subject.predictions, self._subject.frame)
        self.request_render()

    def _show_prediction(self, *_: object) -> None:
        self.scene.show_prediction(self._subject.shown, self._slices)
        self._show_handle()
        self._label()
        self._select()

    def _show_preview(self, *_: object) -> None:
        self._show_prediction()
        self._show_trails()

    def _select(self, *_: object) -> None:
        subject = self._subject
        self.scene.select(subject.keypoint, subject.other, subject.segment)
        straight = f"{subject.distance.straight:.4g}" if subject.distance is not None else ""
        along = subject.distance.along if subject.distance is not None else None
        text = straight if along is None else f"{straight}, {along:.4g} along the cloth"
        self.scene.show_measure(subject.keypoint, subject.other, text)
        self.request_render()

    def _apply_settings(self, _: object) -> None:
        self.scene.apply(self._settings)
        self._show_handle()
        self.request_render()

    def _apply_slices(self, _: object) -> None:
        self.scene.cut(self._slices)
        self._show_handle()
        self.request_render()

    def _label(self, *_: object) -> None:
        shown, labels = self._subject.shown, self._subject.labels
        if shown is not None:
            count = len(shown.keypoints)
            style = self._given
            if style is None or len(style[1]) != count:
                style = self._subject.colours(count), [labels.title(index) for index in range(count)]
            self.scene.restyle_keypoints(*style)
            self.request_render()

    def _show_handle(self) -> None:
        shown = self._settings.slice and "free" in self._slices.planes
        self._handle.show(self._subject.explained if shown else None, self._slices)

    def _tell_of_camera(self, *_: object) -> None:
        if not self._camera_moved.isActive():  # many modifications make one move
            self._camera_moved.start()

    def _theme(self) -> Theme:
        return DARK if self.palette().window().color().lightness() < 128 else LIGHT

    def _render(self) -> None:
        # Painting draws the scene, and so would asking VTK to: once is enough.
        self.interactor.update()

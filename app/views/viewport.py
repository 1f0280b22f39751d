"""The 3D view."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip, QVBoxLayout, QWidget
from pyvistaqt import QtInteractor

from app.output.pictures import Pixels
from app.scene.handle import PlaneHandle
from app.scene.picking import Probe
from app.scene.scene import Scene
from app.scene.state import DARK, LIGHT, Floats, Look, Overlay, SceneState, Theme
from app.state.camera import Camera
from app.state.preparation import Removed
from app.state.slices import KEY_STEP
from app.state.view import View
from app.views.readout import Readout
from app.views.theme import is_dark

PICK_RADIUS = 14
"""Largest distance between a click and the keypoint that it selects, in logical pixels."""

CLICK_TRAVEL = 4
"""Distance beyond which a press is a drag: it turns the camera and picks nothing."""

HOVER_MS = 30
"""Delay between the last mouse movement and the description of the place under the mouse."""

WHEEL_STEP = 0.02
"""Distance that one step of the wheel moves a plane, normalised."""

ROOMY, SMALLEST = (400, 300), 0.5
"""Width and height, in logical pixels, below which text and lines shrink, and the smallest factor."""


class Viewport(QWidget):
    """Draws a garment and its prediction with the current settings; clicking a keypoint selects it.

    Attributes:
        picks: whether a click selects an object; it does not while landmarks are placed.
    """

    rendered = Signal()
    """A frame was drawn."""

    hovered = Signal(list)
    """The mouse is over these `app.scene.picking.Probe`s, from near to far."""

    picked = Signal(list)
    """These `app.scene.picking.Probe`s were clicked, from near to far."""

    menu_wanted = Signal(QPoint)
    """The right button was clicked at this screen position; the object there is selected."""

    redrawn = Signal()
    """The scene shows another state."""

    camera_moved = Signal()
    """The camera moved, by the user or the program."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = view
        self._subject, self._settings, self._slices = view.subject, view.settings, view.slices
        # One sample a pixel: under software rendering, multisampling costs more than all else.
        self.interactor = QtInteractor(self, auto_update=False, multi_samples=1, line_smoothing=True)
        self.interactor.setMinimumSize(200, 150)
        self.interactor.setAcceptDrops(False)  # the window opens what is dropped; VTK would merely draw it
        self.scene = Scene(self.interactor)
        self._look, self._overlay = Look(self._theme(), self.devicePixelRatioF()), Overlay()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.interactor, stretch=1)

        self._fitted: Camera | None = None
        self._resized = QTimer(self, singleShot=True, interval=0)
        self._resized.timeout.connect(self._take_size)
        self._frame = QTimer(self, singleShot=True, interval=0)
        self._frame.timeout.connect(self._render)
        self._camera_moved = QTimer(self, singleShot=True, interval=0)
        self._camera_moved.timeout.connect(self.camera_moved)
        self._observer = self.interactor.camera.AddObserver("ModifiedEvent", self._tell_of_camera)
        self._drawn = self.interactor.GetRenderWindow().AddObserver("EndEvent", lambda *_: self.rendered.emit())
        self.picks = True
        self._pressed: QPointF | None = None
        self._hovering = QTimer(self, singleShot=True, interval=HOVER_MS)
        self._hovering.timeout.connect(self._hover)
        self._mouse: QPointF | None = None
        self.handle = PlaneHandle(self.interactor, view.slices.turn)
        self.interactor.setMouseTracking(True)
        self.interactor.installEventFilter(self)
        self._subject.events.garment.connect(self._show_garment)
        self._subject.events.frame.connect(self._show_frame)
        for events in (self._subject.events, self._settings.events, self._slices.events):
            events.connect(self._refresh)
        self.readout = Readout(view.subject, self.interactor)
        self.hovered.connect(self.readout.show_probes)
        self._show_garment()

    def request_render(self) -> None:
        """Request one drawing soon, however often this is called."""
        if not self._frame.isActive():
            self._frame.start()

    def fit(self) -> None:
        """Fit the whole garment into the view without turning the camera."""
        self.scene.fit()
        self._fitted = self.scene.camera
        self.request_render()

    def look_first(self) -> None:
        """Look at the whole garment from its initial direction."""
        self.scene.look_first()
        self._fitted = self.scene.camera
        self.request_render()

    def look_from(self, side: str) -> None:
        """Look at the whole garment from a side, one of `app.scene.framing.SIDES`."""
        self.scene.look_from(side)
        self._fitted = self.scene.camera
        self.request_render()

    def restyle(self, colours: NDArray[np.uint8] | None, titles: Sequence[str] | None) -> None:
        """Replace the colours (K, 3) and labels of keypoints; None restores the method's own."""
        self._lay_over(replace(self._overlay, style=None if colours is None or titles is None else (colours, titles)))

    def show_displacements(self, displacements: tuple[Floats, Floats] | None) -> None:
        """Draw arrows from some positions (P, 3) to others, in file units, or none."""
        self._lay_over(replace(self._overlay, displacements=displacements))

    def show_others(self, others: Sequence[tuple[Floats, NDArray[np.uint8]]]) -> None:
        """Draw the keypoints (K, 3) of other views, in colours (K, 3), with another shape for each view."""
        self._lay_over(replace(self._overlay, others=others))

    def show_removed(self, removed: Removed | None) -> None:
        """Draw the points that preparation removed from the current cloud, or none."""
        self._lay_over(replace(self._overlay, removed=removed))

    @contextmanager
    def enlarged(self, scale: int) -> Iterator[None]:
        """Scale lines and text for a picture that is `scale` times as large as on the screen."""
        window, ratio = self.interactor.GetRenderWindow(), self.devicePixelRatioF()
        window.SetDPI(round(72 * ratio * scale))
        before = replace(self._look, turning=False)
        self._look = replace(before, pixel_ratio=ratio * scale, text_scale=1 / scale)
        self._refresh()
        try:
            yield
        finally:
            window.SetDPI(round(72 * ratio))
            self._look = before
            self._refresh()

    def picture(self, scale: int = 1, *, transparent: bool = False) -> Pixels:
        """Return the view in `scale` times the pixels that it has on the screen."""
        with self.enlarged(scale):
            self.interactor.render()  # what was asked for is drawn later, and a picture is of what was drawn last
            taken = self.interactor.screenshot(return_img=True, scale=scale, transparent_background=transparent)
        self.request_render()
        return np.ascontiguousarray(taken, dtype=np.uint8)

    def shut(self) -> None:
        """Stop drawing and release VTK's objects; the widget can't be used afterwards."""
        self._frame.stop()
        self._resized.stop()
        self.interactor.camera.RemoveObserver(self._observer)
        self.interactor.GetRenderWindow().RemoveObserver(self._drawn)
        self._camera_moved.stop()
        self._hovering.stop()
        self.handle.shut()
        self.interactor.removeEventFilter(self)
        for events in (self._subject.events, self._settings.events, self._slices.events):
            events.disconnect()
        self.interactor.close()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:  # another screen, or another scale of this one
            self._resized.start()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._resized.start()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "scene"):
            self._look = replace(self._look, theme=self._theme())
            self._refresh()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if isinstance(event, QMouseEvent):
            self._follow_mouse(event)
        elif isinstance(event, QWheelEvent) and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._slices.move(self._slices.position + WHEEL_STEP * event.angleDelta().y() / 120)
            return True
        elif isinstance(event, QHelpEvent):
            x, y = self.display_position(QPointF(event.pos()))
            name = self.scene.picker.landmark_at(x, y, PICK_RADIUS * self.devicePixelRatioF())
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
        left, right = (event.button() == button for button in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton))
        if event.type() != QEvent.Type.MouseButtonPress:
            self._turn(event.type() == QEvent.Type.MouseMove and bool(event.buttons()))
        if event.type() == QEvent.Type.MouseButtonPress and (left or right):
            self._pressed = event.position()
        elif event.type() == QEvent.Type.MouseButtonRelease and (left or right) and self._pressed is not None:
            travelled = (event.position() - self._pressed).manhattanLength()
            self._pressed = None
            if travelled <= CLICK_TRAVEL and left and self.picks:
                self._pick(event.position(), measure=bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
            elif travelled <= CLICK_TRAVEL and right:
                self._pick(event.position(), measure=False)
                self.menu_wanted.emit(event.globalPosition().toPoint())
        elif event.type() == QEvent.Type.MouseMove and not event.buttons():
            self._mouse = event.position()
            if not self._hovering.isActive():
                self._hovering.start()

    def _turn(self, turning: bool) -> None:
        if self._look.turning != turning:
            self._look = replace(self._look, turning=turning)
            self._refresh()

    def _walk(self, event: QKeyEvent) -> bool:
        """Step through planes and frames by arrow keys; return whether the key was one of them."""
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
            self.hovered.emit(self.probe_at(self._mouse))

    def probe_at(self, position: QPointF) -> list[Probe]:
        """Return what is at a position of the view, in logical pixels from its top left."""
        return self.scene.picker.probe(*self.display_position(position), PICK_RADIUS * self.devicePixelRatioF())

    def _pick(self, position: QPointF, *, measure: bool) -> None:
        found, subject = self.probe_at(position), self._subject
        kind, index = (found[0].kind, found[0].index) if found else ("", -1)
        if measure:
            if kind == "keypoint" and subject.keypoint is not None:
                subject.other = index if index != subject.keypoint else None
            return
        subject.other = None
        subject.segment = index if kind == "segment" else None
        subject.keypoint = index if kind == "keypoint" else None
        self._lay_over(replace(self._overlay, mark=found[0].position if kind in {"surface", "slice"} else None))
        self.picked.emit(found)

    def display_position(self, position: QPointF) -> tuple[float, float]:
        """Convert a position of the view, in logical pixels from its top left, for `app.scene.picking.Picker`.

        The result is in device pixels from the bottom left.
        """
        ratio = self.devicePixelRatioF()
        return position.x() * ratio, (self.interactor.height() - 1 - position.y()) * ratio

    def _show_garment(self, *_: object) -> None:
        before = self.scene.camera
        self._lay_over(replace(self._overlay, mark=None, displacements=None, others=()))
        if self.scene.camera != before:  # else it takes the place of another state of itself
            self._fitted = self.scene.camera

    def _show_frame(self, *_: object) -> None:
        self._lay_over(replace(self._overlay, mark=None))

    def _lay_over(self, overlay: Overlay) -> None:
        self._overlay = overlay
        self._refresh()

    def _refresh(self, *_: object) -> None:
        self.scene.draw(SceneState.of(self.view, self._look, self._overlay))
        free = self.view.shows("slice") and "free" in self._slices.planes
        self.handle.show(self._subject.explained if free else None, self._slices)
        self.request_render()
        self.redrawn.emit()

    def _take_size(self) -> None:
        """Adapt text and lines to the view's size and scale, and fit the garment again if it was fitted before."""
        width, height = self.width(), self.height()
        share = float(np.clip(min(width / ROOMY[0], height / ROOMY[1]), SMALLEST, 1))
        look = replace(self._look, share=share, pixel_ratio=self.devicePixelRatioF())
        if look != self._look:
            if look.pixel_ratio != self._look.pixel_ratio:  # pyvistaqt learns of a size, but of no scale
                self.interactor.resizeGL(self.interactor.width(), self.interactor.height())
            self._look = look
            self._refresh()
        if self._fitted is not None and self._fitted == self.scene.camera:
            self.fit()

    def _tell_of_camera(self, *_: object) -> None:
        if not self._camera_moved.isActive():  # many modifications make one move
            self._camera_moved.start()

    def _theme(self) -> Theme:
        return DARK if is_dark(self.palette()) else LIGHT

    def _render(self) -> None:
        # Painting draws the scene, and so would asking VTK to: once is enough.
        self.interactor.update()

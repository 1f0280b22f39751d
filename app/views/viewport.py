"""The 3D view."""

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QHelpEvent, QMouseEvent
from PySide6.QtWidgets import QLabel, QToolTip, QVBoxLayout, QWidget
from pyvistaqt import QtInteractor

from app.scene.scene import DARK, LIGHT, Scene, Theme
from app.state.runs import Preview
from app.state.settings import LAYERS
from app.state.view import View

PICK_RADIUS = 14
"""How near to a keypoint a click must be, in the user's pixels."""

CLICK_TRAVEL = 4
"""A press that moves further than this turns the camera and picks nothing."""

EMPTY_HINT = "Open a garment with File ▸ Open, or drop a mesh or point cloud here."


class Viewport(QWidget):
    """Draws a garment and its prediction as the settings say; clicking a keypoint selects it."""

    rendered = Signal()
    """A frame was drawn."""

    camera_moved = Signal()
    """The scene is looked at from elsewhere: the user turned it, or the program did."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = view
        self._subject, self._settings, self._field = view.subject, view.settings, view.field
        # One sample a pixel: under software rendering, multisampling costs more than all else.
        self.interactor = QtInteractor(self, auto_update=False, multi_samples=1, line_smoothing=True)
        self.interactor.setMinimumSize(320, 240)
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
        self._pressed: QPointF | None = None
        self.interactor.installEventFilter(self)
        self._subject.events.garment.connect(self._show_garment)
        self._subject.events.frame.connect(self._show_frame)
        self._subject.events.prediction.connect(self._show_prediction)
        self._subject.events.preview.connect(self._show_preview)
        self._subject.events.predictions.connect(self._show_trails)
        self._subject.events.keypoint.connect(self._select)
        view.settings.events.connect(self._apply_settings)
        view.field.events.connect(self._apply_field)
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

    def look_along(self, axis: str) -> None:
        """Look along an axis at the whole garment."""
        self.scene.look_along(axis)
        self.request_render()

    def shut(self) -> None:
        """Stop drawing and release VTK's objects; the widget is of no use after that."""
        self._frame.stop()
        self.interactor.camera.RemoveObserver(self._observer)
        self._camera_moved.stop()
        self.interactor.removeEventFilter(self)
        for events in (self._subject.events, self._settings.events, self._field.events):
            events.disconnect()
        self.interactor.close()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "scene"):
            self.scene.set_theme(self._theme())
            self.request_render()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if isinstance(event, QMouseEvent) and event.button() == Qt.MouseButton.LeftButton:
            if event.type() == QEvent.Type.MouseButtonPress:
                self._pressed = event.position()
            elif event.type() == QEvent.Type.MouseButtonRelease and self._pressed is not None:
                travelled = (event.position() - self._pressed).manhattanLength()
                self._pressed = None
                if travelled <= CLICK_TRAVEL:
                    self._pick(event.position())
        if isinstance(event, QHelpEvent):
            x, y = self._display_position(QPointF(event.pos()))
            name = self.scene.landmark_at(x, y, PICK_RADIUS * self.devicePixelRatioF(), self._subject.frame)
            QToolTip.showText(event.globalPos(), name, self.interactor)
            return True
        if event.type() in {QEvent.Type.KeyPress, QEvent.Type.KeyRelease}:
            event.ignore()  # VTK has keys of its own, such as W for wires, which no menu names
            return True
        return super().eventFilter(watched, event)

    def _pick(self, position: QPointF) -> None:
        x, y = self._display_position(position)
        self._subject.keypoint = self.scene.keypoint_at(x, y, within=PICK_RADIUS * self.devicePixelRatioF())

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
        previewing = isinstance(self._subject.shown, Preview)
        self.scene.show_trails({} if previewing else self._subject.predictions, self._subject.frame)
        self.request_render()

    def _show_prediction(self, *_: object) -> None:
        self.scene.show_prediction(self._subject.shown, self._field)
        self.scene.select(self._subject.keypoint)
        self.request_render()

    def _show_preview(self, *_: object) -> None:
        self._show_prediction()
        self._show_trails()

    def _select(self, keypoint: int | None) -> None:
        self.scene.select(keypoint)
        self.request_render()

    def _apply_settings(self, emission: object) -> None:
        name = emission.signal.name  # type: ignore[attr-defined]
        if name in LAYERS:
            self.scene.apply(self._settings)
        self.request_render()

    def _apply_field(self, _: object) -> None:
        self.scene.cut(self._field)
        self.request_render()

    def _tell_of_camera(self, *_: object) -> None:
        if not self._camera_moved.isActive():  # many modifications make one move
            self._camera_moved.start()

    def _theme(self) -> Theme:
        return DARK if self.palette().window().color().lightness() < 128 else LIGHT

    def _render(self) -> None:
        self.interactor.render()
        self.rendered.emit()

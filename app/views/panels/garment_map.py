"""A map of a garment at rest, front and back, with each keypoint's place in every frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QPixmap, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QToolTip, QWidget

from app.scene.framing import UP, broad_side
from app.scene.layers.cloth import cloth_mesh
from app.state.comparison import LETTERS, Comparison
from app.state.drift import Drifts
from app.state.view import View
from keygrid.data.garment import Garment

Floats = NDArray[np.float64]

MOST_FACES = 30_000
"""Number of triangles above which a mesh is thinned for drawing."""

REACH = 8
"""Largest distance at which the mouse hits a dot, in logical pixels."""

RENEW_MS = 100
"""Delay before drawing after a change, because predictions of many frames arrive one after the other."""

HINT = "Each keypoint's place on the cloth in every frame; needs a moving garment and its keypoints"


@dataclass(frozen=True, eq=False)
class Dot:
    """A keypoint in one frame.

    Attributes:
        view: view of the keypoint.
        keypoint: index of the keypoint.
        frame: the frame.
        place: position in the map, in logical pixels.
    """

    view: View
    keypoint: int
    frame: int
    place: QPointF


class Flat:
    """A shape at rest laid flat: front and back, seen along the axis of its broad side.

    Args:
        garment: the garment at rest.
    """

    def __init__(self, garment: Garment) -> None:
        front = broad_side(garment.vertices)
        right = np.cross(UP, front)
        self.plane = garment.vertices @ np.stack([right, UP], axis=1)
        self.low, self.high = self.plane.min(axis=0), self.plane.max(axis=0)
        self.faces = np.empty((0, 3), np.int64)
        depth = garment.vertices @ front
        self.behind = depth < np.median(depth)
        self.facing = np.empty(0)
        self.depth = np.empty(0)
        if not garment.is_cloud:
            mesh = cloth_mesh(garment)
            self.behind = np.asarray(mesh.point_data["Normals"]) @ front < 0
            self.faces = mesh.regular_faces[:: max(mesh.n_cells // MOST_FACES, 1)].astype(np.int64)
            corners = garment.vertices[self.faces]
            across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            self.facing = across @ front / np.maximum(np.linalg.norm(across, axis=1), 1e-30)
            self.depth = depth[self.faces].mean(axis=1)

    def placed(self, points: Floats, room: QRectF, *, back: bool) -> Floats:
        """Return the map positions (P, 2) of plane points (P, 2), within an area; the back is seen from behind."""
        extent = np.maximum(self.high - self.low, 1e-30)
        scale = 0.92 * min(room.width() / extent[0], room.height() / extent[1])
        away = (points - (self.low + self.high) / 2) * scale
        centre = room.center()
        return np.column_stack([centre.x() + (-1 if back else 1) * away[:, 0], centre.y() - away[:, 1]])

    def paint(self, painter: QPainter, room: QRectF, colour: QColor, *, back: bool) -> None:
        """Draw one side, lighter where it faces the viewer."""
        painter.setPen(Qt.PenStyle.NoPen)
        if not len(self.faces):
            painter.setBrush(colour)
            for x, y in self.placed(
                self.plane[self.behind == back][:: max(len(self.plane) // 4000, 1)], room, back=back
            ):
                painter.drawEllipse(QPointF(x, y), 1, 1)
            return
        seen = np.flatnonzero((self.facing < 0) == back)
        seen = seen[np.argsort(self.depth[seen] * (-1 if back else 1))]
        positions = self.placed(self.plane, room, back=back)
        shades = [colour.darker(100 + 8 * step) for step in range(9)]
        for face in seen:
            painter.setBrush(shades[round(8 * (1 - abs(float(self.facing[face]))))])
            painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in positions[self.faces[face]]]))


class GarmentMap(QWidget):
    """A row per view: front and back with trails of dots; clicking a dot shows its frame.

    Args:
        first: the first view.
        comparison: holds the other views.
    """

    def __init__(self, first: View, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._first, self._comparison = first, comparison
        self.dots: list[Dot] = []
        self._flat: tuple[Garment, Flat] | None = None
        self._sides: dict[tuple[Garment, int, int, str], QPixmap] = {}
        self._followed: set[View] = set()
        self._renewing = QTimer(self, singleShot=True, interval=RENEW_MS)
        self._renewing.timeout.connect(self.update)
        self.setMouseTracking(True)
        self.setMinimumSize(160, 120)
        self.setAccessibleName("Map of the garment")
        comparison.events.views.connect(self._follow)
        self._follow()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(340, 260)

    def shut(self) -> None:
        """Stop drawing permanently."""
        self._renewing.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._sides.clear()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(event.rect(), self.palette().color(QPalette.ColorRole.Base))
        self.dots = []
        views = [view for view in self._views if self._drifts(view) is not None]
        if not views:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(
                self.rect().adjusted(16, 0, -16, 0), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, HINT
            )
        height = self.height() / max(len(views), 1)
        for row, view in enumerate(views):
            self._paint_view(painter, view, QRectF(0, row * height, self.width(), height), several=len(self._views) > 1)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        dot = self.dot_at(event.position())
        if dot is not None and event.button() == Qt.MouseButton.LeftButton:
            dot.view.subject.keypoint = dot.keypoint
            dot.view.subject.go_to(dot.frame)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        dot = self.dot_at(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if dot is not None else Qt.CursorShape.ArrowCursor)
        text = "" if dot is None else f"keypoint {dot.view.subject.labels.title(dot.keypoint)} in frame {dot.frame}"
        QToolTip.showText(event.globalPosition().toPoint() + QPoint(8, 8), text, self)

    def dot_at(self, place: QPointF) -> Dot | None:
        """Return the dot nearest to a position, if it is close enough."""
        away = [(dot.place - place).manhattanLength() for dot in self.dots]
        nearest = int(np.argmin(away)) if away else -1
        return self.dots[nearest] if nearest >= 0 and away[nearest] <= REACH else None

    @property
    def _views(self) -> tuple[View, ...]:
        return (self._first, *self._comparison.views)

    def _follow(self, *_: object) -> None:
        for view in self._views:
            if view not in self._followed:
                self._followed.add(view)
                for name in ("garment", "predictions", "frame", "keypoint", "palette", "labels"):
                    view.subject.events[name].connect(self._renew)
                view.settings.events.hidden.connect(self._renew)
        self._followed &= set(self._views)
        self._renew()

    def _renew(self, *_: object) -> None:
        if self.isVisible() and not self._renewing.isActive():
            self._renewing.start()

    def _drifts(self, view: View) -> Drifts | None:
        return Drifts.of(view.subject.garment, view.subject.predictions)

    def _paint_view(self, painter: QPainter, view: View, room: QRectF, *, several: bool) -> None:
        garment, drifts = view.subject.garment, self._drifts(view)
        if garment is None or drifts is None:
            return
        line = painter.fontMetrics().height()
        for side, back in enumerate((False, True)):
            half = QRectF(
                room.left() + side * room.width() / 2, room.top() + line, room.width() / 2, room.height() - line
            )
            painter.drawPixmap(half.topLeft(), self._side(garment, half.size().toSize(), back=back))
            painter.setPen(self.palette().color(QPalette.ColorRole.Text))
            letter = f"{LETTERS[self._views.index(view)]}  " if several else ""
            title = f"{letter}{'Back' if back else 'Front'}"
            painter.drawText(half.adjusted(8, 2 - line, 0, 0), Qt.AlignmentFlag.AlignTop, title)
            self._paint_dots(painter, view, half, back=back)

    def _paint_dots(self, painter: QPainter, view: View, room: QRectF, *, back: bool) -> None:
        subject, garment, drifts = view.subject, view.subject.garment, self._drifts(view)
        if garment is None or drifts is None:
            return
        flat, colours = self._flatten(garment), subject.colours(drifts.vertices.shape[1])
        outline, small = self.palette().color(QPalette.ColorRole.Text), min(max(room.width() / 60, 1.6), 3.2)
        for keypoint in range(drifts.vertices.shape[1]):
            if keypoint in view.settings.hidden:
                continue
            colour = QColor(*colours[keypoint].tolist())
            on_side = flat.behind[drifts.vertices[:, keypoint]] == back
            positions = flat.placed(flat.plane[drifts.vertices[:, keypoint]], room, back=back)
            for frame, (x, y), seen in zip(drifts.frames.tolist(), positions.tolist(), on_side.tolist(), strict=True):
                if not seen:
                    continue
                here = frame == subject.frame
                painter.setPen(
                    QPen(outline, 2.2 if keypoint == subject.keypoint else 1.4) if here else Qt.PenStyle.NoPen
                )
                painter.setBrush(colour)
                radius = (2 if here else 1) * small
                painter.drawEllipse(QPointF(x, y), radius, radius)
                self.dots.append(Dot(view, keypoint, frame, QPointF(x, y)))

    def _flatten(self, garment: Garment) -> Flat:
        if self._flat is None or self._flat[0] is not garment:
            self._flat = garment, Flat(garment)
        return self._flat[1]

    def _side(self, garment: Garment, size: QSize, *, back: bool) -> QPixmap:
        """Return the picture of one side of a garment, drawn once for each size."""
        dark = self.palette().color(QPalette.ColorRole.Base).lightness() < 128
        key = garment, 2 * size.width() + back, size.height(), str(dark)
        if key not in self._sides:
            ratio = self.devicePixelRatioF()
            picture = QPixmap(size * ratio)
            picture.setDevicePixelRatio(ratio)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            colour = QColor("#525c6b" if dark else "#d3dae4")
            self._flatten(garment).paint(painter, QRectF(0, 0, size.width(), size.height()), colour, back=back)
            painter.end()
            self._sides[key] = picture
        return self._sides[key]

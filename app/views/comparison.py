"""The views of a comparison, side by side."""

from math import ceil

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from app.output.pictures import Pixels, Style, Tile, beside, tiled
from app.scene.bars import Bar, shared_bars
from app.scene.layers.annotations import SHAPES
from app.state.camera import Camera
from app.state.comparison import LETTERS, Comparison, displacements, reference_of
from app.state.document import Document
from app.state.view import View
from app.views.bars import ColourBars
from app.views.pane import Pane
from app.views.theme import overlay_style
from app.views.viewport import Viewport
from keygrid.evaluation.matching import Match

UNMATCHED = (128, 128, 128)
"""The colour of keypoints without a partner in A."""


class ComparisonArea(QWidget):
    """The first view, and beside it the views that are compared with it.

    Args:
        document: the open garments and methods.
        viewport: the first view.
        comparison: holds the other views.
    """

    def __init__(
        self, document: Document, viewport: Viewport, comparison: Comparison, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._comparison, self._first = document, comparison, viewport.view
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self._grid = QGridLayout()
        self._grid.setSpacing(2)
        row.addLayout(self._grid, stretch=1)
        # Put in its place from the start, because a view that is moved later loses its OpenGL context.
        self.panes = [Pane("A", viewport, document, comparison, self)]
        self.columns = 1
        self.bars = ColourBars(self)
        row.addWidget(self.bars)
        self._given: dict[View, Camera] = {}
        self._drawn: dict[View, NDArray[np.int64]] = {}
        self.legend = QLabel(viewport)
        self.legend.setStyleSheet(overlay_style())
        self.legend.move(8, 8)
        self.legend.hide()
        self._refreshing = QTimer(self, singleShot=True, interval=0)
        self._refreshing.timeout.connect(self._refresh_panes)
        self._reframing = QTimer(self, singleShot=True, interval=0)
        self._reframing.timeout.connect(self._reframe)
        self._barring = QTimer(self, singleShot=True, interval=0)
        self._barring.timeout.connect(self._show_bars)
        self._follow(self.panes[0])
        self._arrange()
        comparison.events.views.connect(self._take_in)
        for name in ("mode", "front"):
            comparison.events[name].connect(self._arrange)
        for name in ("arrows", "difference", "mode"):
            comparison.events[name].connect(self._draw_all)
        comparison.events.matches.connect(self._draw_rematched)
        comparison.events.camera.connect(self._share_camera_of_first)
        comparison.events.connect(self._refresh_soon)

    def pane(self, view: View) -> Pane:
        """Return the pane of a view."""
        return next(pane for pane in self.panes if pane.view is view)

    @property
    def shown(self) -> list[Pane]:
        """The visible panes."""
        comparison = self._comparison
        if comparison.mode == "flip":
            return [self.panes[min(comparison.front, len(self.panes) - 1)]]
        return self.panes if comparison.mode == "grid" else self.panes[:1]

    def look(self, camera: Camera, view: View | None = None) -> None:
        """Move the camera of a view, by default the first one, and of the views linked with it."""
        self._reframing.stop()
        pane = self.panes[0] if view is None else self.pane(view)
        pane.viewport.scene.camera = camera
        self._share_camera(pane, [other for other in self.panes if other is not pane])
        pane.viewport.request_render()

    def camera(self, view: View) -> Camera:
        """Return the camera of a view."""
        return self.pane(view).viewport.scene.camera

    def picture(self, scale: int = 1, *, transparent: bool = False) -> Pixels:
        """Return the visible views and their colour bars, with titles and scores if there are several views."""
        tiles = [
            Tile(pane.viewport.picture(scale, transparent=transparent), pane.title, pane.scores.text())
            for pane in self.shown
        ]
        several, state = len(self.panes) > 1, self.panes[0].viewport.scene.state
        style = Style(
            self.palette().window().color() if several else QColor.fromRgbF(*state.background),
            self.palette().windowText().color() if several else QColor.fromRgbF(*state.foreground),
            self.font(), scale * self.devicePixelRatioF(), transparent,
        )  # fmt: skip
        return beside(tiled(tiles, self.columns, style) if several else tiles[0].pixels, self._found_bars(), style)

    def shut(self) -> None:
        """Stop drawing permanently."""
        self._refreshing.stop()
        self._barring.stop()
        self._reframing.stop()
        for pane in self.panes:
            pane.shut()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        if len(self.panes) > 1:
            self._arrange()

    # Bars

    def _show_bars_soon(self) -> None:
        if not self._barring.isActive():
            self._barring.start()

    def _show_bars(self) -> None:
        state = self.panes[0].viewport.scene.state
        self.bars.show_bars(self._found_bars(), state.background, state.foreground)

    def _found_bars(self) -> list[Bar]:
        return shared_bars({pane.letter.text(): pane.viewport.scene.state for pane in self.shown})

    # Adding and removing views

    def _take_in(self, views: tuple[View, ...]) -> None:
        for pane in self.panes[1:]:
            if pane.view not in views:
                self.panes.remove(pane)
                self._given.pop(pane.view, None)
                self._drawn.pop(pane.view, None)
                pane.shut()
                pane.hide()
                pane.deleteLater()
        for view in views:
            if all(pane.view is not view for pane in self.panes):
                self._add(view)
        for letter, pane in zip(LETTERS, self.panes, strict=False):
            pane.frame_it(shown=bool(views))
            pane.rename(letter, closable=pane is not self.panes[0])
        self._arrange()
        self._draw_all()
        self._reframing.start()

    def _reframe(self) -> None:
        """Fit the garments into their views after the views' size has changed."""
        self.panes[0].viewport.fit()
        self._share_camera_of_first()
        self.panes[0].viewport.request_render()

    def _add(self, view: View) -> None:
        pane = Pane("", Viewport(view), self._document, self._comparison, self)
        pane.closed.connect(lambda: self._comparison.remove(view))
        self.panes.append(pane)
        self._follow(pane)
        self._share_camera(self.panes[0], [pane])

    def _follow(self, pane: Pane) -> None:
        view, events = pane.view, pane.view.subject.events
        pane.viewport.camera_moved.connect(lambda: self._camera_moved(pane))
        pane.viewport.redrawn.connect(self._show_bars_soon)
        events.garment.connect(lambda _: self._garment_shown(pane))
        for name in ("prediction", "labels", "palette"):
            events[name].connect(lambda _: self._draw(view))
        for name in ("garment", "method", "frame", "predictions"):
            events[name].connect(self._refresh_soon)
        for group in (view.slices.events, view.settings.events):
            group.connect(self._refresh_soon)

    def _arrange(self, *_: object) -> None:
        shown = self.shown
        self.columns = columns = columns_for(len(shown), self.width() - self.bars.width(), self.height())
        for pane in self.panes:
            self._grid.removeWidget(pane)
        for place, pane in enumerate(shown):
            self._grid.addWidget(pane, place // columns, place % columns)
        for pane in self.panes:
            pane.setVisible(pane in shown)
        rows = ceil(len(shown) / columns)
        for index in range(len(LETTERS)):
            self._grid.setColumnStretch(index, int(index < columns))
            self._grid.setRowStretch(index, int(index < rows))
        for pane in shown:
            pane.viewport.request_render()
        self._show_bars_soon()

    # Cameras

    def _garment_shown(self, pane: Pane) -> None:
        if pane is not self.panes[0]:
            self._share_camera(self.panes[0], [pane])

    def _camera_moved(self, pane: Pane) -> None:
        if self._given.get(pane.view) != pane.viewport.scene.camera:  # otherwise the program moved it
            self._share_camera(pane, [other for other in self.panes if other is not pane])

    def _share_camera_of_first(self, *_: object) -> None:
        self._share_camera(self.panes[0], self.panes[1:])

    def _share_camera(self, source: Pane, others: list[Pane]) -> None:
        here = source.view.subject.garment
        if not self._comparison.camera or here is None:
            return
        camera = source.viewport.scene.camera
        self._given[source.view] = camera
        for pane in others:
            there, scene = pane.view.subject.garment, pane.viewport.scene
            if there is not None:
                scene.camera = camera.carried(here, there)
                self._given[pane.view] = scene.camera
                pane.viewport.request_render()

    # Drawing parts of other views

    def _draw_all(self, *_: object) -> None:
        for pane in self.panes[1:]:
            self._draw_in(pane)
        self._draw_overlay()

    def _draw_rematched(self, *_: object) -> None:
        """Redraw the views whose keypoints have new partners; a new frame usually changes only distances."""
        for view, found in self._comparison.matches.items():
            known = self._drawn.get(view)
            if known is None or known.tolist() != found.partners.tolist():
                self._draw(view)

    def _draw(self, view: View) -> None:
        if view is self._first:
            self._draw_all()
            return
        for pane in self.panes[1:]:
            if pane.view is view:
                self._draw_in(pane)
        self._draw_overlay()

    def _draw_in(self, pane: Pane) -> None:
        comparison, view = self._comparison, pane.view
        found = comparison.matches.get(view)
        if found is None:
            self._drawn.pop(view, None)
            pane.viewport.restyle(None, None)
        else:
            self._drawn[view] = found.partners
            pane.viewport.restyle(*self._style(found))
        wanted = found is not None and comparison.arrows and comparison.mode != "overlay"
        arrows = displacements(self._first, view, found) if wanted and found is not None else None
        pane.viewport.show_displacements(arrows)
        different = comparison.difference and view.subject.prediction is not None
        view.subject.reference = reference_of(self._first.subject, view.subject) if different else None

    def _style(self, found: Match) -> tuple[NDArray[np.uint8], list[str]]:
        """Return colours and labels of keypoints, taken from their partners in the first view."""
        labels = self._first.subject.labels
        palette = self._first.subject.colours(max(int(found.partners.max(initial=-1)) + 1, 1))
        colours = np.where(found.partners[:, None] < 0, UNMATCHED, palette[found.partners]).astype(np.uint8)
        titles = [labels.title(p) if p >= 0 else f"({index})" for index, p in enumerate(found.partners.tolist())]
        return colours, titles

    def _draw_overlay(self) -> None:
        comparison, viewport = self._comparison, self.panes[0].viewport
        overlaid = comparison.mode == "overlay" and comparison.active
        self.legend.setVisible(overlaid)
        if not overlaid:
            viewport.show_others([])
            viewport.show_displacements(None)
            return
        others, starts, ends, lines = [], [np.empty((0, 3))], [np.empty((0, 3))], [f"● A  {_name(self._first)}"]
        for letter, view, (shape, _) in zip(LETTERS[1:], comparison.views, SHAPES, strict=False):
            found, prediction = comparison.matches.get(view), view.subject.prediction
            moved = displacements(self._first, view, found) if found is not None else None
            if moved is None or prediction is None or found is None:
                others.append((np.empty((0, 3)), np.empty((0, 3), np.uint8)))
                lines.append(f"{letter}  {_name(view)}: not this garment or frame")
                continue
            others.append((prediction.keypoints, self._style(found)[0]))
            lines.append(f"{shape} {letter}  {_name(view)}")
            starts.append(moved[0])
            ends.append(moved[1])
        viewport.show_others(others)
        arrows = np.concatenate(starts), np.concatenate(ends)
        viewport.show_displacements(arrows if comparison.arrows else None)
        self.legend.setText("\n".join(lines))
        self.legend.adjustSize()

    def _refresh_soon(self, *_: object) -> None:
        if len(self.panes) > 1 and not self._refreshing.isActive():
            self._refreshing.start()

    def _refresh_panes(self) -> None:
        for pane in self.panes:
            pane.refresh()


def columns_for(count: int, width: int, height: int) -> int:
    """Return the number of columns that maximises the shorter side of each view."""
    return max(range(1, count + 1), key=lambda columns: min(width / columns, height / ceil(count / columns)), default=1)


def _name(view: View) -> str:
    method = view.subject.method
    return method.title if method is not None else "no method"

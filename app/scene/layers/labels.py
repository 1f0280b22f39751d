"""Texts beside balls, where they cover as little as possible."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyvista as pv
from vtkmodules.vtkRenderingCore import vtkTextActor

from app.scene.layers.base import Floats, Integers
from app.scene.screen import Screen, label_corners, place_labels, uncovered
from app.scene.state import Colour, SceneState

LEAST_LABEL = 9
"""The smallest text that is read, in pixels."""


def font_size(state: SceneState, share: float = 1.0) -> int:
    """Return the size of labels in a picture, in pixels: a share of what is set, and less in small views."""
    return max(round(share * state.settings.label_size * state.look.share), LEAST_LABEL)


class BallLabels:
    """A text beside each of some balls, on the side where it covers neither another text nor a ball.

    Args:
        plotter: where they are drawn.
        keep: is given each text's actor, to show and remove it.
        count: number of balls.
        bold: whether the texts are bold.
        most: the largest share of a text that others may cover; else it is left out.

    Attributes:
        actors: of the texts.
        boxes: (K, 4), left, bottom, right and top of each text as it is drawn, device pixels.
    """

    def __init__(
        self, plotter: pv.BasePlotter, keep: Callable[[Any], Any], count: int, *, bold: bool, most: float = np.inf
    ) -> None:
        self._plotter: Any = plotter
        self._bold, self._most = bold, most
        self.actors: list[Any] = [vtkTextActor() for _ in range(count)]
        for actor in self.actors:
            actor.GetPositionCoordinate().SetCoordinateSystemToWorld()
            plotter.add_actor(actor, reset_camera=False, render=False, pickable=False)
            keep(actor)
        self.boxes, self._sizes = np.zeros((count, 4)), np.zeros((count, 2))
        self._sides = np.full(count, -1)
        self._measured: tuple[int, float] | None = None

    @property
    def titles(self) -> tuple[str, ...]:
        """The texts."""
        return tuple(actor.GetInput() for actor in self.actors)

    @property
    def size(self) -> int:
        """Size of the font, in pixels."""
        return int(self.actors[0].GetTextProperty().GetFontSize())

    def entitle(self, titles: Sequence[str]) -> None:
        """Change the texts."""
        for actor, title in zip(self.actors, titles, strict=True):
            actor.SetInput(title)
        self._measured = None

    def style(self, size: int, foreground: Colour, background: Colour) -> None:
        """Change the font's size, in pixels, and the colours of the texts and of what is behind them."""
        self._measured = None
        for actor in self.actors:
            text = actor.GetTextProperty()
            text.SetFontFamilyToArial()
            text.SetFontSize(size)
            text.SetBold(self._bold)
            text.SetColor(foreground)
            text.SetBackgroundColor(background)  # texts are read on cloth, heat and lines
            text.SetBackgroundOpacity(0.7)

    def lay_out(self, screen: Screen, scale: float, shown: Integers, positions: Floats, radii: Floats) -> None:
        """Put texts beside their balls, and note in the screen what they and the balls cover.

        Args:
            screen: the picture.
            scale: of texts, pixels of the picture in one of what is measured.
            shown: (S,), indices of the balls that are seen.
            positions: (S, 3), their centres, file units.
            radii: (S,), device pixels.
        """
        sizes = self._measure(scale)[shown]
        places = screen.project(positions)
        balls = np.column_stack([places[:, :2], radii])
        self._sides[shown] = place_labels(balls, sizes, screen.size, self._sides[shown], screen.taken)
        corners = label_corners(balls, sizes, self._sides[shown])
        self.boxes[shown] = np.concatenate([corners, corners + sizes], axis=1)
        covered = np.array(screen.taken).reshape(-1, 4)
        fits = uncovered(self.boxes[shown], covered, self._most)
        screen.taken.extend(self.boxes[shown][fits])
        screen.taken.extend(np.concatenate([balls[:, :2] - balls[:, 2:], balls[:, :2] + balls[:, 2:]], axis=1))
        found = screen.unproject(np.column_stack([corners, places[:, 2]]))
        for index, place, seen in zip(shown, found.tolist(), fits.tolist(), strict=True):
            self.actors[index].GetPositionCoordinate().SetValue(place)
            self.actors[index].SetVisibility(seen)

    def _measure(self, scale: float) -> Floats:
        """Return widths and heights (K, 2) of the texts, which what is drawn has in pixels of the screen."""
        measured = self._plotter.render_window.GetDPI(), scale
        if measured != self._measured:
            self._measured = measured
            box = [0.0] * 4
            for index, actor in enumerate(self.actors):
                actor.GetBoundingBox(self._plotter.renderer, box)
                self._sizes[index] = scale * (box[1] - box[0] + 1), scale * (box[3] - box[2] + 1)
        return self._sizes

"""Colour bars."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyvista as pv
from numpy.typing import NDArray

from app.scene.layers.base import Drawn
from app.scene.layers.surface import WEIGHT_COLOURS, WEIGHT_LIMITS
from app.scene.state import SceneState
from app.state.heat import colour_map_of, limits_of

HEATED = frozenset({"slice", "isosurface", "volume"})
"""Layers that are coloured by the heatmap."""


@dataclass(frozen=True)
class Bar:
    """A colour bar.

    Attributes:
        name: identifies the bar within a view.
        title: the measured quantity, in up to two lines.
        limits: values at its ends.
        colour_map: Matplotlib's name of the colour map.
        logarithmic: whether the scale is logarithmic.
    """

    name: str
    title: str
    limits: tuple[float, float]
    colour_map: str
    logarithmic: bool = False


def bars_of(state: SceneState) -> list[Bar]:
    """Return the bars of the heatmap and of weights, each only if something is coloured by it."""
    found, heat, weighed = [], state.heat, state.weighed
    if heat is not None and HEATED & state.layers:
        title = "heat" if heat.sigma is None else f"heatmap at\nsigma {heat.sigma:.3g}"  # the font has no Greek
        if heat.reference is not None:
            title = "± heat"
        found.append(Bar("heat", title, limits_of(heat, state.slices), colour_map_of(heat, state.slices)))
    if weighed is not None:
        title = f"weight of\n{state.titles[weighed[1]]}"
        found.append(Bar("weight", title, WEIGHT_LIMITS, WEIGHT_COLOURS, logarithmic=True))
    return found


def shared_bars(states: Mapping[str, SceneState]) -> list[Bar]:
    """Return the bars of several views: one bar for views whose bars are the same, titled with the views' letters."""
    found: dict[Bar, list[str]] = {}
    for letter, state in states.items():
        for bar in bars_of(state):
            found.setdefault(bar, []).append(letter)
    names = Counter(bar.name for bar in found)
    return [
        bar if names[bar.name] == 1 else replace(bar, title=f"{', '.join(letters)}:\n{bar.title}")
        for bar, letters in found.items()
    ]


def bar_colours(bar: Bar) -> NDArray[np.uint8]:
    """Return the colours (256, 4) of a bar, starting at its lower end."""
    return np.asarray(pv.LookupTable(bar.colour_map, n_values=256).values, np.uint8)


class ScalarBars(Drawn):
    """Draws bars into the picture if the look includes them.

    Args:
        plotter: where they are drawn.
    """

    def __init__(self, plotter: pv.BasePlotter) -> None:
        super().__init__()
        self._plotter: Any = plotter
        self._titles: dict[str, str] = {}

    @property
    def shown(self) -> bool:
        """True if there is a bar."""
        return bool(self._titles)

    def update(self, state: SceneState) -> None:
        """Show the bars of the current layers."""
        bars = {bar.name: bar for bar in bars_of(state)} if state.look.bars else {}
        for name, height in (("heat", 0.06), ("weight", 0.53)):
            self._show(name, bars.get(name), height, state)

    def _show(self, name: str, bar: Bar | None, height: float, state: SceneState) -> None:
        """Draw a bar at the right from a height upwards, both as shares of the picture's; draw none if it is None."""
        scale = state.look.pixel_ratio
        if not self._changed(name, bar, state.foreground, scale):
            return
        earlier = self._titles.pop(name, None)
        if earlier is not None:
            self._plotter.remove_scalar_bar(earlier, render=False)
        if bar is None:
            return
        self._titles[name] = title = f"{bar.title}\n"
        mapper = pv.DataSetMapper(pv.PolyData())
        mapper.lookup_table = pv.LookupTable(bar.colour_map, scalar_range=bar.limits, log_scale=bar.logarithmic)
        self._plotter.add_scalar_bar(
            title=title, mapper=mapper, n_labels=3, fmt="%.2g", vertical=True, color=state.foreground,
            title_font_size=13, label_font_size=12, position_x=0.91, position_y=height, width=0.06, height=0.34,
            unconstrained_font_size=True, render=False,
        )  # fmt: skip

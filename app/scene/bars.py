"""Bars that say what colours mean."""

from typing import Any

import pyvista as pv

from app.scene.layers.base import Drawn
from app.scene.layers.surface import WEIGHT_COLOURS, WEIGHT_LIMITS
from app.scene.state import SceneState
from app.state.heat import colour_map_of, limits_of

HEATED = frozenset({"slice", "isosurface", "volume"})
"""Layers that are coloured by the heatmap."""


class ScalarBars(Drawn):
    """A bar for the heatmap and one for weights, each while something has its colours.

    Args:
        plotter: where they are drawn.
    """

    def __init__(self, plotter: pv.BasePlotter) -> None:
        super().__init__()
        self._plotter: Any = plotter
        self._titles: dict[str, str] = {}

    def update(self, state: SceneState) -> None:
        """Show the bars of what is shown."""
        heat, title = state.heat, "heat\n"
        look: tuple[tuple[float, float], str] | None = None
        if heat is not None and HEATED & state.layers:
            if heat.sigma is not None:
                title = f"heat if\nsigma {heat.sigma:.3g}\n"  # the font has no Greek
            if heat.reference is not None:
                title = "± heat\n"
            look = limits_of(heat, state.slices), colour_map_of(heat, state.slices)
        self._show("heat", title, look, 0.06, state)
        weighed = state.weighed
        title = f"weight of {weighed[1]}\n" if weighed is not None else ""
        self._show("weight", title, (WEIGHT_LIMITS, WEIGHT_COLOURS) if weighed is not None else None, 0.5, state)

    def _show(
        self, name: str, title: str, look: tuple[tuple[float, float], str] | None, height: float, state: SceneState
    ) -> None:
        """Draw a bar at the right, from a height upwards, both shares of the picture's; none without a look."""
        scale = state.look.bar_scale
        if not self._changed(name, title, look, state.foreground, scale):
            return
        earlier = self._titles.pop(name, None)
        if earlier is not None:
            self._plotter.remove_scalar_bar(earlier, render=False)
        if look is None:
            return
        self._titles[name] = title
        limits, colour_map = look
        mapper = pv.DataSetMapper(pv.PolyData())
        mapper.lookup_table = pv.LookupTable(colour_map, scalar_range=limits, log_scale=limits == WEIGHT_LIMITS)
        self._plotter.add_scalar_bar(
            title=title, mapper=mapper, n_labels=3, fmt="%.2g", vertical=True, color=state.foreground,
            title_font_size=round(13 * scale), label_font_size=round(12 * scale),
            position_x=0.9, position_y=height, width=0.06, height=0.36, unconstrained_font_size=True, render=False,
        )  # fmt: skip

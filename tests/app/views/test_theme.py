"""Text is legible on what is behind it, by the ratio of luminances that WCAG 2.2 asks for (level AA)."""

import pytest
from PySide6.QtGui import QColor, QPalette

from app.views.panels.curves import COLOURS
from app.views.theme import NOTICE, OVERLAY, PALETTES, WARNING

Role = QPalette.ColorRole

TEXT, GRAPHICS = 4.5, 3.0

PAIRS = (
    (Role.WindowText, Role.Window), (Role.Text, Role.Base), (Role.Text, Role.AlternateBase),
    (Role.ButtonText, Role.Button), (Role.BrightText, Role.Window), (Role.HighlightedText, Role.Highlight),
    (Role.ToolTipText, Role.ToolTipBase), (Role.PlaceholderText, Role.Base), (Role.Link, Role.Window),
)  # fmt: skip


def luminance(colour: str) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in QColor(colour).getRgbF()]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_as_the_standard_defines_it():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", PALETTES)
def test_text_is_legible_in_each_theme(theme):
    palette = PALETTES[theme]
    ratios = {pair: contrast(palette[pair[0]], palette[pair[1]]) for pair in PAIRS}
    ratios["warning"] = contrast(WARNING[theme], palette[Role.Window])
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < TEXT} == {}
    assert min(contrast(*NOTICE), contrast(*OVERLAY)) > 7, "on both themes"
    assert min(contrast(colour, palette[Role.Base]) for colour in COLOURS[theme]) > GRAPHICS

"""The window's colours. They use a palette, because Fusion follows it on every platform, unlike a colour scheme."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

Role, Group = QPalette.ColorRole, QPalette.ColorGroup

_LIGHT = {
    Role.Window: "#f1f3f5", Role.WindowText: "#1b1e23", Role.Base: "#ffffff", Role.AlternateBase: "#f5f7f9",
    Role.Text: "#1b1e23", Role.Button: "#e9ecef", Role.ButtonText: "#1b1e23", Role.BrightText: "#c01c28",
    Role.Highlight: "#1f6fb2", Role.HighlightedText: "#ffffff", Role.ToolTipBase: "#fffbe6",
    Role.ToolTipText: "#1b1e23", Role.PlaceholderText: "#6c757d", Role.Link: "#1f6fb2",
}  # fmt: skip
_DARK = {
    Role.Window: "#25282d", Role.WindowText: "#e8eaed", Role.Base: "#1c1e22", Role.AlternateBase: "#22252a",
    Role.Text: "#e8eaed", Role.Button: "#33373d", Role.ButtonText: "#e8eaed", Role.BrightText: "#ff7b72",
    Role.Highlight: "#2a74b5", Role.HighlightedText: "#ffffff", Role.ToolTipBase: "#33373d",
    Role.ToolTipText: "#e8eaed", Role.PlaceholderText: "#9aa0a6", Role.Link: "#6cb2f0",
}  # fmt: skip
PALETTES = {"light": _LIGHT, "dark": _DARK}
"""Colours of the window by theme and role."""

NOTICE = "#ffd479", "#2b2000"
"""Background and text of warnings: dark text on amber is legible in both themes."""

OVERLAY = "#14161a", "#f2f3f5"
"""Background and text of overlays on a view, in both themes."""

WARNING = {"light": "#a35000", "dark": "#ffb454"}
"""Colour of warning text, by theme."""

_DISABLED = {"light": "#9aa0a6", "dark": "#70757c"}
_DARK_BOX = "#666c76"
"""Colour of the outline of check boxes and radio buttons, which Fusion makes darker than a dark window."""


_SIZE = "text size of the system"
"""The application's property that stores the system's text size, in points."""


def apply_theme(name: str) -> None:
    """Colour the whole application: `light`, `dark`, or `system` to follow the system."""
    if name == "system":
        dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        name = "dark" if dark else "light"
    palette = QPalette()
    for role, colour in (_DARK if name == "dark" else _LIGHT).items():
        palette.setColor(role, QColor(colour))
    for role in (Role.WindowText, Role.Text, Role.ButtonText):
        palette.setColor(Group.Disabled, role, QColor(_DISABLED[name]))
    QApplication.setPalette(palette)
    boxes = QPalette(palette)
    if name == "dark":
        boxes.setColor(Role.Base, QColor(_DARK_BOX))
    for widget in ("QCheckBox", "QRadioButton"):
        QApplication.setPalette(boxes, widget)  # type: ignore[arg-type]  # its stub asks for bytes, which it refuses


def is_dark(palette: QPalette) -> bool:
    """Return whether a palette is that of a dark theme."""
    return palette.color(Role.Window).lightness() < 128


def overlay_style() -> str:
    """Return the style sheet of a label over a view."""
    background, text = OVERLAY
    return f"background: {background}; color: {text}; padding: 4px 7px; border-radius: 4px;"


def apply_text_scale(percent: int) -> None:
    """Scale the whole application's text relative to the system's."""
    font = QApplication.font()
    known = QApplication.instance()
    if known is None:
        return
    size = known.property(_SIZE)
    if size is None:
        size = font.pointSizeF()
        known.setProperty(_SIZE, size)
    font.setPointSizeF(size * percent / 100)
    QApplication.setFont(font)

"""A warning line above the view."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QStyle, QToolButton, QWidget

from app.views.theme import NOTICE


class Notice(QFrame):
    """Shows a warning until it is closed or replaced by the next."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        background, text = NOTICE
        self.setStyleSheet(f"#notice {{ background: {background}; }} #notice QLabel {{ color: {text}; }}")
        icon = QLabel()
        pixmap = self.style().standardIcon(QStyle.StandardPixmap.SP_MessageBoxWarning)
        icon.setPixmap(pixmap.pixmap(18, 18))
        self.label = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.close_button = QToolButton(autoRaise=True)
        self.close_button.setText("✕")
        self.close_button.setToolTip("Close this message")
        self.close_button.setStyleSheet(f"color: {text};")
        self.close_button.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 6, 6)
        layout.addWidget(icon)
        self.offer = QToolButton(toolButtonStyle=Qt.ToolButtonStyle.ToolButtonTextOnly)
        layout.addWidget(self.label, stretch=1)
        layout.addWidget(self.offer)
        layout.addWidget(self.close_button)
        self.hide()

    def say(self, sentence: str, action: QAction | None = None) -> None:
        """Show a message, optionally with a button for a remedy."""
        for known in self.offer.actions():
            self.offer.removeAction(known)
        self.offer.setVisible(action is not None)
        if action is not None:
            self.offer.setDefaultAction(action)
            self.offer.setText(action.text().replace("&", ""))
        self.label.setText(sentence)
        self.setAccessibleName(sentence)
        self.show()

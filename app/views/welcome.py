"""Invitations: to open something while nothing is open and, at the first start, to try the window's main uses."""

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from app.actions import CommandRegistry, plain
from app.state.document import Document, Subject
from app.views.icons import icon

CHOICES = ("open", "open_folder", "open_example")
"""Names of commands with a button while nothing is open."""

OFFERS = ("try_inspect", "try_scrub", "try_compare")
"""Names of commands with a button at the first start."""

TITLE = "Drop a garment here"
WORDS = "A mesh, a point cloud or a sequence; its keypoints are found at once."

PICTURE = 56
"""Side of the picture, in logical pixels."""


class Welcome(QWidget):
    """Buttons for opening something, in the middle of a view; hidden while a garment is open.

    Args:
        subject: subject of the view.
        commands: holds the buttons' commands.
        over: the view.
    """

    def __init__(self, subject: Subject, commands: CommandRegistry, over: QWidget) -> None:
        super().__init__(over)
        self._subject, self._over = subject, over
        self._picture = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        title = QLabel(TITLE, alignment=Qt.AlignmentFlag.AlignCenter)
        font = title.font()
        font.setPointSizeF(1.6 * font.pointSizeF())
        title.setFont(font)
        words = QLabel(WORDS, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        row = QHBoxLayout()
        row.addStretch()
        self.buttons = {}
        for name in CHOICES:
            button = self.buttons[name] = QPushButton(plain(commands[name].text()))
            button.clicked.connect(commands[name].trigger)
            row.addWidget(button)
        row.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(10)
        for widget in (self._picture, title, words):
            layout.addWidget(widget)
        layout.addLayout(row)
        over.installEventFilter(self)
        subject.events.garment.connect(self._follow)
        self._paint()
        self._follow()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_picture"):
            self._paint()

    def _paint(self) -> None:
        self._picture.setPixmap(icon("look_first", self.palette()).pixmap(QSize(PICTURE, PICTURE)))

    def _follow(self, *_: object) -> None:
        self.setVisible(self._subject.garment is None)
        self._place()

    def _place(self) -> None:
        width = min(self._over.width(), 460)
        height = self.sizeHint().height()
        self.setGeometry((self._over.width() - width) // 2, (self._over.height() - height) // 2, width, height)


class Offers(QFrame):
    """A line of offers; hidden once one is chosen, or something else is opened.

    Args:
        document: the open garments and methods.
        commands: holds the buttons' commands.
    """

    def __init__(self, document: Document, commands: CommandRegistry) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 4, 6, 4)
        layout.addWidget(QLabel("Try:"))
        self.buttons = {}
        for name in OFFERS:
            button = self.buttons[name] = QPushButton(plain(commands[name].text()))
            button.clicked.connect(commands[name].trigger)
            button.clicked.connect(self.hide)
            layout.addWidget(button)
        layout.addStretch()
        self.close_button = QToolButton(autoRaise=True)
        self.close_button.setText("✕")
        self.close_button.setToolTip("Close; Help ▸ Try offers the same")
        self.close_button.clicked.connect(self.hide)
        layout.addWidget(self.close_button)
        document.events.garments.connect(lambda garments: self.hide() if len(garments) > 1 else None)

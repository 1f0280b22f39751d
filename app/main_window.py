"""The window: puts views, commands, worker and state together."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QVBoxLayout, QWidget

from app.actions import Actions
from app.commands.compare import CompareCommands
from app.commands.export import ExportCommands
from app.commands.files import FileCommands
from app.commands.heatmap import HeatmapCommands
from app.commands.help import HelpCommands
from app.commands.keypoints import KeypointCommands
from app.commands.playback import PlaybackCommands
from app.commands.session import Parts, SessionCommands
from app.commands.training import TrainingCommands
from app.commands.view import ViewCommands
from app.controllers.comparing import Comparing
from app.controllers.measuring import Measuring
from app.controllers.opening import Opening
from app.controllers.predicting import Predicting
from app.controllers.store import Store
from app.controllers.trainers import Training
from app.output.thumbnails import Thumbnails
from app.state.camera import SavedViews
from app.state.comparison import Comparison, Linking
from app.state.document import Document
from app.state.playback import Playback
from app.state.preferences import Preferences, Theme
from app.state.runs import Preview, Runs
from app.state.settings import LAYERS
from app.state.shelf import Shelf
from app.state.view import View
from app.views.comparison import ComparisonArea
from app.views.notice import Notice
from app.views.panels.comparison import ComparisonPanel
from app.views.panels.display import DisplayPanel
from app.views.panels.heatmap import HeatmapPanel, SlicePanel
from app.views.panels.keypoints import KeypointPanel, SegmentTable
from app.views.panels.layers import LayerPanel
from app.views.panels.library import Library
from app.views.panels.training import TrainingPanel
from app.views.status import StatusBar
from app.views.theme import apply_text_scale, apply_theme
from app.views.timeline import BUTTONS, Timeline
from app.views.viewport import Viewport
from app.worker.client import WorkerClient
from app.worker.protocol import Configure
from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.files import atomic

ASSETS = Path(__file__).parents[1] / "assets"
SHIPPED = ASSETS / "garments"


class MainWindow(QMainWindow):
    """Owns the document, the settings and the worker, and puts them together with the views.

    Args:
        store: keeps what shall be known at the next start; nothing is kept if not given.
        pictures: folder for pictures of garments; there are none if not given.
        sessions: folder for what is open, in case of a crash; it is not kept if not given.
    """

    def __init__(
        self, store: QSettings | None = None, pictures: Path | None = None, sessions: Path | None = None
    ) -> None:
        super().__init__()
        self.setWindowTitle("Key-Grid Desktop")
        self.setAcceptDrops(True)
        self._may_leave = False
        self._first_tabs: tuple[QDockWidget, ...] = ()
        self.document, self.playback, self.shelf, self.runs = Document(), Playback(), Shelf(), Runs()
        self.view = View(self.document)
        self.settings, self.slices = self.view.settings, self.view.slices
        self.comparison = Comparison()
        self.saved_views = SavedViews()
        self.preferences = Preferences()
        self._store = Store(self.preferences, self.shelf, self.runs, store)
        self.worker = WorkerClient(self)
        self.opening = Opening(self.document, self.shelf, self.worker, self)
        self.training = Training(self.runs, self)
        self.predicting = Predicting(self.view, self.worker, self)
        self.comparing = Comparing(self.view, self.comparison, self.worker, self)
        self.measuring = Measuring(self.view, self.worker, self)
        self.notice = Notice()
        self.viewport = Viewport(self.view)
        self.linking = Linking(self.document, self.view, self.comparison)
        self.area = ComparisonArea(self.document, self.viewport, self.comparison)
        self.thumbnails = Thumbnails(pictures, self)
        self.library = Library(self.document, self.shelf, self.thumbnails)
        self.actions_ = Actions(self)
        self._register_commands(sessions, pictures)
        # From here on, what shows commands.
        self.timeline = Timeline(self.document, self.playback, self.actions_)
        self.setCentralWidget(self._stacked())
        self.layers = LayerPanel(self.document, [self.actions_[name] for name in LAYERS])
        self.display = DisplayPanel(self.settings)
        self.slice_panel, self.heatmap_panel = SlicePanel(self.view), HeatmapPanel(self.view)
        self.keypoints = KeypointPanel(self.view, self.actions_)
        self.table, self.segments = self.keypoints.table, SegmentTable(self.document)
        self._keypoint_commands.table, self._keypoint_commands.segments = self.table, self.segments
        self.comparison_panel = ComparisonPanel(self.document, self.view, self.comparison, self.actions_)
        self._export_commands.panel = self.comparison_panel
        self.panel = TrainingPanel(self.document, self.runs, self.actions_)
        self._make_docks()
        self.status = StatusBar(self.document)
        self.setStatusBar(self.status)
        self._connect()
        self.opening.list_shipped(SHIPPED)

    def open(self, paths: Sequence[Path]) -> None:
        """Open garments, folders, checkpoints or a session, told apart by their ending; the first of each is chosen."""
        self.opening.open(paths)

    def list_checkpoints(self, folder: Path = ASSETS / "checkpoints") -> None:
        """Let those that come with the application be chosen."""
        self.opening.list_checkpoints(folder)

    def open_run(self, directory: Path) -> None:
        """Follow the run that is written into a directory, wherever its trainer runs."""
        self._training_commands.open_run(directory)

    @property
    def busy(self) -> bool:
        """Whether anything is still to come."""
        return self.worker.busy or self.thumbnails.busy or self.comparing.busy

    def set_theme(self, theme: Theme) -> None:
        """`system`, `light` or `dark`."""
        self.preferences.theme = theme

    def save_screenshot(self, path: Path) -> None:
        """Save the whole window as a PNG of its size in device pixels."""
        with atomic(path) as temporary:
            if not self.grab().save(str(temporary), "PNG"):
                raise KeygridError(f"The picture could not be written to {path}.")

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        if self.training.unfinished and not self._may_leave:
            event.ignore()
            self._training_commands.ask_to_leave(self._leave)
            return
        self._export_commands.shut()
        self.sessions.shut()
        self.timeline.shut()
        self.panel.shut()
        self.training.shut()
        self.thumbnails.close()
        self.comparing.close()
        self.worker.close()
        self.comparison_panel.shut()
        self.area.shut()
        event.accept()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        for dock in self._first_tabs:  # which only a window that has its layout can raise
            dock.raise_()
        self._first_tabs = ()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        self.open([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()

    # Set-up

    def _register_commands(self, sessions: Path | None, pictures: Path | None) -> None:
        """In the order of menus."""
        self._training_commands = TrainingCommands(
            self, self.document, self.shelf, SHIPPED, self.runs, self.training, self.notice, self.actions_, self.open
        )
        self._keypoint_commands = KeypointCommands(self, self.document, self.notice)
        self._compare_commands = CompareCommands(self.document, self.comparison, self.notice)
        view_commands = ViewCommands(self.viewport, self.saved_views, self.notice, self.set_theme)
        files = FileCommands(self, self.document, self.library, self.notice, self.open, self.save_screenshot)
        self._export_commands = ExportCommands(
            self, self.document, self.view, self.comparison, self.playback, self.area, self.notice, files
        )
        parts = Parts(self.document, self.view, self.comparison, self.area, self.saved_views, self.playback)
        self.sessions = SessionCommands(self, parts, self.notice, files, self.open, sessions)
        groups = (
            files.commands(),
            self.sessions.commands(),
            self._export_commands.commands(),
            files.closing(),
            view_commands.commands(),
            self._keypoint_commands.commands(),
            PlaybackCommands(self.document, self.playback).commands(),
            HeatmapCommands(self.slices).commands(),
            self._compare_commands.commands(),
            self._training_commands.commands(),
            HelpCommands(self, self.actions_, self.worker, self.preferences, pictures).commands(),
        )
        for group in groups:
            self.actions_.register(*group)
        view_commands.follow(self.actions_)
        self._compare_commands.follow(self.actions_)
        self.actions_["background_theme"].setChecked(True)
        for name in BUTTONS:
            self.actions_[name].setIconVisibleInMenu(False)

    def _make_docks(self) -> None:
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        panels = {
            "Library": (self.library, left), "Layers": (self.layers, left), "Display": (self.display, left),
            "Slices": (self.slice_panel, right), "Keypoints": (self.keypoints, right),
            "Segments": (self.segments, right), "Field": (self.heatmap_panel, right),
            "Compare": (self.comparison_panel, right), "Training": (self.panel, right),
        }  # fmt: skip
        docks = {title: self._dock(title, widget, area) for title, (widget, area) in panels.items()}
        for place in (("Layers", "Display"), ("Keypoints", "Segments", "Field", "Compare", "Training")):
            for before, after in pairwise(place):
                self.tabifyDockWidget(docks[before], docks[after])
        self._first_tabs = docks["Layers"], docks["Keypoints"]
        self.comparison_dock, self.training_dock = docks["Compare"], docks["Training"]
        for dock in (self.comparison_dock, self.training_dock):  # not there before they are asked for
            dock.hide()
            # Else the tab beside it would be shown, which may be any.
            dock.toggleViewAction().toggled.connect(lambda shown: None if shown else docks["Keypoints"].raise_())
        self.training_dock.setFeatures(self.training_dock.features() | QDockWidget.DockWidgetFeature.DockWidgetClosable)
        self.training_dock.toggleViewAction().toggled.connect(self.actions_["training"].setChecked)
        self._compare_commands.dock, self._training_commands.dock = self.comparison_dock, self.training_dock
        sized = [docks[title] for title in ("Library", "Layers", "Slices", "Keypoints")]
        self.resizeDocks(sized, [240, 240, 350, 350], Qt.Orientation.Horizontal)
        self.resizeDocks(sized, [540, 160, 150, 550], Qt.Orientation.Vertical)

    def _dock(self, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(title)
        dock.setWidget(widget)
        dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        self.addDockWidget(area, dock)
        return dock

    def _stacked(self) -> QWidget:
        widget = QWidget()
        layout = QVBoxLayout(widget)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.notice)
        layout.addWidget(self.area, stretch=1)
        layout.addWidget(self.timeline)
        return widget

    def _connect(self) -> None:
        self.worker.failed.connect(self.notice.say)
        self.worker.stage.connect(self.status.show_stage)
        self.worker.settled.connect(self.sessions.settle)
        self.opening.refused.connect(self.notice.say)
        self.opening.session_wanted.connect(self.sessions.open)
        preferences = self.preferences.events
        preferences.theme.connect(self._apply_theme)
        preferences.text_scale.connect(apply_text_scale)
        preferences.palette.connect(self._apply_palette)
        self.comparison.events.views.connect(self._apply_palette)
        for name in ("device", "threads"):
            preferences[name].connect(self._configure)
        self._apply_preferences()
        self.status.cancelled.connect(self.worker.cancel)
        self.library.wanted.connect(lambda path: self.open([path]))
        self.viewport.picked.connect(self.keypoints.show_place)
        self.table.keypoints.refused.connect(self.notice.say)
        self.panel.preview.wanted.connect(self._open_garment_of)
        self.panel.shown.connect(self.training.follow)
        self.document.events.garment.connect(self._name_window)

    # Preferences

    def _apply_preferences(self) -> None:
        chosen, usual = self.preferences, Preferences()
        self._apply_theme(chosen.theme)
        self._apply_palette()
        if chosen.text_scale != usual.text_scale:
            apply_text_scale(chosen.text_scale)
        if (chosen.device, chosen.threads) != (usual.device, usual.threads):
            self.worker.configure(Configure(chosen.device, chosen.threads))

    def _apply_theme(self, theme: Theme) -> None:
        apply_theme(theme)
        self.actions_[f"theme_{theme}"].setChecked(True)

    def _apply_palette(self, *_: object) -> None:
        for view in (self.view, *self.comparison.views):
            view.subject.palette = self.preferences.palette

    def _configure(self, *_: object) -> None:
        self.worker.configure(Configure(self.preferences.device, self.preferences.threads))
        self.predicting.start_anew()
        self.comparing.start_anew()

    # What the user does

    def _name_window(self, garment: Garment | None) -> None:
        self.setWindowTitle(f"{garment.name} – Key-Grid Desktop" if garment else "Key-Grid Desktop")

    def _open_garment_of(self, preview: Preview) -> None:
        known = next((garment for garment in self.document.garments if preview.is_of(garment)), None)
        if known is None:
            self.open([preview.garment])
        elif known is not self.document.garment:
            self.document.choose(garment=known)

    def _leave(self) -> None:
        self._may_leave = True
        self.close()

"""The main window, which assembles state, worker, controllers, commands and views."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, QSettings, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QMainWindow, QMenu, QVBoxLayout, QWidget

from app.actions import CommandRegistry
from app.commands.clouds import PANEL as PREPARE
from app.commands.clouds import CloudCommands
from app.commands.compare import CompareCommands
from app.commands.edit import EditCommands
from app.commands.evaluation import PANEL as EVALUATE
from app.commands.evaluation import EvaluationCommands
from app.commands.export import ExportCommands
from app.commands.files import FileCommands
from app.commands.heatmap import HeatmapCommands
from app.commands.help import HelpCommands
from app.commands.keypoints import KeypointCommands
from app.commands.landmarks import PANEL as LANDMARKS
from app.commands.landmarks import LandmarkCommands
from app.commands.offers import OfferCommands
from app.commands.playback import PlaybackCommands
from app.commands.session import SessionCommands
from app.commands.training import TrainingCommands
from app.commands.view import ViewCommands
from app.context import Context, Folders
from app.controllers.choosing import Choosing
from app.controllers.comparing import Comparing
from app.controllers.evaluating import Evaluating
from app.controllers.following import FollowingFolder
from app.controllers.measuring import Measuring
from app.controllers.opening import Opening
from app.controllers.placing import KeepingLandmarks
from app.controllers.predicting import Predicting
from app.controllers.preparing import Preparing
from app.controllers.recovery import Recovery
from app.controllers.restoring import Restoring
from app.controllers.store import Store
from app.controllers.trainers import Training
from app.output.pictures import save_screenshot
from app.output.thumbnails import Thumbnails
from app.state.comparison import Linking
from app.state.history import History, Recording
from app.state.holding import HeldSlices
from app.state.layers import LAYERS
from app.state.log import LOG
from app.state.messages import Messages
from app.state.preferences import Preferences, Theme
from app.state.runs import Preview
from app.state.workspace import Workspace
from app.views.comparison import ComparisonArea
from app.views.docks import BELOW, LEFT, RIGHT, Docks
from app.views.landmark_tool import LandmarkTools
from app.views.notice import Notice
from app.views.panels.comparison import ComparisonPanel, Drift
from app.views.panels.display import DisplayPanel
from app.views.panels.evaluation import EvaluationPanel
from app.views.panels.garment_map import GarmentMap
from app.views.panels.heatmap import HeatmapPanel, SlicePanel
from app.views.panels.keypoints import KeypointPanel, SegmentTable
from app.views.panels.landmarks import LandmarkPanel
from app.views.panels.layers import LayerPanel
from app.views.panels.library import Library
from app.views.panels.preparation import PreparationPanel
from app.views.panels.training import TrainingPanel
from app.views.status import StatusBar
from app.views.theme import apply_text_scale, apply_theme
from app.views.timeline import BUTTONS, Timeline
from app.views.toolbar import ToolBar
from app.views.viewport import Viewport
from app.views.welcome import Offers, Welcome
from app.worker.client import WorkerClient
from app.worker.protocol import Configure
from keygrid.data.garment import Garment
from keygrid.installation import ASSETS

VIEW_MENU = (
    "rename_keypoint", "colour_keypoint", "hide", "only", "show_all", "weights", "measure_next", "",
    "fit", "look_first", "look_front", "look_back", "look_left", "look_right", "look_above", "",
    "export_picture", "choose_object", "close",
)  # fmt: skip
"""Names of commands in the first view's context menu; an empty name separates groups."""

SHARES = {"Library": (240, 540), "Layers": (240, 160), "Slices": (400, 110), "Keypoints": (400, 590)}
"""Initial width and height of panels, in logical pixels; heights shrink with the window."""

ROOMY = 1200, {"Slices": (432, 110), "Keypoints": (432, 590)}
"""Width from which a window has room for full keypoint names, and the panels' shares then."""

TOLD_MS = 5000
"""Duration of messages in the status bar."""


class MainWindow(QMainWindow):
    """Owns the state and the worker, and connects them with controllers, commands and views.

    Args:
        store: storage of preferences, recent files and runs for the next start; None to store nothing.
        pictures: folder for pictures of garments; None for no pictures.
        sessions: folder for the current session, in case of a crash; None to save nothing.
        worker: worker that reads and predicts; one that was started before these imports saves time.
    """

    closing = Signal()
    """The window is closing, and still shows everything."""

    def __init__(
        self,
        store: QSettings | None = None,
        pictures: Path | None = None,
        sessions: Path | None = None,
        worker: WorkerClient | None = None,
    ) -> None:
        super().__init__()
        self.setWindowTitle("Key-Grid Desktop")
        self.setAcceptDrops(True)
        self._may_leave, self._shown = False, False
        cache = pictures.parent if pictures is not None else None
        predictions = cache / "predictions" if cache is not None and store is not None else None
        folders = Folders(
            ASSETS / "garments", ASSETS / "checkpoints", pictures, sessions,
            prepared=cache and cache / "prepared", predictions=predictions,
        )  # fmt: skip
        self.state, self.worker, self.messages = Workspace(), worker or WorkerClient(predicts=True), Messages()
        self.worker.setParent(self)
        self.commands = CommandRegistry(self)
        self.context = Context(self, self.state, self.worker, self.commands, self.messages, folders)
        self.document, self.view, self.comparison = self.state.document, self.state.first, self.state.comparison
        self.settings, self.slices, self.preferences = self.view.settings, self.view.slices, self.state.preferences
        self.playback, self.shelf, self.runs = self.state.playback, self.state.shelf, self.state.runs
        self._store = Store(self.preferences, self.shelf, self.runs, store)
        self._make_controllers()
        self._make_views()
        self._register_commands()
        self._make_panels()
        self._connect()
        self.opening.list_shipped(folders.garments)

    def open(self, paths: Sequence[Path]) -> None:
        """Open garments, folders, checkpoints or a session, depending on their ending; choose the first of each."""
        self.opening.open(paths)

    def list_methods(self) -> None:
        """Make the shipped methods available."""
        self.opening.list_methods(self.context.folders.checkpoints)

    def open_run(self, directory: Path) -> None:
        """Follow the run in a directory, whichever machine its trainer runs on."""
        self._training_commands.open_run(directory)

    @property
    def busy(self) -> bool:
        """True while any work is pending."""
        return self.worker.busy or self.thumbnails.busy or self.comparing.busy or self.evaluating.busy

    def set_theme(self, theme: Theme) -> None:
        """Set the theme: `system`, `light` or `dark`."""
        self.preferences.theme = theme

    def save_screenshot(self, path: Path) -> None:
        """Save the whole window as a PNG of its size in device pixels."""
        save_screenshot(self, path)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        if self.training.unfinished and not self._may_leave:
            event.ignore()
            self._training_commands.ask_to_leave(self._leave)
            return
        self.closing.emit()
        self.hide()  # what follows may take a moment
        self.exporting.shut()
        self.recovery.shut()
        self.timeline.shut()
        self.map.shut()
        self.landmarks.shut()
        self.evaluation_panel.shut()
        self.evaluating.close()
        self.panel.shut()
        self.preparation_panel.shut()
        self.preparing.shut()
        self.following.stop()
        self.training.shut()
        self.thumbnails.close()
        self.comparing.close()
        self.worker.close()
        self.comparison_panel.shut()
        self.area.shut()
        event.accept()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        if not self._shown:  # only a window that has its layout can raise a tab
            self._shown = True
            self.docks.share(
                SHARES | (ROOMY[1] if self.width() >= ROOMY[0] else {})
            )  # before it is shown, this would make the window as high as the shares
            self.docks.raise_("Layers", "Keypoints")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        self.open([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()

    # Set-up

    def _make_controllers(self) -> None:
        self.landmarks = KeepingLandmarks(self.state, self.worker, self)  # before garments are shown, to read theirs
        self.opening = Opening(self.document, self.shelf, self.worker, self)
        self.training = Training(self.runs, self)
        self.choosing = Choosing(self.document)  # before what predicts, so that nothing is asked of an earlier method
        self.predicting = Predicting(self.view, self.worker, self, kept_in=self.context.folders.predictions)
        self.preparing = Preparing(
            self.document, self.state.preparation, self.worker, self.context.folders.prepared, self
        )
        self.following = FollowingFolder(self.state.following, self.document, self.worker, self.predicting, self)
        self.comparing = Comparing(self.view, self.comparison, self.worker, self)
        self.evaluating = Evaluating(self.state, self.worker, self)
        self.measuring = Measuring(self.view, self.worker, self)
        self.held = HeldSlices(self.view)
        self.history = History()
        self._recording = Recording(self.state, self.history)
        self.linking = Linking(self.document, self.view, self.comparison)
        self.thumbnails = Thumbnails(self.context.folders.pictures, self)

    def _make_views(self) -> None:
        """Make the views that commands use."""
        self.docks, self.notice = Docks(self), Notice()
        self.viewport = Viewport(self.view)
        self.area = ComparisonArea(self.document, self.viewport, self.comparison)
        self.library = Library(self.document, self.shelf, self.thumbnails)
        self.keypoints = KeypointPanel(self.view, self.commands)
        self.table, self.segments = self.keypoints.table, SegmentTable(self.document)
        self.drift = Drift(self.view, self.comparison)
        self.landmark_tools = LandmarkTools(self.area, self.comparison, self.state.placing)
        self.restoring = Restoring(self.context, self.area, self.opening, self.landmarks)
        self.recovery = Recovery(self.restoring, self.context.folders.sessions)

    def _register_commands(self) -> None:
        """Register all commands, in the order of menus."""
        context = self.context
        files = FileCommands(context, self.open, self.library.search.setFocus, self.thumbnails)
        edit = EditCommands(context, self.history)
        evaluation = EvaluationCommands(context, self.docks, self.evaluating)
        views, compare = ViewCommands(context, self.viewport), CompareCommands(context, self.docks)
        clouds = CloudCommands(context, self.docks, self.following)
        self._landmark_commands = LandmarkCommands(context, self.docks, self.landmarks)
        self.exporting = ExportCommands(context, self.area, self.drift)
        self.sessions = SessionCommands(context, self.restoring, self.recovery)
        self._training_commands = TrainingCommands(context, self.training, self.open, self.docks)
        groups = (
            files.commands(),
            self.sessions.commands(),
            self.exporting.commands(),
            files.closing(),
            edit.commands(),
            views.commands(),
            KeypointCommands(context, self.table, self.segments).commands(),
            self._landmark_commands.commands(),
            PlaybackCommands(context).commands(),
            HeatmapCommands(context).commands(),
            compare.commands(),
            evaluation.commands(),
            clouds.commands(),
            self._training_commands.commands(),
            HelpCommands(context).commands(),
            OfferCommands(context, self.docks, self.open).commands(),
        )
        for group in groups:
            self.commands.register(*group)
        files.follow()
        edit.follow()
        views.follow()
        compare.follow()
        evaluation.follow()
        clouds.follow()
        self._landmark_commands.follow()
        for name in BUTTONS:
            self.commands[name].setIconVisibleInMenu(False)

    def _make_panels(self) -> None:
        """Make the views that use commands, and dock all panels."""
        self.timeline = Timeline(self.document, self.playback, self.commands)
        self.addToolBar(ToolBar(self.commands))
        self.welcome = Welcome(self.document, self.commands, self.viewport.interactor)
        self.offers = Offers(self.document, self.commands)
        self.setCentralWidget(_stacked(self.notice, self.offers, self.area, self.timeline))
        self.offers.setVisible(self._store.is_new)
        self.layers = LayerPanel([self.commands[name] for name in LAYERS])
        self.display = DisplayPanel(self.settings)
        self.slice_panel, self.heatmap_panel = SlicePanel(self.view), HeatmapPanel(self.view)
        self.comparison_panel = ComparisonPanel(self.view, self.comparison, self.drift, self.commands)
        self.panel = TrainingPanel(self.document, self.runs, self.commands)
        self.preparation_panel = PreparationPanel(self.state.preparation, self.commands)
        self.landmark_panel = LandmarkPanel(self.document, self.state.placing, self.commands)
        self._landmark_commands.table = self.landmark_panel.table
        self.map = GarmentMap(self.view, self.comparison)
        self.status = StatusBar(self.document, self.state.following)
        self.setStatusBar(self.status)
        self.docks.add(LEFT, {"Library": self.library})
        self.docks.add(LEFT, {"Layers": self.layers, "Display": self.display, "Map": self.map})
        self.docks.add(RIGHT, {"Slices": self.slice_panel})
        self.docks.add(RIGHT, {
            "Keypoints": self.keypoints, "Segments": self.segments, "Heatmap": self.heatmap_panel,
            LANDMARKS: self.landmark_panel,
            "Compare": self.comparison_panel, "Training": self.panel, PREPARE: self.preparation_panel,
        })  # fmt: skip
        for name in (LANDMARKS, "Compare", "Training", PREPARE):
            self.docks.hide_until_wanted(name, neighbour="Keypoints")
        self.evaluation_panel = EvaluationPanel(self.state, self.commands)
        self.docks.add(BELOW, {EVALUATE: self.evaluation_panel})
        self.docks.hide_until_wanted(EVALUATE)
        for name in (LANDMARKS, "Training", PREPARE, EVALUATE):
            self.docks.let_close(name)

    def _connect(self) -> None:
        self.messages.warned.connect(self.notice.say)
        self.messages.warned.connect(LOG.warning)
        self.messages.told.connect(self._tell)
        self.worker.failed.connect(self.messages.warn)
        self.comparing.failed.connect(self.messages.warn)
        self.worker.stage.connect(self.status.show_stage)
        self.opening.refused.connect(self.messages.warn)
        self.opening.guessed.connect(lambda said: self.notice.say(said, self.commands["choose_object"]))
        self.opening.session_wanted.connect(self.restoring.open)
        self.docks["Training"].toggleViewAction().toggled.connect(self.commands["training"].setChecked)
        for panel, command in ((PREPARE, "prepare"), (LANDMARKS, "landmarks_panel"), (EVALUATE, "evaluation")):
            self.docks[panel].toggleViewAction().toggled.connect(self.commands[command].setChecked)
        self.evaluating.failed.connect(self.messages.warn)
        self.evaluating.told.connect(self.messages.tell)
        self.evaluation_panel.wanted.connect(self.evaluating.show)
        for source in (self.landmarks, self.landmark_tools, self.landmark_panel.table.landmarks):
            source.refused.connect(self.messages.warn)
        for name in ("prepared", "shows_removed", "step"):
            self.state.preparation.events[name].connect(self._show_removed)
        self.preparation_panel.refused.connect(self.messages.warn)
        self.following.refused.connect(self.messages.warn)
        self.viewport.rendered.connect(self.following.drawn)
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
        self.viewport.menu_wanted.connect(self._show_menu)
        self.table.keypoints.refused.connect(self.messages.warn)
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
        self.commands[f"theme_{theme}"].setChecked(True)

    def _apply_palette(self, *_: object) -> None:
        for view in self.state.views:
            view.subject.palette = self.preferences.palette

    def _configure(self, *_: object) -> None:
        self.worker.configure(Configure(self.preferences.device, self.preferences.threads))
        self.predicting.start_anew()
        self.comparing.start_anew()

    # What the user does

    def _tell(self, sentence: str) -> None:
        self.status.showMessage(sentence, TOLD_MS)

    def _show_removed(self, *_: object) -> None:
        self.viewport.show_removed(self.state.preparation.removed)

    def _show_menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in VIEW_MENU:
            menu.addAction(self.commands[name]) if name else menu.addSeparator()
        menu.popup(place)

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


def _stacked(notice: QWidget, offers: QWidget, area: QWidget, timeline: QWidget) -> QWidget:
    widget = QWidget()
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    layout.addWidget(notice)
    layout.addWidget(offers)
    layout.addWidget(area, stretch=1)
    layout.addWidget(timeline)
    return widget

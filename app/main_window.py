"""The window: puts views, worker and state together."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QDockWidget, QFileDialog, QMainWindow, QMessageBox, QVBoxLayout, QWidget

from app.actions import Actions, Command
from app.state.document import Document, OpenCheckpoint
from app.state.new_run import NewRun
from app.state.playback import Playback
from app.state.runs import Preview, Run, Runs, State
from app.state.settings import AXES, LAYERS, ViewSettings
from app.state.shelf import OpenCollection, Shelf
from app.views.heatmap import HeatmapPanel
from app.views.help import show_about, show_shortcuts
from app.views.keypoints import KeypointTable
from app.views.layers import LayerPanel
from app.views.library import Library
from app.views.new_run import NewRunDialog
from app.views.preferences import Preferences
from app.views.status import StatusBar
from app.views.theme import THEMES, apply_theme
from app.views.thumbnails import Thumbnails
from app.views.timeline import BUTTONS, Timeline
from app.views.training import TrainingPanel
from app.views.viewport import Viewport
from app.worker.client import WorkerClient
from app.worker.predicting import Predicting
from app.worker.protocol import DescribeEngine, ListShipped, OpenPath, ReadCheckpoint
from app.worker.training import Training
from keygrid.data.garment import Garment
from keygrid.data.readers import SUFFIXES
from keygrid.errors import KeygridError
from keygrid.export import WRITERS, write_predictions
from keygrid.files import atomic

CHECKPOINT_SUFFIXES = (".safetensors", ".pt", ".pth")

LAYER_TITLES = {
    "surface": "&Surface",
    "cloud": "Point &cloud",
    "keypoints": "&Keypoints",
    "skeleton": "S&keleton",
    "slice": "&Heatmap slice",
    "reconstruction": "&Reconstruction",
    "trails": "&Trails",
    "first_frame": "First &frame",
    "landmarks": "&Landmarks",
}

ASSETS = Path(__file__).parents[1] / "assets"
SHIPPED = ASSETS / "garments"

SLICE_STEP = 0.05
"""How far a key moves the slice, normalised."""


class MainWindow(QMainWindow):
    """Owns the document, the settings and the worker, and puts them together with the views.

    Args:
        store: keeps what shall be known at the next start; nothing is kept if not given.
        pictures: folder for pictures of garments; there are none if not given.
    """

    settled = Signal(str)
    """Nothing is awaited any more; the message of the last failure, or empty."""

    def __init__(self, store: QSettings | None = None, pictures: Path | None = None) -> None:
        super().__init__()
        self.setWindowTitle("Key-Grid Desktop")
        self.setAcceptDrops(True)
        self.document, self.settings, self.playback = Document(), ViewSettings(), Playback()
        self.shelf, self.runs = Shelf(), Runs()
        self.preferences = Preferences(self.shelf, self.runs, store)
        self._choose_on_arrival: set[str] = set()
        self._last_failure = ""
        self._may_leave = False
        self.worker = WorkerClient(self)
        self.training = Training(self.runs, self)
        self.actions_ = Actions(self)
        self._register_commands()
        self.viewport = Viewport(self.document, self.settings)
        self.timeline = Timeline(self.document, self.playback, self.actions_)
        self.setCentralWidget(self._stacked(self.viewport, self.timeline))
        self.thumbnails = Thumbnails(pictures, self)
        self.library = Library(self.document, self.shelf, self.thumbnails)
        self.layers = LayerPanel(self.document, [self.actions_[name] for name in LAYERS])
        self.heatmap = HeatmapPanel(self.document, self.settings)
        self.table = KeypointTable(self.document)
        self.panel = TrainingPanel(self.document, self.runs, self.actions_)
        self._make_docks()
        self.status = StatusBar(self.document)
        self.setStatusBar(self.status)
        self.predicting = Predicting(self.document, self.settings, self.worker, self)
        self._connect()
        self.worker.request("shipped", ListShipped(SHIPPED))

    def open(self, paths: Sequence[Path]) -> None:
        """Open garments, folders and checkpoints, told apart by their ending; the first of each kind is chosen."""
        checkpoints = [path for path in paths if path.suffix.lower() in CHECKPOINT_SUFFIXES]
        garments = [path for path in paths if path not in checkpoints]
        self._choose_on_arrival.update(f"garment {path}" for path in garments[:1])
        self._choose_on_arrival.update(f"checkpoint {path}" for path in checkpoints[:1])
        for path in garments:
            self.worker.request(f"garment {path}", OpenPath(path))
        for path in checkpoints:
            self.worker.request(f"checkpoint {path}", ReadCheckpoint(path))

    @property
    def busy(self) -> bool:
        """Whether anything is still to come."""
        return self.worker.busy or self.thumbnails.busy

    def save_screenshot(self, path: Path) -> None:
        """Save the whole window as a PNG of its size in device pixels."""
        with atomic(path) as temporary:
            if not self.grab().save(str(temporary), "PNG"):
                raise KeygridError(f"The picture could not be written to {path}.")

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        if self.training.unfinished and not self._may_leave:
            event.ignore()
            self._ask_to_leave()
            return
        self.timeline.shut()
        self.panel.shut()
        self.training.shut()
        self.thumbnails.close()
        self.worker.close()
        self.viewport.shut()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        self.open([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()

    # Set-up

    def _register_commands(self) -> None:
        self.actions_.register(
            Command("open", "&Open…", "&File", self._ask_to_open, "Ctrl+O"),
            Command("open_folder", "Open &folder…", "&File", self._ask_for_folder, "Ctrl+Shift+O"),
            Command("search", "Search the &library", "&File", self._search, "Ctrl+F"),
            Command("save", "&Save keypoints…", "&File", self._ask_to_save, "Ctrl+S", separated=True),
            Command("screenshot", "Save s&creenshot…", "&File", self._ask_for_screenshot, "Ctrl+Shift+S"),
            Command("close", "&Close garment", "&File", self._close_garment, "Ctrl+W", separated=True),
            Command("quit", "&Quit", "&File", self.close, "Ctrl+Q"),
            *(
                Command(
                    name, LAYER_TITLES[name], "&View", lambda on, name=name: setattr(self.settings, name, on),
                    str(number), checkable=True,
                )
                for number, name in enumerate(LAYERS, start=1)
            ),
            Command("peak", "&Peak keypoints", "&View", self._set_peak, "P", checkable=True, separated=True),
            Command("fit", "&Fit garment", "&View", self._fit, "F", separated=True),
            *(
                Command(
                    f"look_{axis}", f"Look along {axis.upper()}", "&View",
                    lambda axis=axis: self.viewport.look_along(axis), f"Shift+{axis.upper()}",
                )
                for axis in AXES
            ),
            Command("training", "Trai&ning", "&View", self._show_training, "Ctrl+T", checkable=True, separated=True),
            Command("play", "&Play or pause", "&Playback", lambda: self.playback.toggle(self.document), "Space"),
            Command("go_back", "Frame &back", "&Playback", lambda: self.playback.step(self.document, -1), ",",
                    separated=True),
            Command("go_on", "Frame for&ward", "&Playback", lambda: self.playback.step(self.document, 1), "."),
            Command("go_first", "&First frame", "&Playback", lambda: self.playback.jump(self.document, 0), "Home"),
            Command("go_last", "L&ast frame", "&Playback", lambda: self.playback.jump(self.document, -1), "End"),
            Command("loop", "&Loop", "&Playback", lambda on: setattr(self.playback, "loop", on), "L", checkable=True,
                    separated=True),
            *(
                Command(
                    f"slice_{axis}", f"Slice across {axis.upper()}", "&Heatmap",
                    lambda axis=axis: setattr(self.settings, "slice_axis", axis), axis.upper(),
                )
                for axis in AXES
            ),
            Command("slice_back", "Slice back", "&Heatmap", lambda: self._step_slice(-1), "[", separated=True),
            Command("slice_forward", "Slice forward", "&Heatmap", lambda: self._step_slice(1), "]"),
            Command("new_run", "&New run…", "&Training", self._ask_for_new_run, "Ctrl+N"),
            Command("open_run", "&Open run…", "&Training", self._ask_for_run, "Ctrl+R"),
            Command("pause_run", "&Pause", "&Training", lambda: self._tell_run(self.training.pause), "Ctrl+Shift+P",
                    separated=True),
            Command("resume_run", "&Resume", "&Training", lambda: self._tell_run(self.training.go_on), "Ctrl+Shift+R"),
            Command("stop_run", "&Stop", "&Training", lambda: self._tell_run(self.training.stop), "Ctrl+."),
            Command("open_checkpoint", "Open &checkpoint", "&Training", self._open_run_checkpoint, "Ctrl+Shift+C",
                    separated=True),
            Command("forget_run", "Remove from &list", "&Training", lambda: self._tell_run(self.runs.forget)),
            *(
                Command(
                    f"theme_{theme}", theme.capitalize(), "&View/&Theme",
                    lambda on, theme=theme: self.set_theme(theme) if on else None, group="theme",
                )
                for theme in THEMES
            ),
            Command("shortcuts", "&Keyboard shortcuts", "&Help",
                    lambda: show_shortcuts(self, self.actions_.shortcuts()), "F1"),
            Command("about", "&About", "&Help", lambda: self.worker.request("about", DescribeEngine())),
        )  # fmt: skip
        for name in LAYERS:
            self.actions_[name].setChecked(getattr(self.settings, name))
        self.actions_["theme_system"].setChecked(True)
        for name in BUTTONS:
            self.actions_[name].setIconVisibleInMenu(False)

    def _make_docks(self) -> None:
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        docks = [
            self._dock("Library", self.library, left),
            self._dock("Layers", self.layers, left),
            self._dock("Heatmap slice", self.heatmap, right),
            self._dock("Keypoints", self.table, right),
        ]
        # A tab of the largest dock's place, and not there before it is asked for.
        self.training_dock = self._dock("Training", self.panel, right)
        self.training_dock.setFeatures(self.training_dock.features() | QDockWidget.DockWidgetFeature.DockWidgetClosable)
        self.tabifyDockWidget(docks[-1], self.training_dock)
        self.training_dock.hide()
        self.training_dock.toggleViewAction().toggled.connect(self.actions_["training"].setChecked)
        self.resizeDocks(docks, [240, 240, 340, 340], Qt.Orientation.Horizontal)
        self.resizeDocks(docks, [560, 140, 150, 550], Qt.Orientation.Vertical)

    def _dock(self, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(title)
        dock.setWidget(widget)
        dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        self.addDockWidget(area, dock)
        return dock

    @staticmethod
    def _stacked(upper: QWidget, lower: QWidget) -> QWidget:
        widget = QWidget()
        layout = QVBoxLayout(widget)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(upper, stretch=1)
        layout.addWidget(lower)
        return widget

    def _connect(self) -> None:
        self.worker.succeeded.connect(self._receive)
        self.worker.failed.connect(self._fail)
        self.worker.stage.connect(self.status.show_stage)
        self.status.cancelled.connect(self.worker.cancel)
        self.library.wanted.connect(lambda path: self.open([path]))
        self.panel.preview.wanted.connect(self._open_garment_of)
        self.panel.shown.connect(self.training.follow)
        self.document.events.garment.connect(self._name_window)

    # What the worker says

    def _receive(self, slot: str, result: Any) -> None:
        chosen = slot in self._choose_on_arrival
        if isinstance(result, Garment):
            self.document.add_garment(result, choose=chosen or self.document.garment is None)
        elif isinstance(result, OpenCollection):
            self.shelf.add_collection(result)
        elif isinstance(result, OpenCheckpoint):
            self.document.add_checkpoint(result, choose=chosen or self.document.checkpoint is None)
        elif slot == "shipped":
            self.shelf.shipped = result
        elif slot == "about":
            show_about(self, result)
        if isinstance(result, Garment | OpenCollection):
            self.shelf.remember(Path(slot.removeprefix("garment ")))
        self._settle()

    def _fail(self, _slot: str, sentence: str) -> None:
        self.viewport.notice.say(sentence)
        self._last_failure = sentence
        self._settle()

    def _settle(self) -> None:
        if not self.worker.busy:
            self._choose_on_arrival.clear()
            failure, self._last_failure = self._last_failure, ""
            self.settled.emit(failure)

    # What the user does

    def _fit(self) -> None:
        self.viewport.fit()

    def _set_peak(self, peak: bool) -> None:
        self.settings.peak = peak

    def _step_slice(self, direction: int) -> None:
        position = self.settings.slice_position + direction * SLICE_STEP
        self.settings.slice_position = round(min(max(position, -1.0), 1.0), 6)

    def _close_garment(self) -> None:
        if self.document.garment is not None:
            self.document.close_garment(self.document.garment)

    def _name_window(self, garment: Garment | None) -> None:
        self.setWindowTitle(f"{garment.name} – Key-Grid Desktop" if garment else "Key-Grid Desktop")

    def _ask_to_open(self) -> None:
        endings = {"Garments and checkpoints": (*SUFFIXES, *CHECKPOINT_SUFFIXES)}
        endings |= {"Garments": SUFFIXES, "Checkpoints": CHECKPOINT_SUFFIXES}
        filters = [f"{title} ({' '.join('*' + ending for ending in group)})" for title, group in endings.items()]
        names, _ = QFileDialog.getOpenFileNames(self, "Open", "", ";;".join([*filters, "All files (*)"]))
        self.open([Path(name) for name in names])

    def _search(self) -> None:
        self.library.search.setFocus()

    def _ask_for_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Open folder")
        if name:
            self.open([Path(name)])

    def _ask_to_save(self) -> None:
        garment, prediction = self.document.garment, self.document.prediction
        if isinstance(self.document.shown, Preview):
            self.viewport.notice.say("A preview can't be saved: open the run's checkpoint and switch the preview off.")
            return
        if garment is None or prediction is None:
            self.viewport.notice.say("There are no keypoints to save yet: open a garment and a checkpoint first.")
            return
        filters = ";;".join(f"{ending[1:].upper()} (*{ending})" for ending in WRITERS)
        name, chosen = QFileDialog.getSaveFileName(self, "Save keypoints", f"{garment.name}-keypoints.json", filters)
        if name:
            path = Path(name) if Path(name).suffix else Path(name + "." + chosen.split()[0].lower())
            self._save(lambda: write_predictions([(str(garment.source), prediction)], path), path)

    def _ask_for_screenshot(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save screenshot", "keygrid.png", "PNG (*.png)")
        if name:
            path = Path(name).with_suffix(".png")
            self._save(lambda: self.save_screenshot(path), path)

    def _show_training(self, shown: bool) -> None:
        self.training_dock.setVisible(shown)
        if shown:
            # A tab can be raised once the layout has it.
            QTimer.singleShot(0, self.training_dock, self.training_dock.raise_)

    def _bring_up_training(self) -> None:
        self.actions_["training"].setChecked(True)
        self.training_dock.raise_()

    def _ask_for_new_run(self) -> None:
        from platformdirs import user_data_path

        folder = user_data_path("keygrid-desktop", appauthor=False) / "runs"
        NewRunDialog(self.document, self.shelf, SHIPPED, folder, self._start_run, self).open()

    def _start_run(self, wanted: NewRun) -> None:
        self.training.start(wanted)
        self._bring_up_training()

    def _ask_for_run(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Open run")
        if name:
            self.open_run(Path(name))

    def open_run(self, directory: Path) -> None:
        """Follow the run that is written into a directory, wherever its trainer runs."""
        if not any((directory / name).exists() for name in ("config.json", "events.jsonl")):
            self.viewport.notice.say(f"{directory} holds no run; choose the folder that --run named.")
            return
        self.runs.choose(self.runs.add(directory))
        self.training.follow()
        self._bring_up_training()

    def _tell_run(self, tell: Callable[[Run], object]) -> None:
        if self.runs.chosen is None:
            return
        try:
            tell(self.runs.chosen)
        except KeygridError as error:
            self.viewport.notice.say(str(error))

    def _open_run_checkpoint(self) -> None:
        checkpoint = self.runs.chosen.checkpoint(self.runs.epoch) if self.runs.chosen is not None else None
        if checkpoint is not None:
            self.runs.previewing = False  # else it would hide what the checkpoint says
            self.open([checkpoint])

    def _open_garment_of(self, preview: Preview) -> None:
        known = next((garment for garment in self.document.garments if preview.is_of(garment)), None)
        if known is None:
            self.open([preview.garment])
        elif known is not self.document.garment:
            self.document.choose(garment=known)

    def _ask_to_leave(self) -> None:
        names = ", ".join(run.name for run in self.training.unfinished)
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Trainings are running")
        box.setText(f"Still training: {names}")
        box.setInformativeText(
            "A training can go on without the window, which finds it again when it is next opened; or it saves its"
            " state and stops, to be resumed later."
        )
        leave = box.addButton("&Leave running", QMessageBox.ButtonRole.AcceptRole)
        stop = box.addButton("&Stop them", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(leave)
        leave.clicked.connect(lambda: self._leave(stop=False))
        stop.clicked.connect(lambda: self._leave(stop=True))
        box.open()

    def _leave(self, *, stop: bool) -> None:
        try:
            for run in self.training.unfinished if stop else []:
                if run.state is not State.STOPPING:
                    self.training.stop(run)
        except KeygridError as error:
            self.viewport.notice.say(str(error))
            return
        self._may_leave = True
        self.close()

    def _save(self, write: Any, path: Path) -> None:
        try:
            write()
        except KeygridError as error:
            self.viewport.notice.say(str(error))
        else:
            self.statusBar().showMessage(f"Saved {path}", 5000)

    def set_theme(self, theme: str) -> None:
        """`system`, `light` or `dark`."""
        apply_theme(theme)
        self.actions_[f"theme_{theme}"].setChecked(True)

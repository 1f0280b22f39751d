"""Saving what is seen: pictures, videos, the heatmap, a comparison's report."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMainWindow

from app.actions import Command
from app.commands.files import FileCommands
from app.output.heatmap_files import write_heatmap, write_slice
from app.output.pictures import Pixels, area_picture
from app.output.recording import CANCELLED, SUFFIXES, Recording
from app.output.report import write_report
from app.state.comparison import Comparison
from app.state.document import Document
from app.state.playback import Playback
from app.state.view import View
from app.views.comparison import ComparisonArea
from app.views.dialogs.export import Film, PictureDialog, RecordingDialog, VideoDialog
from app.views.notice import Notice
from app.views.panels.comparison import ComparisonPanel
from keygrid.errors import KeygridError
from keygrid.files import atomic


class ExportCommands:
    """Asks how and where, and writes.

    Args:
        window: dialogs are shown above it.
        document: what is shown.
        first: the first view.
        comparison: the others.
        playback: stands still while a video is taken.
        area: has the pictures.
        notice: says what went wrong.
        files: writes files.
    """

    def __init__(
        self,
        window: QMainWindow,
        document: Document,
        first: View,
        comparison: Comparison,
        playback: Playback,
        area: ComparisonArea,
        notice: Notice,
        files: FileCommands,
    ) -> None:
        self._window, self._document, self._first, self._comparison = window, document, first, comparison
        self._playback, self._area, self._notice, self._files = playback, area, notice, files
        self.panel: ComparisonPanel | None = None
        self.recording: Recording | None = None

    def commands(self) -> list[Command]:
        """For the menus File, Heatmap and Compare."""
        return [
            Command("export_picture", "Save &picture…", "&File/&Export", self._ask_for_picture, "Ctrl+E"),
            Command("export_video", "Save &video…", "&File/&Export", self._ask_for_video, "Ctrl+Shift+E"),
            Command("export_field", "Save &heatmap…", "&File/&Export", self._save_field, "Ctrl+Alt+E", separated=True),
            Command("export_slice", "Save s&lice…", "&File/&Export", self._save_slice, "Ctrl+Alt+S"),
            Command("export_report", "Save comparison &report…", "&File/&Export", self._save_report, "Ctrl+Alt+H",
                    separated=True),
        ]  # fmt: skip

    def shut(self) -> None:
        """Give up a video that is being taken."""
        if self.recording is not None:
            self.recording.cancel()

    # Pictures

    def _ask_for_picture(self) -> None:
        if not self._has_garment():
            return
        dialog = PictureDialog(self._area, self._window)
        dialog.accepted.connect(lambda: self._save_picture(dialog.scale.value(), dialog.transparent.isChecked()))
        dialog.open()

    def _save_picture(self, scale: int, transparent: bool) -> None:
        path = self._path("Save picture", "png", "PNG (*.png)")
        if path is not None:
            self._files.save(lambda: _write_png(area_picture(self._area, scale, transparent=transparent), path), path)

    # Videos

    def _ask_for_video(self) -> None:
        if not self._has_garment():
            return
        dialog = VideoDialog(self._area, self._document.frame_count, self._playback.speed, self._window)
        dialog.accepted.connect(lambda: self._save_video(dialog.film))
        dialog.open()

    def _save_video(self, film: Film) -> None:
        filters = ";;".join(f"{suffix[1:].upper()} (*{suffix})" for suffix in SUFFIXES)
        path = self._path("Save video", "mp4", filters)
        if path is None:
            return
        count = self._document.frame_count if film.motion != "turntable" else film.seconds * film.speed
        self._playback.playing = False
        before, camera = self._document.frame, self._area.panes[0].viewport.scene.camera

        def prepare(place: int) -> bool:
            if film.motion != "frames":
                self._area.look(camera.turned(360 * place / count))
            if film.motion != "turntable":
                self._document.go_to(place)
            return all(_is_there(view) for view in (self._first, *self._comparison.views))

        def finish(message: str) -> None:
            self.recording = None
            self._document.go_to(before)
            self._area.look(camera)
            if message == "":
                self._window.statusBar().showMessage(f"Saved {path}", 5000)
            elif message != CANCELLED:
                self._notice.say(message)

        try:
            self.recording = recording = Recording(
                path, count, prepare, lambda: area_picture(self._area, film.scale), film.speed, self._window
            )
        except KeygridError as error:
            self._notice.say(str(error))
            return
        recording.finished.connect(finish)
        recording.finished.connect(recording.deleteLater)
        RecordingDialog(recording, count, self._window)

    # The heatmap

    def _save_field(self) -> None:
        self._save_heat("Save heatmap", "vti", "VTK image (*.vti);;NumPy (*.npz)",
                        lambda heat, path: write_heatmap(heat, self._first.slices, path))  # fmt: skip

    def _save_slice(self) -> None:
        self._save_heat("Save slice", "png", "PNG (*.png);;CSV (*.csv)",
                        lambda heat, path: write_slice(heat, self._first.slices, path))  # fmt: skip

    def _save_heat(self, title: str, ending: str, filters: str, write: Callable[..., None]) -> None:
        heat = self._area.panes[0].viewport.scene.heat
        if heat is None:
            self._notice.say("There is no heatmap yet: open a garment and a checkpoint first.")
            return
        path = self._path(title, ending, filters)
        if path is not None:
            self._files.save(lambda: write(heat, path), path)

    # A comparison

    def _save_report(self) -> None:
        if not self._comparison.active or self.panel is None:
            self._notice.say("There is one view: Compare ▸ Add a view (Ctrl+D) adds one to compare with.")
            return
        path, panel = self._path("Save report", "html", "HTML (*.html)"), self.panel
        if path is not None:
            self._files.save(
                lambda: write_report(path, self._first, self._comparison, self._area, panel.drift), path
            )  # fmt: skip

    # Asking

    def _has_garment(self) -> bool:
        if self._document.garment is None:
            self._notice.say("There is nothing to save yet: open a garment first.")
        return self._document.garment is not None

    def _path(self, title: str, ending: str, filters: str) -> Path | None:
        garment = self._document.garment
        suggested = f"{garment.name if garment is not None else 'keygrid'}.{ending}"
        name, chosen = QFileDialog.getSaveFileName(self._window, title, suggested, filters)
        if not name:
            return None
        path = Path(name)
        return path if path.suffix else path.with_suffix("." + (chosen.partition("*.")[2].rstrip(")") or ending))


def _is_there(view: View) -> bool:
    subject = view.subject
    return subject.checkpoint is None or subject.garment is None or subject.prediction is not None


def _write_png(picture: Pixels, path: Path) -> None:
    from PIL import Image

    with atomic(path) as temporary:
        Image.fromarray(picture).save(temporary, "PNG")

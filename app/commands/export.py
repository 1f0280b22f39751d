"""Commands that save pictures, videos, the heatmap and a comparison's report."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from app.actions import Command
from app.context import Context
from app.output.heatmap_files import write_heatmap, write_slice
from app.output.pictures import write_png
from app.output.recording import CANCELLED, SUFFIXES, Recording
from app.output.report import Report, Row, write_report
from app.state.differences import differences
from app.state.view import View
from app.views.comparison import ComparisonArea
from app.views.dialogs.export import Film, PictureDialog, RecordingDialog, VideoDialog
from app.views.panels.comparison import Drift
from keygrid.errors import KeygridError


class ExportCommands:
    """Asks for options and a path, and writes the file.

    Args:
        context: holds the views; playback pauses while a video is recorded.
        area: draws the pictures.
        drift: the chart for the report.
    """

    def __init__(self, context: Context, area: ComparisonArea, drift: Drift) -> None:
        self._context, self._window, self._messages = context, context.window, context.messages
        self._document, self._state = context.state.document, context.state
        self._area, self._drift = area, drift
        self.recording: Recording | None = None

    def commands(self) -> list[Command]:
        """Return the commands for the menu File ▸ Export."""
        return [
            Command("export_picture", "Save &picture…", "&File/&Export", self._ask_for_picture, "Ctrl+E"),
            Command("export_video", "Save &video…", "&File/&Export", self._ask_for_video, "Ctrl+Shift+E"),
            Command("export_field", "Save &heatmap…", "&File/&Export", self._save_field, "Ctrl+Alt+E", separated=True),
            Command("export_slice", "Save s&lice…", "&File/&Export", self._save_slice, "Ctrl+Alt+S"),
            Command("export_report", "Save comparison &report…", "&File/&Export", self._save_report, "Ctrl+Alt+H",
                    separated=True),
        ]  # fmt: skip

    def shut(self) -> None:
        """Cancel a video that is being recorded."""
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
            self._context.save(lambda: write_png(self._area.picture(scale, transparent=transparent), path), path)

    # Videos

    def _ask_for_video(self) -> None:
        if not self._has_garment():
            return
        dialog = VideoDialog(self._area, self._document.frame_count, self._state.playback.speed, self._window)
        dialog.accepted.connect(lambda: self._save_video(dialog.film))
        dialog.open()

    def _save_video(self, film: Film) -> None:
        filters = ";;".join(f"{suffix[1:].upper()} (*{suffix})" for suffix in SUFFIXES)
        path = self._path("Save video", "mp4", filters)
        if path is None:
            return
        count = self._document.frame_count if film.motion != "turntable" else film.seconds * film.speed
        self._state.playback.playing = False
        before, camera = self._document.frame, self._area.panes[0].viewport.scene.camera

        def prepare(place: int) -> bool:
            if film.motion != "frames":
                self._area.look(camera.turned(360 * place / count))
            if film.motion != "turntable":
                self._document.go_to(place)
            return all(_is_there(view) for view in self._state.views)

        def finish(message: str) -> None:
            self.recording = None
            self._document.go_to(before)
            self._area.look(camera)
            if message == "":
                self._messages.tell(f"Saved {path}")
            elif message != CANCELLED:
                self._messages.warn(message)

        try:
            self.recording = recording = Recording(
                path, count, prepare, lambda: self._area.picture(film.scale), film.speed, self._window
            )
        except KeygridError as error:
            self._messages.warn(str(error))
            return
        recording.finished.connect(finish)
        recording.finished.connect(recording.deleteLater)
        RecordingDialog(recording, count, self._window)

    # The heatmap

    def _save_field(self) -> None:
        self._save_heat("Save heatmap", "vti", "VTK image (*.vti);;NumPy (*.npz)",
                        lambda heat, path: write_heatmap(heat, self._state.first.slices, path))  # fmt: skip

    def _save_slice(self) -> None:
        self._save_heat("Save slice", "png", "PNG (*.png);;CSV (*.csv)",
                        lambda heat, path: write_slice(heat, self._state.first.slices, path))  # fmt: skip

    def _save_heat(self, title: str, ending: str, filters: str, write: Callable[..., None]) -> None:
        heat = self._state.first.heat
        if heat is None:
            missing = "There is no heatmap yet: open a garment and a checkpoint first"
            self._messages.warn(f"{self._state.document.unheated or missing}.")
            return
        path = self._path(title, ending, filters)
        if path is not None:
            self._context.save(lambda: write(heat, path), path)

    # A comparison

    def _save_report(self) -> None:
        if not self._state.comparison.active:
            self._messages.warn("There is only one view; Compare ▸ Add a view (Ctrl+D) adds one to compare with.")
            return
        path = self._path("Save report", "html", "HTML (*.html)")
        if path is not None:
            self._context.save(lambda: write_report(self._report(), path), path)

    def _report(self) -> Report:
        garment, measures = self._document.garment, self._state.comparison.measures
        rows = [Row(pane.title, measures.get(pane.view), pane.view.subject.seconds) for pane in self._area.panes]
        return Report(
            garment.name if garment is not None else "no garment",
            self._area.picture(2),
            rows,
            differences(self._state.first, self._state.comparison),
            self._drift.chart(),
        )

    # Asking

    def _has_garment(self) -> bool:
        if self._document.garment is None:
            self._messages.warn("There is nothing to save yet: open a garment first.")
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
    return subject.method is None or subject.garment is None or subject.prediction is not None

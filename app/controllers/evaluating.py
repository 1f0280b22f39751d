"""Runs evaluations in a separate process, and shows the frames that they found."""

import time
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.state.document import OpenMethod
from app.state.evaluation import Cell, Evaluation, Sight, can_be_judged
from app.state.workspace import Workspace
from app.worker.client import ENDED, WorkerClient
from app.worker.protocol import Configure, Evaluate, OpenPath, Progress, WriteEvaluation
from keygrid.data.garment import Garment, Landmarks

PATIENCE_MS = 600
"""Time after Cancel in which the process may end by itself."""

ENOUGH = 3.0
"""Seconds after which the remaining time is estimated."""


class Evaluating(QObject):
    """Evaluates methods on garments in the background, without delaying predictions.

    Args:
        state: open files, and the evaluation's choices and results.
        worker: reads garments to be shown, and writes reports.
    """

    failed = Signal(str)
    """An evaluation, garment or report failed; the text is a message for the user."""

    told = Signal(str)
    """Something was done; the text is a message for the user."""

    def __init__(self, state: Workspace, worker: WorkerClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._evaluation, self._worker = state, state.evaluation, worker
        self._judge: WorkerClient | None = None
        self._began = 0.0

    @property
    def busy(self) -> bool:
        """True while an evaluation is under way."""
        return self._evaluation.running

    def close(self) -> None:
        """Stop permanently."""
        if self._judge is not None:
            self._judge.close()

    def start(self) -> None:
        """Evaluate the chosen methods and garments, discarding earlier results."""
        evaluation, document = self._evaluation, self._state.document
        methods = tuple(known for known in document.methods if known.id.spec in evaluation.methods)
        paths = tuple(sorted(evaluation.garments))
        if not methods or not paths:
            self.failed.emit("Choose at least one method and one garment that moves.")
            return
        self.cancel()
        evaluation.judged, evaluation.shown, evaluation.ran = methods, paths, evaluation.options
        evaluation.cells, evaluation.levels = (), ()
        evaluation.done, evaluation.total, evaluation.seconds_left = 0, 0, None
        evaluation.running = True
        self._began = 0.0
        if self._judge is None:
            self._judge = WorkerClient(self, patience=PATIENCE_MS)
        preferences = self._state.preferences
        self._judge.configure(Configure(preferences.device, preferences.threads))
        garments = tuple(self._with_placed(path) for path in paths)
        work = Evaluate(tuple(method.id for method in methods), garments, evaluation.options)
        self._judge.request(work, self._finish, otherwise=self._fail, each=self._take, slot=self)

    def cancel(self) -> None:
        """Cancel the evaluation; results so far are kept."""
        if self._judge is not None and self._evaluation.running:
            self._judge.cancel()
        self._evaluation.running = False

    def _with_placed(self, path: Path) -> tuple[Path, Landmarks | None]:
        """Return a path, with its placed landmarks if they are not in the file beside it."""
        placing = self._state.placing
        unsaved = next((garment for garment in placing.unsaved if garment.source == path), None)
        return path, None if unsaved is None else placing.of(unsaved)

    def _take(self, part: object) -> None:
        evaluation = self._evaluation
        if isinstance(part, Progress):
            now = time.monotonic()
            self._began = self._began or now
            evaluation.total, evaluation.done = part.total, part.done
            passed = now - self._began
            if passed > ENOUGH:
                evaluation.seconds_left = passed / max(part.done, 1) * (part.total - part.done)
        elif isinstance(part, Cell):
            evaluation.cells = (*evaluation.cells, part)
        elif isinstance(part, list):
            evaluation.levels = (*evaluation.levels, *part)
        else:
            self.failed.emit(str(part))

    def _finish(self, _: None) -> None:
        self._evaluation.running = False
        self.told.emit(f"Evaluated {len(self._evaluation.judged)} methods")

    def _fail(self, sentence: str) -> None:
        self._evaluation.running = False
        self.failed.emit(f"The evaluation stopped: {sentence}" if sentence == ENDED else sentence)

    # What was found

    def show(self, method: OpenMethod, sight: Sight) -> None:
        """Show a method on a frame of a garment, opening the garment if necessary."""
        if sight.source is None:
            self.failed.emit(f"{sight.motion} can't be opened again, because it does not come from a file.")
            return
        known = next((g for g in self._state.document.garments if g.source == sight.source), None)
        if known is not None:
            self._show(method, known, sight.frame)
            return

        def take(opened: object) -> None:
            if isinstance(opened, Garment):
                self._state.document.add_garment(opened, choose=False)
                self._show(method, opened, sight.frame)

        self._worker.request(OpenPath(sight.source), take, slot=(self, "show"))

    def _show(self, method: OpenMethod, garment: Garment, frame: int) -> None:
        document = self._state.document
        chosen = method if method in document.methods else None
        if garment is not document.garment:
            document.choose(garment=garment)
        if chosen is not None and chosen is not document.method:
            document.choose(method=chosen)
        document.go_to(frame)

    def save_report(self, path: Path) -> None:
        """Save the report as `main.py evaluate --out` does; the ending of the path sets the format."""
        evaluation = self._evaluation
        methods = evaluation.complete
        if not methods or evaluation.ran is None:
            self.failed.emit("There is nothing to report yet: no method has been scored on all garments.")
            return
        specs = {method.id.spec for method in methods}
        work = WriteEvaluation(
            path, tuple(method.id for method in methods), evaluation.shown, evaluation.ran,
            tuple(cell for cell in evaluation.cells if cell.spec in specs), evaluation.levels,
        )  # fmt: skip
        self._worker.request(work, lambda written: self.told.emit(f"Saved {written}"), slot=(self, "report"))


def open_motions(state: Workspace) -> list[Garment]:
    """Return the open garments that can be evaluated."""
    return [garment for garment in state.document.garments if can_be_judged(garment)]


def begin_with_what_is_open(state: Workspace, evaluation: Evaluation) -> None:
    """If nothing is chosen yet, choose the open garments that move and the chosen method."""
    if not evaluation.garments:
        evaluation.garments = frozenset(g.source for g in open_motions(state) if g.source is not None)
    if not evaluation.methods and state.document.method is not None:
        evaluation.methods = frozenset([state.document.method.id.spec])

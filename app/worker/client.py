"""The window's side of the worker: sends requests and passes answers to their callers, without threads."""

import os
import sys
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from app.worker.protocol import (
    Answer,
    Cancel,
    Cancelled,
    Configure,
    Failure,
    Part,
    Request,
    Stage,
    Unpacker,
    Work,
    pack,
)
from keygrid.installation import ONE_BLAS_THREAD

PATIENCE_MS = 2000
"""Time that a cancelled request may keep the worker busy before the worker is replaced."""

ENDED = "The background process ended unexpectedly and was restarted; please try again."

ROOT = Path(__file__).parents[2]

Result = TypeVar("Result")


@dataclass(frozen=True)
class Awaited:
    """A pending request and its callbacks.

    Attributes:
        request: the message sent to the worker.
        then: called with the answer.
        otherwise: called with a message if the request fails.
        each: called with parts of the answer, as they arrive.
    """

    request: Request
    then: Callable[[Any], None]
    otherwise: Callable[[str], None] | None
    each: Callable[[Any], None] | None = None


class WorkerClient(QObject):
    """Runs the worker's process and keeps only the newest request in every slot.

    A slot is the purpose of an answer: a new request in a slot supersedes the older one. If the process dies, its
    current request fails with a message, and a new process handles the following ones.

    Args:
        parent: Qt parent.
        predicts: whether methods will be asked for keypoints, so that the process starts PyTorch alongside its first
            requests.
        patience: milliseconds that a cancelled request may keep the worker busy before the worker is replaced.
    """

    failed = Signal(str)
    """A request failed; the text is a message for the user."""

    settled = Signal(str)
    """Nothing is pending any more, after an answer or a failure; carries the last failure's message, or no text.
    """

    cancelled = Signal()
    """All pending requests were cancelled."""

    stage = Signal(str)
    """The worker has reached this stage of its work; empty when it is idle."""

    def __init__(self, parent: QObject | None = None, *, predicts: bool = False, patience: int = PATIENCE_MS) -> None:
        super().__init__(parent)
        self._arguments = ["-P", "-m", "app.worker", *(["--predicts"] if predicts else [])]
        self._count = 0
        self._wanted: dict[Hashable, Awaited] = {}
        self._last_failure = ""
        self._cancelled: set[int] = set()
        self._configuration: Configure | None = None
        self._closing = False
        self._replacing = False
        self._patience = QTimer(self, singleShot=True, interval=patience)
        self._patience.timeout.connect(self._replace)
        self._start()

    @property
    def busy(self) -> bool:
        """True while a request is pending."""
        return bool(self._wanted)

    @property
    def process_id(self) -> int:
        """ID of the worker's process."""
        return int(self._process.processId())

    def request(
        self,
        work: Work[Result],
        then: Callable[[Result], None],
        *,
        otherwise: Callable[[str], None] | None = None,
        each: Callable[[Any], None] | None = None,
        slot: Hashable = None,
    ) -> None:
        """Request `work`, and pass its answer to `then`.

        Args:
            work: what to do.
            then: called with the answer, unless the request fails, is cancelled, or is superseded in its slot.
            otherwise: called with a message if the request fails.
            each: called with parts of the answer, as they arrive.
            slot: purpose of the answer; by default, the work itself.
        """
        self._await(work if slot is None else slot, work, then, otherwise, each)

    def _await(
        self,
        slot: Hashable,
        work: Work[Any],
        then: Callable[[Any], None],
        otherwise: Callable[[str], None] | None,
        each: Callable[[Any], None] | None,
    ) -> None:
        self._give_up(slot)
        self._count += 1
        self._wanted[slot] = Awaited(Request(self._count, work), then, otherwise, each)
        self._send(self._wanted[slot].request)

    def configure(self, configuration: Configure) -> None:
        """Configure this process and those that may replace it."""
        self._configuration = configuration
        self._send_configuration()

    def _send_configuration(self) -> None:
        if self._configuration is not None:
            self._count += 1
            self._send(Request(self._count, self._configuration))  # in no slot: nobody waits for it

    def forget(self, slot: Hashable) -> None:
        """Cancel the pending request in `slot`, if any."""
        if self._give_up(slot) and not self._wanted:
            self.stage.emit("")

    def cancel(self) -> None:
        """Cancel all pending requests: immediately for the user, soon for the process, by force if necessary."""
        for slot in list(self._wanted):
            self._cancelled.add(self._give_up(slot))
        if self._cancelled:
            self._patience.start()
        self.cancelled.emit()
        self.stage.emit("")

    def close(self) -> None:
        """End the process immediately, which is safe because it writes files atomically.

        The client can't be used afterwards.
        """
        self._closing = True
        self._patience.stop()
        self._wanted.clear()
        self._process.kill()
        self._process.waitForFinished(5000)

    def _start(self) -> None:
        self._unpacker = Unpacker()
        self._process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        others = environment.value("PYTHONPATH")  # may have packages that offer methods
        environment.insert("PYTHONPATH", f"{ROOT}{os.pathsep}{others}" if others else str(ROOT))
        if not environment.contains(ONE_BLAS_THREAD[0]):
            environment.insert(*ONE_BLAS_THREAD)
        self._process.setProcessEnvironment(environment)
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.ForwardedErrorChannel)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._ended)
        self._process.start(sys.executable, self._arguments)
        self._send_configuration()

    def _give_up(self, slot: Hashable) -> int:
        awaited = self._wanted.pop(slot, None)
        if awaited is None:
            return 0
        self._send(Cancel(awaited.request.number))
        return awaited.request.number

    def _send(self, message: Request | Cancel) -> None:
        self._process.write(pack(message))

    def _read(self) -> None:
        for message in self._unpacker.feed(bytes(self._process.readAllStandardOutput().data())):
            if isinstance(message, Stage):
                if self._slot(message.number) is not None:
                    self.stage.emit(message.text)
            elif isinstance(message, Part):
                slot = self._slot(message.number)
                each = self._wanted[slot].each if slot is not None else None
                if each is not None:
                    _call(each, message.value)
            else:
                self._finish(message)

    def _slot(self, number: int) -> Hashable | None:
        return next((slot for slot, awaited in self._wanted.items() if awaited.request.number == number), None)

    def _finish(self, message: Answer | Failure | Cancelled) -> None:
        self._cancelled.discard(message.number)
        if not self._cancelled:
            self._patience.stop()
        slot = self._slot(message.number)
        if slot is None:
            return
        awaited = self._wanted.pop(slot)
        if isinstance(message, Answer):
            _call(awaited.then, message.result)
        elif isinstance(message, Failure):
            self._fail(awaited, message.message)
        self._settle()

    def _fail(self, awaited: Awaited, sentence: str) -> None:
        self._last_failure = sentence
        if awaited.otherwise is not None:
            _call(awaited.otherwise, sentence)
        self.failed.emit(sentence)

    def _settle(self) -> None:
        if not self._wanted:
            self.stage.emit("")
            failure, self._last_failure = self._last_failure, ""
            self.settled.emit(failure)

    def _replace(self) -> None:
        self._replacing = True
        self._process.kill()  # `_ended` starts the next one

    def _ended(self) -> None:
        if self._closing:
            return
        self._process.deleteLater()
        self._cancelled.clear()
        self._patience.stop()
        self._start()
        waiting, self._wanted = self._wanted, {}
        if self._replacing:  # what is still wanted came after what was cancelled, and is innocent
            self._replacing = False
            for slot, awaited in waiting.items():
                self._await(slot, awaited.request.work, awaited.then, awaited.otherwise, awaited.each)
            return
        self.stage.emit("")
        for awaited in waiting.values():
            self._fail(awaited, ENDED)
        if waiting:
            self._settle()


def _call(callback: Callable[[Any], None], value: object) -> None:
    """Call back; report an error that the callback raises, and continue with other messages."""
    try:
        callback(value)
    except Exception as error:
        sys.excepthook(type(error), error, error.__traceback__)

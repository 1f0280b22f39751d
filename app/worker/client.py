"""The window's end of the worker: requests in, answers out as Qt signals, no threads."""

import sys
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from app.worker.protocol import Answer, Cancel, Cancelled, Configure, Failure, Request, Stage, Unpacker, Work, pack

PATIENCE_MS = 2000
"""How long a cancelled request may keep the worker busy before the worker is replaced."""

ROOT = Path(__file__).parents[2]


class WorkerClient(QObject):
    """Runs the worker's process and keeps, for every slot, to the newest request only.

    A slot names what an answer is for, such as `prediction`: a new request in a slot makes the older one's answer
    unwanted. When the process dies, what it was doing fails with a sentence and a new process serves what follows.
    """

    succeeded = Signal(str, object)
    """Slot and result."""

    failed = Signal(str, str)
    """Slot and a sentence for the user."""

    cancelled = Signal()
    """Everything that was awaited was given up."""

    stage = Signal(str)
    """What the worker is doing; empty when it is idle."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._count = 0
        self._wanted: dict[str, Request] = {}
        self._cancelled: set[int] = set()
        self._configuration: Configure | None = None
        self._closing = False
        self._replacing = False
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._replace)
        self._start()

    @property
    def busy(self) -> bool:
        """Whether an answer is awaited."""
        return bool(self._wanted)

    @property
    def process_id(self) -> int:
        """The worker's process."""
        return int(self._process.processId())

    def request(self, slot: str, work: Work) -> None:
        """Ask for `work`; its answer, and no older one, will come in `slot`."""
        self._give_up(slot)
        self._count += 1
        self._wanted[slot] = Request(self._count, work)
        self._send(self._wanted[slot])

    def configure(self, configuration: Configure) -> None:
        """Say how to work, to this process and to those that may have to take its place."""
        self._configuration = configuration
        self._send_configuration()

    def _send_configuration(self) -> None:
        if self._configuration is not None:
            self._count += 1
            self._send(Request(self._count, self._configuration))  # in no slot: nobody waits for it

    def forget(self, slot: str) -> None:
        """Give up what is awaited in `slot`, if anything."""
        if self._give_up(slot) and not self._wanted:
            self.stage.emit("")

    def cancel(self) -> None:
        """Give up everything that is awaited: at once for the user, and soon for the process, if need be by force."""
        for slot in list(self._wanted):
            self._cancelled.add(self._give_up(slot))
        if self._cancelled:
            self._patience.start()
        self.cancelled.emit()
        self.stage.emit("")

    def close(self) -> None:
        """End the process. The client can't be used any more."""
        self._closing = True
        self._patience.stop()
        self._wanted.clear()
        self._process.closeWriteChannel()
        if not self._process.waitForFinished(500):
            self._process.kill()
            self._process.waitForFinished(5000)

    def _start(self) -> None:
        self._unpacker = Unpacker()
        self._process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONPATH", str(ROOT))
        self._process.setProcessEnvironment(environment)
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.ForwardedErrorChannel)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._ended)
        self._process.start(sys.executable, ["-m", "app.worker"])
        self._send_configuration()

    def _give_up(self, slot: str) -> int:
        request = self._wanted.pop(slot, None)
        if request is None:
            return 0
        self._send(Cancel(request.number))
        return request.number

    def _send(self, message: Request | Cancel) -> None:
        self._process.write(pack(message))

    def _read(self) -> None:
        for message in self._unpacker.feed(bytes(self._process.readAllStandardOutput().data())):
            if isinstance(message, Stage):
                if self._slot(message.number) is not None:
                    self.stage.emit(message.text)
            else:
                self._finish(message)

    def _slot(self, number: int) -> str | None:
        return next((slot for slot, request in self._wanted.items() if request.number == number), None)

    def _finish(self, message: Answer | Failure | Cancelled) -> None:
        self._cancelled.discard(message.number)
        if not self._cancelled:
            self._patience.stop()
        slot = self._slot(message.number)
        if slot is None:
            return
        del self._wanted[slot]
        if isinstance(message, Answer):
            self.succeeded.emit(slot, message.result)
        elif isinstance(message, Failure):
            self.failed.emit(slot, message.message)
        if not self._wanted:
            self.stage.emit("")

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
            for slot, request in waiting.items():
                self.request(slot, request.work)
            return
        self.stage.emit("")
        for slot in waiting:
            self.failed.emit(slot, "The background process ended unexpectedly and was started anew; please try again.")

"""The worker's process: `python -m app.worker`, started by `app.worker.client`."""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, BinaryIO

from app.worker.handlers import Handlers
from app.worker.protocol import Answer, Cancel, Cancelled, Failure, Part, Request, Stage, Unpacker, pack
from keygrid.errors import KeygridError


class CancelledError(Exception):
    """Raised at the beginning of a stage if its answer is no longer wanted."""


class Loop:
    """Handles requests one after the other, while a thread listens for the next ones and for cancellations."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source, self._sink = source, sink
        self._requests: SimpleQueue[Request] = SimpleQueue()
        self._cancelled: set[int] = set()
        self._lock, self._sending = Lock(), Lock()
        self._handlers = Handlers()

    def run(self) -> None:
        """Serve requests until the input ends, which ends the process."""
        Thread(target=self._listen, daemon=True).start()
        while True:
            request = self._requests.get()
            self._send(self._answer(request))

    def _listen(self) -> None:
        unpacker = Unpacker()
        while data := os.read(self._source.fileno(), 1 << 16):
            for message in unpacker.feed(data):
                if isinstance(message, Cancel):
                    with self._lock:
                        self._cancelled.add(message.number)
                else:
                    self._requests.put(message)
        os._exit(0)  # the window is gone, so nobody waits for what is being done

    def _answer(self, request: Request) -> Answer | Failure | Cancelled:
        try:
            return Answer(
                request.number,
                self._handlers.handle(request.work, self._stage(request.number), self._giver(request.number)),
            )
        except CancelledError:
            return Cancelled(request.number)
        except KeygridError as error:
            return Failure(request.number, str(error))
        except MemoryError:
            return Failure(request.number, "There is not enough memory; close other programs or open fewer files.")
        except Exception as error:  # whatever happens, the window must hear of it
            sys.excepthook(type(error), error, error.__traceback__)
            return Failure(
                request.number,
                f"An internal error occurred ({type(error).__name__}: {error}); see Help ▸ Copy diagnostics.",
            )

    def _stage(self, number: int) -> Callable[[str], None]:
        def enter(text: str) -> None:
            with self._lock:
                if number in self._cancelled:
                    raise CancelledError
            self._send(Stage(number, text))

        return enter

    def _giver(self, number: int) -> Callable[[object], None]:
        def give(part: object) -> None:
            with self._lock:
                if number in self._cancelled:
                    raise CancelledError
            self._send(Part(number, part))

        return give

    def _send(self, message: Any) -> None:
        packed = pack(message)
        with self._sending:  # parts may come from several threads
            self._sink.write(packed)
            self._sink.flush()


def main() -> None:
    """Serve requests on standard input and output; output that libraries print goes to standard error."""
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if "--predicts" in sys.argv[1:]:  # takes a second or two, in which garments can be read
        Thread(target=import_module, args=("torch",), name="start torch", daemon=True).start()
    Loop(sys.stdin.buffer, sink).run()


if __name__ == "__main__":
    main()

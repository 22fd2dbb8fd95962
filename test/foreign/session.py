"""One bidirectional session: frames go out by a queue, frames come in by a thread that gathers them."""

import queue
import threading
import time

from stubs import process, sessions

PATIENCE = 20.0


class Session:
    """`call` is stub.Run, .Exec or .Attach; `request` its type of client frame; `start` its first frame."""

    def __init__(self, call, request, start):
        self._request = request
        self._out: queue.SimpleQueue = queue.SimpleQueue()
        self._changed = threading.Condition()
        self.stdout = b""
        self.stderr = b""
        self.ready = None
        self.exit = None
        self.detached = False
        self.warnings = []
        self.order = []
        self.error = None
        self.ended = False
        self._sent = 0
        self._out.put(request(start=start))
        self.call = call(iter(self._out.get, None))
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def _receive(self):
        try:
            for response in self.call:
                with self._changed:
                    self._take(response.output)
                    self._changed.notify_all()
        except Exception as error:  # a failed call, which `wait` reports
            self.error = error
        with self._changed:
            self.ended = True
            self._changed.notify_all()
        self._out.put(None)

    def _take(self, output):
        kind = output.WhichOneof("frame")
        if not self.order or self.order[-1] != kind:
            self.order.append(kind)
        if kind == "ready":
            self.ready = output.ready
        elif kind in ("stdout", "stderr"):
            chunk = getattr(output, kind)
            expected = getattr(self.ready, kind + "_offset") + len(getattr(self, kind))
            assert chunk.offset == expected, f"{kind} goes on at {chunk.offset}, not {expected}"
            setattr(self, kind, getattr(self, kind) + chunk.data)
        elif kind == "exit":
            self.exit = output.exit
        elif kind == "warning":
            self.warnings.append(output.warning)
        elif kind == "detached":
            self.detached = True

    def send(self, **frame):
        self._out.put(self._request(input=sessions.SessionInput(**frame)))

    def type(self, data: bytes):
        self.send(stdin=sessions.StdinChunk(offset=self._sent, data=data))
        self._sent += len(data)

    def resize(self, columns: int, rows: int):
        self.send(resize=process.TerminalSize(columns=columns, rows=rows))

    def close_stdin(self):
        self.send(close_stdin=sessions.CloseStdin())

    def detach(self):
        self.send(detach=sessions.Detach())

    def until(self, what: str, condition):
        """Waits until condition(self) holds; an end of the stream before that is a failure."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while not condition(self):
                left = deadline - time.monotonic()
                if self.ended or not self._changed.wait(left) and left <= 0:
                    raise AssertionError(
                        f"{what}: not seen; stdout {self.stdout!r}, stderr {self.stderr!r}, error {self.error}"
                    )
        return self

    def saw(self, text: bytes):
        return self.until(f"output {text!r}", lambda s: text in s.stdout)

    def finish(self):
        """Waits for the end of the stream; gives the exit status. Raises what the call failed with."""
        self._thread.join(PATIENCE)
        assert self.ended, f"the stream did not end; stdout {self.stdout!r}"
        if self.error is not None:
            raise self.error
        return self.exit

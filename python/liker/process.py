"""A process in a container, across restarts of likerd."""

from __future__ import annotations

import io
import queue
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any, BinaryIO, Callable, Iterable, Iterator, Literal, Union, cast

import grpc

from .engine import ENDLESSLY, Engine, Losses
from .errors import LikerError
from .v1 import container_service_pb2, process_pb2
from .v1 import session_service_pb2 as sessions

Input = Union[bool, str, bytes, Iterable[Union[str, bytes]]]
Kind = Literal["stdout", "stderr"]

_LARGEST_PIECE = 64 * 1024
# What nobody has read, or what the process has not taken: then the other side waits.
_MOST_HELD = 1024 * 1024


@dataclass(frozen=True)
class Output:
    """All that a process has written, and how it ended."""

    stdout: bytes
    stderr: bytes
    exit: process_pb2.ExitStatus


@dataclass(frozen=True)
class OutputPart:
    """What comes of a process: bytes, and last its exit status."""

    kind: Literal["stdout", "stderr", "exit"]
    data: bytes = b""
    status: process_pb2.ExitStatus | None = None


class Process:
    """A process in a container, of which every byte comes once. It is killed at the end of a `with` block."""

    def __init__(self, engine: Engine, method: Any, request: Any, start: Any, stdin: Input, timeout: float | None):
        self.warnings: list[str] = []
        """What its caller should know, such as that output was lost."""
        self._engine = engine
        self._method, self._request, self._start = method, request, start
        self._timeout = timeout
        self._changed = threading.Condition()
        self._ready: sessions.Ready | None = None
        self._call: Any = None
        self._out: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._connected = False
        self._parts: dict[Kind, deque[tuple[int, bytes]]] = {"stdout": deque(), "stderr": deque()}
        self._held: dict[Kind, int] = {"stdout": 0, "stderr": 0}
        self._offsets: dict[Kind, int] = {"stdout": 0, "stderr": 0}
        self._count = 0
        self._asked: set[Kind] = set()
        self._dropped: set[Kind] = set()
        self._unacked: deque[tuple[int, bytes]] = deque()
        self._sent = self._acked = 0
        self._stdin_closed = False
        self._size: process_pb2.TerminalSize | None = None
        self._stdin = io.BufferedWriter(_Stdin(self), _LARGEST_PIECE) if stdin is not False else None
        self._streams: dict[Kind, BinaryIO] = {
            "stdout": cast(BinaryIO, io.BufferedReader(_Reader(self, "stdout"))),
            "stderr": cast(BinaryIO, io.BufferedReader(_Reader(self, "stderr"))),
        }
        self._aborted: LikerError | None = None
        self._over = False
        self._status: process_pb2.ExitStatus | None = None
        self._error: BaseException | None = None
        self._late: threading.Timer | None = None
        threading.Thread(target=self._run, daemon=True).start()
        self._until(lambda: self._ready is not None or self._over)
        if self._error is not None:
            raise self._error
        if not isinstance(stdin, bool):
            threading.Thread(target=self._feed, args=[stdin], daemon=True).start()

    @property
    def pid(self) -> int:
        """Its id on the host; 0 if it could not be started."""
        return self._ready.pid if self._ready else 0

    @property
    def stdin(self) -> BinaryIO:
        """What it reads, buffered: flush() it. close() ends its input. Only with stdin=True."""
        if self._stdin is None:
            raise LikerError("NO_STDIN", "Cannot write to a process without stdin: start it with stdin=True")
        return cast(BinaryIO, self._stdin)

    @property
    def stdout(self) -> BinaryIO:
        """What it writes to stdout; with a terminal, all that it writes."""
        self._asked.add("stdout")
        return self._streams["stdout"]

    @property
    def stderr(self) -> BinaryIO:
        """What it writes to stderr."""
        self._asked.add("stderr")
        return self._streams["stderr"]

    def wait(self, timeout: float | None = None) -> process_pb2.ExitStatus:
        """How it ended. Output of a stream that nobody has asked for by then is dropped.

        A command that cannot be executed has ended with 126 or 127, and start_error says why. After the timeout it
        raises TIMED_OUT, and the process goes on.
        """
        self._drop([kind for kind in self._parts if kind not in self._asked])
        if not self._until(lambda: self._over, timeout):
            raise LikerError("TIMED_OUT", f"The process did not end within {timeout} s")
        return self._end()

    def output(self) -> Output:
        """Reads all that it writes until it ends."""
        pieces: dict[str, list[bytes]] = {"stdout": [], "stderr": [], "exit": []}
        for part in self:
            pieces[part.kind].append(part.data)
        return Output(b"".join(pieces["stdout"]), b"".join(pieces["stderr"]), self._end())

    def __iter__(self) -> Iterator[OutputPart]:
        """All that it writes, in the order of its coming, and last its exit status. What is left unread is dropped."""
        self._asked.update(("stdout", "stderr"))
        try:
            while True:
                self._until(lambda: any(self._parts.values()) or self._over)
                with self._changed:
                    kinds = [kind for kind, parts in self._parts.items() if parts]
                    first = min(kinds, key=lambda kind: self._parts[kind][0][0]) if kinds else None
                    data = self._pop(first) if first else b""
                if first is None:
                    break
                yield OutputPart(first, data)
            yield OutputPart("exit", status=self._end())
        finally:
            self._drop({"stdout", "stderr"})

    def kill(self, signal: str = "SIGTERM") -> bool:
        """Sends it a signal, with a terminal to the processes in its foreground. False if it has ended, or while likerd is away."""
        return self._send(signal=sessions.SessionSignal(signal=signal))

    def resize(self, columns: int, rows: int) -> None:
        """Changes the size of its terminal."""
        self._size = process_pb2.TerminalSize(columns=columns, rows=rows)
        self._send(resize=self._size)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._abort(LikerError("CANCELLED", "The process was killed as its scope ended"))
        self._until(lambda: self._over)

    # The session, in a thread of its own.

    def _run(self) -> None:
        try:
            self._status = self._until_end()
        except BaseException as error:  # raised where the process is waited for
            self._error = error
        if self._late:
            self._late.cancel()
        with self._changed:
            self._over = True
            self._connected = False
            self._changed.notify_all()
        self._out.put(None)

    def _until_end(self) -> process_pb2.ExitStatus:
        losses = Losses()
        while True:
            try:
                return self._converse()
            except grpc.RpcError as failed:
                if self._ready is not None:
                    losses = Losses(ENDLESSLY)
                if self._aborted is not None:
                    raise self._aborted from failed
                try:
                    self._engine.come_back(failed, losses, lambda: self._aborted is not None)
                except LikerError as error:
                    status = self._last_status() if self._aborted is None else None
                    if status is None:
                        raise self._aborted or error
                    return status

    def _converse(self) -> process_pb2.ExitStatus:
        """One stream to its end: the first one, or one that goes on where the last was lost."""
        self._out = out = queue.SimpleQueue[Any]()
        method, request, start = self._method, self._request, self._start
        if self._ready is not None:
            method, request = self._engine.sessions.Attach, sessions.AttachRequest
            start = sessions.AttachStart(
                container=self._ready.container_id,
                process_id=self._ready.process_id,
                resume=sessions.SessionResume(
                    session_id=self._ready.session_id,
                    stdout_offset=self._offsets["stdout"],
                    stderr_offset=self._offsets["stderr"],
                ),
            )
        self._input = request
        start.confirms_output = True
        out.put(request(start=start))
        self._call = call = method(iter(out.get, None))
        if self._aborted is not None:
            call.cancel()
        status = None
        try:
            for response in call:
                status = self._take(response.output) or status
                if status is not None:
                    # The stream ends when what the process held is released.
                    out.put(None)
        except grpc.RpcError:
            if status is None:
                raise
        finally:
            self._connected = False
            out.put(None)
        if status is None:
            raise LikerError("DAEMON_UNREACHABLE", "The session was cut off")
        return status

    def _take(self, output: sessions.SessionOutput) -> process_pb2.ExitStatus | None:
        frame = output.WhichOneof("frame")
        if frame == "ready":
            self._on_ready(output.ready)
        elif frame == "stdout":
            self._keep("stdout", output.stdout)
        elif frame == "stderr":
            self._keep("stderr", output.stderr)
        elif frame == "stdin_ack":
            self._on_ack(output.stdin_ack.offset)
        elif frame == "warning":
            self.warnings.append(output.warning.message)
        elif frame == "output_end":
            self._send(output_taken=sessions.OutputTaken())
        elif frame == "exit":
            return output.exit
        return None

    def _on_ready(self, ready: sessions.Ready) -> None:
        self._engine.answered()
        first = self._ready is None
        if first and self._timeout is not None:
            self._late = threading.Timer(self._timeout, self._abort, [_late(self._timeout)])
            self._late.daemon = True
            self._late.start()
        if first:
            self._offsets = {"stdout": ready.stdout_offset, "stderr": ready.stderr_offset}
        self._on_ack(ready.stdin_offset)
        with self._changed:
            self._ready = ready
            self._connected = True
            for offset, data in self._unacked:
                self._put(stdin=sessions.StdinChunk(offset=offset, data=data))
            if self._stdin_closed:
                self._put(close_stdin=sessions.CloseStdin())
            if self._size is not None:
                self._put(resize=self._size)
            self._changed.notify_all()

    def _keep(self, kind: Kind, chunk: sessions.OutputChunk) -> None:
        """Bytes that have come already are left out; the process waits for its reader."""
        at = self._offsets[kind]
        if chunk.offset > at:
            self.warnings.append(f"{chunk.offset - at} bytes of {kind} are lost")
        fresh = chunk.data[max(0, at - chunk.offset) :]
        self._offsets[kind] = max(at, chunk.offset + len(chunk.data))
        with self._changed:
            if not fresh or kind in self._dropped:
                return
            self._parts[kind].append((self._count, fresh))
            self._count += 1
            self._held[kind] += len(fresh)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._held[kind] < _MOST_HELD or self._aborted is not None)

    def _on_ack(self, offset: int) -> None:
        with self._changed:
            while self._unacked and self._unacked[0][0] + len(self._unacked[0][1]) <= offset:
                self._unacked.popleft()
            self._acked = max(self._acked, offset)
            self._changed.notify_all()

    def _last_status(self) -> process_pb2.ExitStatus | None:
        """How a process ended that no longer accepts an attach; None if likerd does not know."""
        if self._ready is None:
            return None
        container, process = self._ready.container_id, self._ready.process_id
        try:
            request = sessions.ListProcessesRequest(container=container)
            for info in self._engine.call(self._engine.sessions.ListProcesses, request, 5).processes:
                if info.process_id == process and info.HasField("exit"):
                    return info.exit
            if process != "main":
                return None
            about = container_service_pb2.GetContainerRequest(container=container)
            found = self._engine.call(self._engine.containers.GetContainer, about, 5).container
            return found.exit if found.HasField("exit") else None
        except LikerError:
            return None

    # What other threads do.

    def _until(self, holds: Callable[[], bool], timeout: float | None = None) -> bool:
        with self._changed:
            return self._changed.wait_for(holds, timeout)

    def _end(self) -> process_pb2.ExitStatus:
        if self._error is not None:
            raise self._error
        return cast(process_pb2.ExitStatus, self._status)

    def _put(self, **frame: Any) -> None:
        self._out.put(self._input(input=sessions.SessionInput(**frame)))

    def _send(self, **frame: Any) -> bool:
        with self._changed:
            if self._connected:
                self._put(**frame)
            return self._connected

    def _abort(self, error: LikerError) -> None:
        """Cuts the session off: likerd kills what it belongs to."""
        with self._changed:
            if self._over or self._aborted is not None:
                return
            self._aborted = error
            self._changed.notify_all()
            call = self._call
        if call is not None:
            call.cancel()

    def _drop(self, kinds: Iterable[Kind]) -> None:
        with self._changed:
            for kind in kinds:
                self._dropped.add(kind)
                self._parts[kind].clear()
                self._held[kind] = 0
            self._changed.notify_all()

    def _pop(self, kind: Kind, most: int | None = None) -> bytes:
        count, data = self._parts[kind].popleft()
        if most is not None and len(data) > most:
            self._parts[kind].appendleft((count, data[most:]))
            data = data[:most]
        self._held[kind] -= len(data)
        self._changed.notify_all()
        return data

    def _read(self, kind: Kind, most: int) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._parts[kind]) or self._over)
            if self._parts[kind]:
                return self._pop(kind, most)
            if self._error is not None:
                raise self._error
            return b""

    def _write(self, data: bytes) -> int:
        piece = data[:_LARGEST_PIECE]
        with self._changed:
            self._changed.wait_for(lambda: self._sent - self._acked < _MOST_HELD or self._over)
            if self._over:
                raise BrokenPipeError("the process has ended")
            self._unacked.append((self._sent, piece))
            if self._connected:
                self._put(stdin=sessions.StdinChunk(offset=self._sent, data=piece))
            self._sent += len(piece)
        return len(piece)

    def _close_stdin(self) -> None:
        with self._changed:
            self._stdin_closed = True
            if self._connected:
                self._put(close_stdin=sessions.CloseStdin())

    def _feed(self, given: str | bytes | Iterable[str | bytes]) -> None:
        try:
            for piece in [given] if isinstance(given, (str, bytes)) else given:
                self.stdin.write(piece.encode() if isinstance(piece, str) else piece)
                self.stdin.flush()
            self.stdin.close()
        except Exception as error:
            # A process may end before it has read everything.
            self._abort(LikerError("CANCELLED", f"The process was killed: its input could not be read: {error}"))


def _late(timeout: float) -> LikerError:
    return LikerError("TIMED_OUT", f"The process was killed: it did not end within {timeout} s")


class _Reader(io.RawIOBase):
    def __init__(self, process: Process, kind: Kind):
        self._process = process
        self._kind = kind

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._process._read(self._kind, len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Stdin(io.RawIOBase):
    def __init__(self, process: Process):
        self._process = process

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._process._write(bytes(data))

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._process._close_stdin()

"""Waiting until a container works."""

from __future__ import annotations

import http.client
import re
import time
import urllib.request
from functools import partial
from typing import TYPE_CHECKING, Callable, Sequence

from .engine import Engine, left
from .errors import LikerError
from .v1 import container_service_pb2

if TYPE_CHECKING:
    from .container import Container

# How often is looked at what has no event: a socket, an answer, a command.
_LOOK = 0.05


def wait_for(
    engine: Engine,
    container: Container,
    log: str | None,
    port: int | None,
    url: str | None,
    exec: Sequence[str] | None,
    health: bool,
    timeout: float | None,
) -> None:
    """Container.wait_for."""
    deadline = None if timeout is None else time.monotonic() + timeout
    try:
        if log is not None:
            _logged(container, re.compile(log), deadline)
        if port is not None:
            pid = container.inspect().pid
            _repeat(engine, container, partial(_is_listening, pid, port), deadline)
        if url is not None:
            _repeat(engine, container, partial(_answers, url, deadline), deadline)
        if exec is not None:
            _repeat(engine, container, partial(_succeeds, container, exec, deadline), deadline)
        if health:
            request = container_service_pb2.WaitContainerRequest(
                container=container.id, condition=container_service_pb2.WAIT_CONDITION_HEALTHY
            )
            engine.call(engine.containers.WaitContainer, request, left(deadline))
    except LikerError as error:
        if error.reason != "TIMED_OUT":
            raise
        text = f"Container '{container.name}' was not ready within {timeout} s"
        raise LikerError("TIMED_OUT", text) from error


def _ended(container: Container) -> LikerError:
    code = container.inspect().exit.code
    return LikerError("WRONG_STATE", f"Container '{container.name}' ended with {code} before it was ready")


def _logged(container: Container, wanted: re.Pattern[str], deadline: float | None) -> None:
    """The log is followed: a long line comes in parts."""
    lines: dict[int, str] = {}
    for entry in container.logs(follow=True, timeout=left(deadline)):
        line = lines.get(entry.stream, "") + entry.data.decode(errors="replace")
        if wanted.search(line):
            return
        lines[entry.stream] = "" if line.endswith("\n") else line
    raise _ended(container)


def _is_listening(pid: int, port: int) -> bool:
    """State 0A of proc_pid_net(5) is LISTEN; the address is IP:PORT in hexadecimal digits."""
    for name in ("tcp", "tcp6"):
        try:
            with open(f"/proc/{pid}/net/{name}", encoding="ascii") as table:
                rows = [line.split() for line in table]
        except OSError:
            continue
        if any(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows):
            return True
    return False


def _answers(url: str, deadline: float | None) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=left(deadline)):
            return True
    except (OSError, http.client.HTTPException):
        return False


def _succeeds(container: Container, args: Sequence[str], deadline: float | None) -> bool:
    return container.exec(args, timeout=left(deadline)).wait().code == 0


def _repeat(engine: Engine, container: Container, holds: Callable[[], bool], deadline: float | None) -> None:
    """Until it holds, or the container has ended."""
    request = container_service_pb2.WaitContainerRequest(
        container=container.id, condition=container_service_pb2.WAIT_CONDITION_NOT_RUNNING
    )
    end = engine.containers.WaitContainer.future(request)
    try:
        while not holds():
            if left(deadline) == 0:
                raise LikerError("TIMED_OUT", "It was looked at in vain")
            time.sleep(_LOOK)
            if not end.done():
                continue
            if end.exception() is None:
                raise _ended(container)
            # likerd was lost, or the container is gone: then this raises.
            container.inspect()
            end = engine.containers.WaitContainer.future(request)
    finally:
        end.cancel()

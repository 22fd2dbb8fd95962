"""A container."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Iterator, Mapping, Sequence

from .engine import Engine
from .errors import LikerError
from .files import Files
from .options import Egress, egress_policy, env_list, Limits, resources
from .process import Input, Process
from .times import timestamp
from .v1 import container_pb2, container_service_pb2, log_service_pb2, process_pb2, session_service_pb2
from .v1 import stats_service_pb2
from .waiting import wait_for


class Container:
    """A container. At the end of a `with` block it is removed, whatever it does then."""

    def __init__(self, engine: Engine, info: container_pb2.Container, warnings: Sequence[str] = ()):
        self.id: str = info.id
        self.name: str = info.spec.name
        """When this handle was made."""
        self.warnings = list(warnings)
        """What is not done of what was asked, such as limits that this machine does not have."""
        self.files = Files(engine, info.id)
        """Its files."""
        self._engine = engine

    def exec(
        self,
        args: Sequence[str],
        *,
        stdin: Input = False,
        tty: bool | tuple[int, int] = False,
        timeout: float | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str = "",
        user: str = "",
    ) -> Process:
        """Starts a process in the container. It is killed when it is late, or left behind by this program.

        stdin: a text, bytes, or an iterable of them, such as a file; True: what is written to Process.stdin.
        tty: True, or (columns, rows). timeout: seconds after its start, when it is killed.
        """
        spec = process_pb2.ProcessSpec(args=args, env=env_list(env), cwd=cwd, user=user)
        spec.tty = tty is not False
        spec.open_stdin = stdin is not False
        if isinstance(tty, tuple):
            spec.terminal_size.columns, spec.terminal_size.rows = tty
        start = session_service_pb2.ExecStart(
            container=self.id,
            process=spec,
            on_disconnect=process_pb2.ON_DISCONNECT_KILL,
            request_id=_request_id(),
        )
        request = session_service_pb2.ExecRequest
        return Process(self._engine, self._engine.sessions.Exec, request, start, stdin, timeout)

    def attach(self) -> Process:
        """Connects to the main process: what it has written lately, and what comes. Leaving it does nothing to the process."""
        start = session_service_pb2.AttachStart(container=self.id)
        stdin = self.inspect().spec.process.open_stdin
        request = session_service_pb2.AttachRequest
        return Process(self._engine, self._engine.sessions.Attach, request, start, stdin, None)

    def start(self) -> None:
        """Starts the main process."""
        request = container_service_pb2.StartContainerRequest(container=self.id, request_id=_request_id())
        self._engine.call(self._engine.containers.StartContainer, request)

    def stop(self, timeout_seconds: int | None = None, signal: str = "") -> None:
        """Asks the main process to stop, and kills it if it does not. Default: after the container's own time."""
        request = container_service_pb2.StopContainerRequest(
            container=self.id, signal=signal, timeout_seconds=timeout_seconds, request_id=_request_id()
        )
        self._engine.call(self._engine.containers.StopContainer, request)

    def restart(self) -> None:
        """Stops it if it runs, and starts it."""
        request = container_service_pb2.RestartContainerRequest(container=self.id, request_id=_request_id())
        self._engine.call(self._engine.containers.RestartContainer, request)

    def kill(self, signal: str = "SIGKILL") -> None:
        """Sends a signal to the main process."""
        request = container_service_pb2.KillContainerRequest(
            container=self.id, signal=signal, request_id=_request_id()
        )
        self._engine.call(self._engine.containers.KillContainer, request)

    def pause(self) -> None:
        """Freezes its processes."""
        request = container_service_pb2.PauseContainerRequest(container=self.id)
        self._engine.call(self._engine.containers.PauseContainer, request)

    def resume(self) -> None:
        """Lets its processes go on."""
        request = container_service_pb2.ResumeContainerRequest(container=self.id)
        self._engine.call(self._engine.containers.ResumeContainer, request)

    def update(self, limits: Limits | None = None, egress: Egress | None = None) -> None:
        """Changes limits, and what it may reach, at once."""
        request = container_service_pb2.UpdateContainerRequest(container=self.id)
        if limits is not None:
            request.resources.CopyFrom(resources(limits))
        if egress is not None:
            request.egress.CopyFrom(egress_policy(egress))
        self._engine.call(self._engine.containers.UpdateContainer, request)

    def remove(self) -> None:
        """Kills it if it runs, and removes it with its anonymous volumes."""
        request = container_service_pb2.RemoveContainerRequest(
            container=self.id, force=True, volumes=True, request_id=_request_id()
        )
        self._engine.call(self._engine.containers.RemoveContainer, request)

    def inspect(self) -> container_pb2.Container:
        """All that likerd knows of it."""
        request = container_service_pb2.GetContainerRequest(container=self.id)
        return self._engine.call(self._engine.containers.GetContainer, request).container

    def address(self, port: int) -> tuple[str, int]:
        """Where a published port is reached from the host: (host, port)."""
        for found in self.inspect().ports:
            if found.container_port == port:
                return found.host_address, found.host_port
        raise LikerError("BAD_ARGUMENT", f"Container '{self.name}' does not publish its port {port}")

    def wait(self, timeout: float | None = None) -> process_pb2.ExitStatus:
        """Returns when its main process has ended: how it has."""
        request = container_service_pb2.WaitContainerRequest(
            container=self.id, condition=container_service_pb2.WAIT_CONDITION_NOT_RUNNING
        )
        return self._engine.call(self._engine.containers.WaitContainer, request, timeout).exit

    def wait_for(
        self,
        *,
        log: str | None = None,
        port: int | None = None,
        http: str | None = None,
        exec: Sequence[str] | None = None,
        health: bool = False,
        timeout: float | None = None,
    ) -> None:
        """Returns when all of the conditions have held.

        log: a line of the log in which this regular expression is found. port: something listens at this TCP port in the
        container. http: an answer without an error to a request of this program. exec: a command that exits with 0.
        health: its health check says healthy. Raises WRONG_STATE when the container ends before, and TIMED_OUT.
        """
        wait_for(self._engine, self, log, port, http, exec, health, timeout)

    def stats(self, interval: float = 1.0) -> Iterator[stats_service_pb2.ContainerStats]:
        """What it uses, at once and then at each interval in seconds, until it is removed."""
        request = stats_service_pb2.StreamStatsRequest(containers=[self.id])
        request.interval.FromMicroseconds(int(interval * 1e6))
        for answer in self._engine.stream(self._engine.stats.StreamStats, lambda: request, follows=True):
            yield from answer.snapshot.containers

    def logs(
        self,
        follow: bool = False,
        tail: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        timeout: float | None = None,
    ) -> Iterator[log_service_pb2.LogEntry]:
        """The entries of its log: lines, or parts of long ones."""
        request = log_service_pb2.ReadLogsRequest(
            container=self.id,
            follow=follow,
            tail=tail,
            since=timestamp(since) if since else None,
            until=timestamp(until) if until else None,
        )
        for answer in self._engine.stream(self._engine.logs.ReadLogs, lambda: request, follow, timeout=timeout):
            yield from answer.entries
            request.cursor = answer.cursor

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.remove()
        except LikerError as error:
            if error.reason != "CONTAINER_NOT_FOUND":
                raise


def _request_id() -> str:
    """A new id for a call that changes something, with which it can be repeated."""
    return str(uuid.uuid4())

"""The calls to one likerd, repeated when it was lost."""

from __future__ import annotations

import time
from typing import Any, Callable, Iterable, Iterator

import grpc

from .errors import from_rpc, is_loss, LikerError, never_connected
from .v1 import (
    container_service_pb2_grpc,
    event_service_pb2_grpc,
    file_service_pb2_grpc,
    image_service_pb2_grpc,
    lease_service_pb2_grpc,
    log_service_pb2_grpc,
    network_service_pb2_grpc,
    session_service_pb2_grpc,
    stats_service_pb2_grpc,
    system_service_pb2_grpc,
    volume_service_pb2_grpc,
)

ENDLESSLY = float("inf")
PATIENCE = 30.0
# A short call that was lost more often than this may itself crash likerd.
_MOST_LOSSES = 3
# The first connection after a loss may be one that is about to break, too.
_PAUSE = 0.05
_LOOK = 0.5

_OPTIONS = [
    # By default it is the socket's path, which HTTP/2 does not allow there.
    ("grpc.default_authority", "localhost"),
    ("grpc.max_receive_message_length", -1),
    # What gRPC has received and nobody has read is dropped when the connection is lost: it must be in what likerd keeps for a resume.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", 32 * 1024),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
]


class Losses:
    """The losses of one call so far, and how long it waits for likerd."""

    def __init__(self, patience: float = PATIENCE):
        self.patience = patience
        self.until = 0.0
        self.count = 0


class Engine:
    """A channel with a stub of each service."""

    def __init__(self, socket: str):
        self.socket = socket
        self.channel = channel = grpc.insecure_channel(f"unix:{socket}", options=_OPTIONS)
        self.containers = container_service_pb2_grpc.ContainerServiceStub(channel)
        self.events = event_service_pb2_grpc.EventServiceStub(channel)
        self.files = file_service_pb2_grpc.FileServiceStub(channel)
        self.images = image_service_pb2_grpc.ImageServiceStub(channel)
        self.leases = lease_service_pb2_grpc.LeaseServiceStub(channel)
        self.logs = log_service_pb2_grpc.LogServiceStub(channel)
        self.networks = network_service_pb2_grpc.NetworkServiceStub(channel)
        self.sessions = session_service_pb2_grpc.SessionServiceStub(channel)
        self.stats = stats_service_pb2_grpc.StatsServiceStub(channel)
        self.system = system_service_pb2_grpc.SystemServiceStub(channel)
        self.volumes = volume_service_pb2_grpc.VolumeServiceStub(channel)
        # Gives the id of the lease with which things are made; empty: none.
        self.lease_id: Callable[[], str] = lambda: ""
        self._closed = False
        self._met = False

    def call(self, method: Callable[..., Any], request: Any, timeout: float | None = None) -> Any:
        """Calls a unary method. A request that changes something has a request_id, or is idempotent."""
        deadline = None if timeout is None else time.monotonic() + timeout
        losses = Losses()
        while True:
            self._check_open()
            try:
                answer = method(request, timeout=left(deadline))
                self.answered()
                return answer
            except grpc.RpcError as failed:
                self.come_back(failed, losses)

    def stream(
        self,
        method: Callable[..., Any],
        request: Callable[[], Any],
        follows: bool = False,
        again: str = "",
        timeout: float | None = None,
    ) -> Iterator[Any]:
        """The messages of a server stream. `request` is called again after a loss and says where to go on.

        One that follows waits without end for a lost likerd. One that cannot be continued says by `again` what to do.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        losses = Losses(ENDLESSLY if follows else PATIENCE)
        begun = False
        while True:
            self._check_open()
            call = method(request(), timeout=left(deadline))
            try:
                for message in call:
                    self.answered()
                    begun = True
                    yield message
                return
            except grpc.RpcError as failed:
                if begun and again and is_loss(failed, from_rpc(failed, self.socket)):
                    raise LikerError("DAEMON_UNREACHABLE", f"likerd ended in the middle of it; {again}") from failed
                self.come_back(failed, losses)
            finally:
                call.cancel()

    def send(
        self,
        method: Callable[..., Any],
        requests: Iterable[Any],
        on_answer: Callable[[Any], object] = lambda answer: None,
    ) -> None:
        """Sends requests as fast as likerd takes them; returns when it has taken all. They are not sent again."""
        self._check_open()
        unreadable: list[Exception] = []

        def read() -> Iterator[Any]:
            try:
                yield from requests
            except Exception as error:
                unreadable.append(error)
                call.cancel()

        try:
            call = method(read())
            for answer in call:
                on_answer(answer)
        except grpc.RpcError as failed:
            raise unreadable[0] if unreadable else from_rpc(failed, self.socket) from failed

    def answered(self) -> None:
        """Records that likerd has answered."""
        self._met = True

    def come_back(self, failed: grpc.RpcError, losses: Losses, is_over: Callable[[], bool] = lambda: False) -> None:
        """Returns when a lost call can be repeated. Raises its error if it is no loss, or no likerd comes back in time."""
        error = from_rpc(failed, self.socket)
        reached_nobody = never_connected(failed)
        if self._closed or not is_loss(failed, error) or reached_nobody and not self._met:
            raise error from failed
        now = time.monotonic()
        if losses.count == 0 or not reached_nobody:
            losses.count += 1
            losses.until = now + losses.patience
        if losses.count > _MOST_LOSSES and losses.patience != ENDLESSLY:
            raise error from failed
        time.sleep(_PAUSE)
        ready = grpc.channel_ready_future(self.channel)
        try:
            while not self._closed and not is_over() and time.monotonic() < losses.until:
                try:
                    ready.result(timeout=_LOOK)
                    return
                except grpc.FutureTimeoutError:
                    continue
        finally:
            ready.cancel()
        raise error from failed

    def _check_open(self) -> None:
        if self._closed:
            raise LikerError("CANCELLED", "Cannot call likerd: this Liker was closed")

    def close(self) -> None:
        """Ends its calls, which are not repeated."""
        self._closed = True
        self.channel.close()


def left(deadline: float | None) -> float | None:
    """Seconds until a time of the monotonic clock."""
    return None if deadline is None else max(0.0, deadline - time.monotonic())

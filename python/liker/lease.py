"""The lease of a program: likerd sees by a call that the program lives."""

from __future__ import annotations

import threading

from .engine import Engine
from .errors import LikerError
from .v1 import lease_service_pb2


class Lease:
    """Held by a thread from the first use on."""

    def __init__(self, engine: Engine, ttl: float | None):
        self._engine = engine
        self._ttl_ms = 0 if ttl is None else max(1, int(ttl * 1000))
        self._lock = threading.Lock()
        self._held: _Held | None = None

    def id(self) -> str:
        """The id, under which things are made. A lease that is over is followed by another."""
        with self._lock:
            if self._held is None or self._held.over:
                self._held = _Held(self._engine, self._ttl_ms)
            held = self._held
        held.known.wait()
        if held.error is not None:
            raise held.error
        return held.id

    def remove(self) -> None:
        """Removes all that was made; returns when it is gone."""
        if self._held is not None and self._held.id:
            request = lease_service_pb2.RemoveLeaseRequest(lease_id=self._held.id)
            self._engine.call(self._engine.leases.RemoveLease, request)


class _Held:
    def __init__(self, engine: Engine, ttl_ms: int):
        self.id = ""
        self.error: LikerError | None = None
        self.known = threading.Event()
        self.over = False
        threading.Thread(target=self._hold, args=[engine, ttl_ms], daemon=True).start()

    def _hold(self, engine: Engine, ttl_ms: int) -> None:
        def request() -> lease_service_pb2.HoldLeaseRequest:
            return lease_service_pb2.HoldLeaseRequest(lease_id=self.id, ttl_ms=ttl_ms)

        try:
            for answer in engine.stream(engine.leases.HoldLease, request, follows=True):
                self.id = answer.lease.id
                self.known.set()
        except LikerError as error:
            self.error = error
        self.over = True
        self.known.set()

"""A likerd."""

from __future__ import annotations

import os
import re
import stat
from datetime import datetime, timezone
from typing import Iterator, Mapping

from .containers import Containers
from .engine import Engine
from .errors import LikerError
from .images import Images
from .lease import Lease
from .networks import Networks
from .times import timestamp
from .v1 import event_service_pb2, system_service_pb2
from .volumes import Volumes

_ROOTS = "/run/liker/liker.sock"
_LONGEST_PATH = 107


class Liker:
    """A likerd. It is connected to on use, and again when it was lost. A connection does not keep the program alive."""

    def __init__(self, host: str | None = None, *, lease: bool | float = False):
        """host: the socket, such as unix:///run/liker/liker.sock. Default: LIKER_HOST, and without it as likerctl.

        lease: what is made through this handle is removed within two seconds of the end of the program, however it ends,
        and at the end of a `with` block; with a number also after so many seconds.
        """
        self._engine = Engine(_socket(host))
        self._lease = None if lease is False else Lease(self._engine, None if lease is True else lease)
        if self._lease is not None:
            self._engine.lease_id = self._lease.id
        self.images = Images(self._engine)
        self.containers = Containers(self._engine, self.images)
        self.volumes = Volumes(self._engine)
        self.networks = Networks(self._engine)

    def events(
        self,
        since: datetime | int | None = None,
        until: datetime | None = None,
        filters: Mapping[str, str] | None = None,
    ) -> Iterator[event_service_pb2.Event]:
        """What happens to containers, images, volumes and networks. None is missing or comes twice, whatever happens to likerd.

        since: a time, or the number (seq) of an event, after which they come. Default: only what happens after this call.
        filters: as of `likerctl events --filter`, such as {"type": "container", "event": "die"}.
        """
        request = event_service_pb2.SubscribeRequest(until=timestamp(until) if until else None)
        request.follow = until is None or until.astimezone(timezone.utc) > datetime.now(timezone.utc)
        for key, value in (filters or {}).items():
            request.filters.add(key=key, value=value)
        if isinstance(since, datetime):
            request.since.CopyFrom(timestamp(since))
        elif since is not None:
            request.since_seq = since
        else:
            last = self._engine.call(self._engine.events.GetLastSeq, event_service_pb2.GetLastSeqRequest())
            request.since_seq, request.store_id = last.last_seq, last.store_id
        return self._events(request)

    def version(self) -> str:
        """The version of likerd."""
        return self._engine.call(self._engine.system.GetVersion, system_service_pb2.GetVersionRequest()).version

    def close(self) -> None:
        """Ends the connection, and with it a lease. Not needed for the program to end."""
        self._engine.close()

    def __enter__(self) -> Liker:
        return self

    def __exit__(self, *_: object) -> None:
        """Removes what was made with a lease, and closes."""
        try:
            if self._lease is not None:
                self._lease.remove()
        finally:
            self.close()

    def _events(self, request: event_service_pb2.SubscribeRequest) -> Iterator[event_service_pb2.Event]:
        for answer in self._engine.stream(self._engine.events.Subscribe, lambda: request, follows=request.follow):
            request.ClearField("since")
            request.since_seq, request.store_id = answer.event.seq, answer.event.store_id
            yield answer.event


def _socket(host: str | None) -> str:
    """The absolute path of the socket of a host, by default that which likerctl takes."""
    given = host or os.environ.get("LIKER_HOST") or _default_host()
    found = re.fullmatch(r"(?:unix:(?://)?)?([/.].+)", given, re.DOTALL)
    if found is None:
        raise LikerError("BAD_ARGUMENT", f"Cannot use the host '{given}': give a Unix socket as unix:///PATH")
    path = os.path.abspath(found[1])
    if len(os.fsencode(path)) > _LONGEST_PATH:
        text = f"Cannot use the socket '{path}': its path is longer than {_LONGEST_PATH} bytes"
        raise LikerError("BAD_ARGUMENT", text)
    return path


def _default_host() -> str:
    """The likerd with this LIKER_RUN, or root's; an ordinary user's own, unless it was never started and he may use root's."""
    if os.environ.get("LIKER_RUN"):
        return f"unix:{os.path.join(os.environ['LIKER_RUN'], 'liker.sock')}"
    if os.getuid() == 0:
        return _ROOTS
    own = os.path.join(_user_run_folder(), "liker.sock")
    return _ROOTS if not os.path.exists(own) and os.access(_ROOTS, os.W_OK) else own


def _user_run_folder() -> str:
    """As likerctl finds it: a runtime folder of another user, such as su leaves in the environment, does not count."""
    for folder in (os.environ.get("XDG_RUNTIME_DIR", ""), f"/run/user/{os.getuid()}"):
        if folder.startswith("/") and _is_own_folder(folder):
            return os.path.join(folder, "liker")
    data = os.environ.get("XDG_DATA_HOME", "")
    return os.path.join(data if data.startswith("/") else os.path.expanduser("~/.local/share"), "liker/run")


def _is_own_folder(path: str) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()

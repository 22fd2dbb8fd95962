"""Errors by reason."""

from __future__ import annotations

import re

import grpc

from .rpc import error_details_pb2, status_pb2

_LOSSES = ("DAEMON_UNREACHABLE", "SHUTTING_DOWN", "CANCELLED")
_REASONS = {
    grpc.StatusCode.UNAVAILABLE: "DAEMON_UNREACHABLE",
    grpc.StatusCode.CANCELLED: "CANCELLED",
    grpc.StatusCode.DEADLINE_EXCEEDED: "TIMED_OUT",
}

# What likerd advises in commands of likerctl, and what a program does instead. Other commands have no call here, and stay.
_ADVICE = (
    (r"'likerctl ps -a'", "containers.list(all=True)"),
    (r"'likerctl volume ls'", "volumes.list()"),
    (r"'likerctl network ls'", "networks.list()"),
    (r"'likerctl network rm (\S+)'", r"networks.remove('\1')"),
    (r"likerctl images", "images.list()"),
    (r"likerctl pull", "images.pull()"),
    (r"likerctl tag IMAGE (\S+)", r"images.tag(image, '\1')"),
    (r"likerctl load", "images.load()"),
    (r"likerctl import", "images.import_()"),
    (r"'?likerctl login( [\w.:[\]-]+)?'?", "the argument 'credentials'"),
)


class LikerError(Exception):
    """What a call failed with. Programs branch on `reason`, one of docs/errors.md, never on the text."""

    def __init__(self, reason: str, message: str, metadata: dict[str, str] | None = None):
        super().__init__(message)
        self.reason = reason
        self.metadata = metadata or {}

    @property
    def code(self) -> str | None:
        """The kernel's name of an error of files, such as ENOENT."""
        return self.metadata.get("errno")


def from_rpc(failed: grpc.RpcError, socket: str) -> LikerError:
    """The error that likerd answered, or one that says why there is no answer."""
    for key, value in failed.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        for detail in status_pb2.Status.FromString(value).details:
            if detail.type_url.endswith("/google.rpc.ErrorInfo"):
                info = error_details_pb2.ErrorInfo.FromString(detail.value)
                return LikerError(info.reason, _in_calls(failed.details() or ""), dict(info.metadata))
    reason = _REASONS.get(failed.code(), "INTERNAL")
    text = failed.details() or failed.code().name
    if reason == "DAEMON_UNREACHABLE":
        text = f"Cannot reach likerd at unix://{socket}: {text}"
    return LikerError(reason, text)


def _in_calls(message: str) -> str:
    """A message of likerd in the words of the library."""
    for command, call in _ADVICE:
        message = re.sub(command, call, message)
    return message


def is_loss(failed: grpc.RpcError, error: LikerError) -> bool:
    """The connection broke, or likerd is shutting down: the request itself is not at fault."""
    return error.reason in _LOSSES or "RST_STREAM" in (failed.details() or "")


def never_connected(failed: grpc.RpcError) -> bool:
    """The call reached no likerd: nothing was done."""
    return "failed to connect" in (failed.details() or "")

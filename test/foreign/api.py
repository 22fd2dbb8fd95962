"""The channel, a stub of each service, and short forms of the calls that the checks make."""

import grpc

from session import Session
from stubs import (
    container,
    containers,
    containers_grpc,
    error,
    error_details_pb2,
    events_grpc,
    logs_grpc,
    process,
    sessions,
    sessions_grpc,
    status_pb2,
    system_grpc,
)

DEADLINE = 20


class Liker:
    def __init__(self, socket: str, rootfs: str):
        self.socket = socket
        self.rootfs = rootfs
        self.channel = grpc.insecure_channel(
            f"unix:{socket}", options=[("grpc.default_authority", "localhost")]
        )
        self.containers = containers_grpc.ContainerServiceStub(self.channel)
        self.sessions = sessions_grpc.SessionServiceStub(self.channel)
        self.events = events_grpc.EventServiceStub(self.channel)
        self.logs = logs_grpc.LogServiceStub(self.channel)
        self.system = system_grpc.SystemServiceStub(self.channel)

    def spec(self, args, name="", auto_remove=False, **spec):
        return container.ContainerSpec(
            name=name,
            rootfs=container.Rootfs(directory=self.rootfs),
            process=process.ProcessSpec(args=args, **spec),
            auto_remove=auto_remove,
        )

    def run(self, args, request_id="", **spec) -> Session:
        start = sessions.RunStart(spec=self.spec(args, **spec), request_id=request_id)
        return Session(self.sessions.Run, sessions.RunRequest, start)

    def exec(self, name, args, **spec) -> Session:
        start = sessions.ExecStart(container=name, process=process.ProcessSpec(args=args, **spec))
        return Session(self.sessions.Exec, sessions.ExecRequest, start)

    def attach(self, name, **start) -> Session:
        return Session(
            self.sessions.Attach, sessions.AttachRequest, sessions.AttachStart(container=name, **start)
        )

    def started(self, name, args, **spec):
        """A container that runs in the background."""
        self.containers.CreateContainer(
            containers.CreateContainerRequest(spec=self.spec(args, name=name, **spec)), timeout=DEADLINE
        )
        request = containers.StartContainerRequest(container=name)
        return self.containers.StartContainer(request, timeout=DEADLINE).container

    def get(self, name):
        request = containers.GetContainerRequest(container=name)
        return self.containers.GetContainer(request, timeout=DEADLINE).container

    def remove(self, name):
        request = containers.RemoveContainerRequest(container=name, force=True)
        self.containers.RemoveContainer(request, timeout=DEADLINE)

    def remove_all(self):
        request = containers.ListContainersRequest(all=True)
        for each in self.containers.ListContainers(request, timeout=DEADLINE).containers:
            self.remove(each.id)


class Failure:
    """A failed call with its google.rpc.Status unpacked."""

    def __init__(self, failed: grpc.RpcError):
        self.code = failed.code()
        self.text = failed.details()
        self.info = error_details_pb2.ErrorInfo()
        self.bad_request = error_details_pb2.BadRequest()
        self.syscall = error.SyscallError()
        trailers = dict(failed.trailing_metadata() or ())
        self.status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
        for detail in self.status.details:
            for into in (self.info, self.bad_request, self.syscall):
                if detail.Is(into.DESCRIPTOR):
                    detail.Unpack(into)


def failure(call) -> Failure:
    """What `call` fails with; that it does not fail is a failure of the check."""
    try:
        answer = call()
    except grpc.RpcError as failed:
        return Failure(failed)
    raise AssertionError(f"it succeeded: {answer}")

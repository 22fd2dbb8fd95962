"""What a container is to be: the words of the library, as messages of the API."""

from __future__ import annotations

import re
from typing import Iterable, Literal, Mapping, Sequence, TypedDict, Union

from .errors import LikerError
from .v1 import container_pb2, health_pb2, resources_pb2


class Limits(TypedDict, total=False):
    """What a container may use."""

    memory: int | str
    """Bytes, or a text such as 64m."""
    cpus: float
    pids: int
    """Processes and threads."""


Egress = Union[Literal["all", "none"], Sequence[str]]
"""What a container may reach: everything, nothing, or what fits one of these rules, such as example.org:443."""


class ContainerMount(TypedDict, total=False):
    """A volume by its name, a file or folder of the host (`bind`), or a folder in memory, at a place in the container."""

    target: str
    volume: str
    bind: str
    tmpfs: bool
    read_only: bool


class ContainerPort(TypedDict, total=False):
    """A port of the container that is published; without a port of the host, at one that is free."""

    port: int
    host_port: int
    host_address: str
    protocol: Literal["tcp", "udp", "sctp"]


class ContainerOptions(TypedDict, total=False):
    """What a container is to be. Either `image` or `directory` is required."""

    image: str
    """Name of an image, which is pulled if it is not here."""
    directory: str
    """A directory of the host that is its root; what it changes goes to a layer of its own."""
    cmd: Sequence[str]
    entrypoint: Sequence[str]
    env: Mapping[str, str]
    cwd: str
    user: str
    name: str
    hostname: str
    labels: Mapping[str, str]
    limits: Limits
    egress: Egress
    network: str | Sequence[str]
    """none, host, or names of networks."""
    ports: Sequence[int | ContainerPort]
    mounts: Sequence[ContainerMount]
    read_only: bool
    health_check: health_pb2.HealthCheck
    tty: bool
    stdin: bool
    """Its main process can be written to: see Container.attach."""
    auto_remove: bool
    never_pull: bool
    spec: container_pb2.ContainerSpec
    """Fields of the API that have no word here; they are added to what the words say."""


_MODES = ("none", "host")
_UNITS = "bkmgtp"


def container_spec(options: ContainerOptions) -> container_pb2.ContainerSpec:
    """The spec of the API."""
    unknown = sorted(options.keys() - ContainerOptions.__annotations__.keys())
    if unknown:
        raise TypeError(f"a container has no option '{unknown[0]}'")
    if ("image" in options) == ("directory" in options):
        raise LikerError("BAD_ARGUMENT", "Cannot make a container: give either 'image' or 'directory'")
    spec = container_pb2.ContainerSpec(
        name=options.get("name", ""),
        hostname=options.get("hostname", ""),
        rootfs=container_pb2.Rootfs(image=options.get("image", ""), directory=options.get("directory", "")),
        labels=options.get("labels", {}),
        resources=resources(options.get("limits", {})),
        read_only=options.get("read_only", False),
        health_check=options.get("health_check"),
        auto_remove=options.get("auto_remove", False),
        ports=[_published(port) for port in options.get("ports", ())],
        mounts=[_mount(mount) for mount in options.get("mounts", ())],
    )
    spec.process.args.extend(options.get("cmd", ()))
    spec.process.env.extend(env_list(options.get("env")))
    spec.process.cwd = options.get("cwd", "")
    spec.process.user = options.get("user", "")
    spec.process.tty = options.get("tty", False)
    spec.process.open_stdin = options.get("stdin", False)
    if "entrypoint" in options:
        spec.entrypoint.CopyFrom(container_pb2.Entrypoint(args=options["entrypoint"]))
    if "egress" in options:
        spec.egress.CopyFrom(egress_policy(options["egress"]))
    network = options.get("network", ())
    if isinstance(network, str) and network in _MODES:
        spec.namespaces.network = network
    else:
        for name in [network] if isinstance(network, str) else network:
            spec.networks.add(network=name)
    if "spec" in options:
        spec.MergeFrom(options["spec"])
    return spec


def env_list(env: Mapping[str, str] | None) -> Iterable[str]:
    """The variables as NAME=VALUE."""
    return [f"{name}={value}" for name, value in (env or {}).items()]


def resources(limits: Limits) -> resources_pb2.Resources:
    """The limits of the API."""
    found = resources_pb2.Resources()
    if "memory" in limits:
        memory = limits["memory"]
        found.memory.max_bytes = memory if isinstance(memory, int) else _bytes(memory)
    if "cpus" in limits:
        found.cpu.period_us = 100_000
        found.cpu.quota_us = int(limits["cpus"] * 100_000)
    if "pids" in limits:
        found.pids.max = limits["pids"]
    return found


def egress_policy(egress: Egress) -> container_pb2.EgressPolicy:
    """The policy of the API."""
    policy = container_pb2.EgressPolicy
    if egress == "all":
        return policy(mode=policy.MODE_ALL)
    if egress == "none":
        return policy(mode=policy.MODE_NONE)
    return policy(mode=policy.MODE_ALLOW, rules=egress)


def _bytes(text: str) -> int:
    found = re.fullmatch(r"(\d{1,20})(?:\.(\d{1,20}))? ?([kmgtp]?)i?b?", text, re.IGNORECASE)
    if found is None:
        hint = "give a number with b, k, m, g or t, such as 64m"
        raise LikerError("BAD_ARGUMENT", f"Invalid limits.memory '{text}': {hint}")
    whole, fraction, unit = found[1], found[2] or "", found[3].lower() or "b"
    return int(whole + fraction) * 1024 ** _UNITS.index(unit) // 10 ** len(fraction)


def _published(given: int | ContainerPort) -> container_pb2.PublishedPort:
    port: ContainerPort = {"port": given} if isinstance(given, int) else given
    return container_pb2.PublishedPort(
        container_port=port["port"],
        host_port=port.get("host_port", 0),
        host_address=port.get("host_address", ""),
        protocol=port.get("protocol", "tcp"),
    )


def _mount(mount: ContainerMount) -> container_pb2.Mount:
    kinds = {
        "volume": container_pb2.Mount.TYPE_VOLUME,
        "bind": container_pb2.Mount.TYPE_BIND,
        "tmpfs": container_pb2.Mount.TYPE_TMPFS,
    }
    named = [kind for kind in kinds if kind in mount]
    if len(named) != 1:
        raise LikerError("BAD_ARGUMENT", f"Cannot mount {mount}: give one of 'volume', 'bind' and 'tmpfs'")
    source = mount.get("volume") or mount.get("bind") or ""
    return container_pb2.Mount(
        type=kinds[named[0]], source=source, target=mount["target"], read_only=mount.get("read_only", False)
    )

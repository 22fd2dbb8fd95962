"""Containers."""

from __future__ import annotations

import uuid
from typing import Any, List, Mapping, TYPE_CHECKING

from .container import Container
from .engine import Engine
from .errors import LikerError
from .images import Images
from .options import container_spec, ContainerOptions
from .v1 import container_service_pb2

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Containers:
    """The containers of a likerd."""

    def __init__(self, engine: Engine, images: Images):
        self._engine = engine
        self._images = images

    def create(self, **options: Unpack[ContainerOptions]) -> Container:
        """Makes a container that does not run yet. Pulls its image if it is not here."""
        spec = container_spec(options)
        spec.lease_id = spec.lease_id or self._engine.lease_id()
        try:
            return self._create(spec)
        except LikerError as error:
            if error.reason != "IMAGE_NOT_FOUND" or "image" not in options or options.get("never_pull"):
                raise
        self._images.pull(options["image"])
        return self._create(spec)

    def run(self, **options: Unpack[ContainerOptions]) -> Container:
        """Makes a container and starts it. It is removed again if it cannot be started."""
        container = self.create(**options)
        try:
            container.start()
        except BaseException:
            with container:
                raise
        return container

    def get(self, container: str) -> Container:
        """A container that is there, by its id, the beginning of it, or its name."""
        request = container_service_pb2.GetContainerRequest(container=container)
        return Container(self._engine, self._engine.call(self._engine.containers.GetContainer, request).container)

    def list(self, all: bool = False, labels: Mapping[str, str] | None = None) -> List[Container]:
        """Containers that run, newest first; or all of them; only those with all of the labels."""
        request = container_service_pb2.ListContainersRequest(
            all=all, view=container_service_pb2.LIST_VIEW_BASIC, page_size=1000
        )
        for name, value in (labels or {}).items():
            request.filters.add(key="label", value=f"{name}={value}")
        found = []
        while True:
            page = self._engine.call(self._engine.containers.ListContainers, request)
            found += [Container(self._engine, info) for info in page.containers]
            request.page_token = page.next_page_token
            if not request.page_token:
                return found

    def _create(self, spec: Any) -> Container:
        request = container_service_pb2.CreateContainerRequest(spec=spec, request_id=str(uuid.uuid4()))
        answer = self._engine.call(self._engine.containers.CreateContainer, request)
        return Container(self._engine, answer.container, answer.warnings)

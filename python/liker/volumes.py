"""Volumes."""

from __future__ import annotations

import uuid
from typing import List, Mapping

from .engine import Engine
from .v1 import volume_service_pb2


class Volumes:
    """Volumes: folders that outlive their containers."""

    def __init__(self, engine: Engine):
        self._engine = engine

    def create(self, name: str = "", labels: Mapping[str, str] | None = None) -> volume_service_pb2.Volume:
        """Makes a volume; that of the name, if it is there. Without a name it gets one."""
        request = volume_service_pb2.CreateVolumeRequest(
            name=name, labels=labels or {}, lease_id=self._engine.lease_id(), request_id=str(uuid.uuid4())
        )
        return self._engine.call(self._engine.volumes.CreateVolume, request).volume

    def get(self, name: str) -> volume_service_pb2.Volume:
        """A volume that is there."""
        request = volume_service_pb2.GetVolumeRequest(name=name)
        return self._engine.call(self._engine.volumes.GetVolume, request).volume

    def list(self) -> List[volume_service_pb2.Volume]:
        """All volumes."""
        request = volume_service_pb2.ListVolumesRequest()
        return list(self._engine.call(self._engine.volumes.ListVolumes, request).volumes)

    def remove(self, name: str) -> None:
        """Removes a volume that no container has."""
        request = volume_service_pb2.RemoveVolumeRequest(name=name, request_id=str(uuid.uuid4()))
        self._engine.call(self._engine.volumes.RemoveVolume, request)

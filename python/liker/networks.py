"""Networks."""

from __future__ import annotations

import uuid
from typing import List, Mapping

from .engine import Engine
from .options import Egress, egress_policy
from .v1 import network_service_pb2


class Networks:
    """Networks, on which containers find each other by name."""

    def __init__(self, engine: Engine):
        self._engine = engine

    def create(
        self,
        name: str,
        internal: bool = False,
        egress: Egress | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> network_service_pb2.Network:
        """Makes a network. An internal one has no way to the outside."""
        request = network_service_pb2.CreateNetworkRequest(
            name=name,
            internal=internal,
            egress=None if egress is None else egress_policy(egress),
            labels=labels or {},
            lease_id=self._engine.lease_id(),
            request_id=str(uuid.uuid4()),
        )
        return self._engine.call(self._engine.networks.CreateNetwork, request).network

    def get(self, network: str) -> network_service_pb2.Network:
        """A network that is there, by its name or id."""
        request = network_service_pb2.GetNetworkRequest(network=network)
        return self._engine.call(self._engine.networks.GetNetwork, request).network

    def list(self) -> List[network_service_pb2.Network]:
        """All networks."""
        request = network_service_pb2.ListNetworksRequest()
        return list(self._engine.call(self._engine.networks.ListNetworks, request).networks)

    def remove(self, network: str) -> None:
        """Removes a network that no container is on."""
        request = network_service_pb2.RemoveNetworkRequest(network=network, request_id=str(uuid.uuid4()))
        self._engine.call(self._engine.networks.RemoveNetwork, request)

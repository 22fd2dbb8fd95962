"""Times of the API."""

from __future__ import annotations

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp


def timestamp(time: datetime) -> Timestamp:
    """A time of the API; a time without a zone is local."""
    found = Timestamp()
    found.FromMicroseconds(round(time.timestamp() * 1e6))
    return found

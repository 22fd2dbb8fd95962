"""Containers of likerd from a program: docs/python.md.

The messages of the API, such as liker.v1.container_pb2.ContainerSpec, are in liker.v1.
"""

from .container import Container
from .containers import Containers
from .errors import LikerError
from .files import FileEvent, Files, FileStats, FolderEntry
from .images import Images
from .liker import Liker
from .networks import Networks
from .options import ContainerMount, ContainerOptions, ContainerPort, Egress, Limits
from .process import Output, OutputPart, Process
from .volumes import Volumes

__all__ = [
    "Container",
    "ContainerMount",
    "ContainerOptions",
    "ContainerPort",
    "Containers",
    "Egress",
    "FileEvent",
    "FileStats",
    "FolderEntry",
    "Files",
    "Images",
    "Liker",
    "LikerError",
    "Limits",
    "Networks",
    "Output",
    "OutputPart",
    "Process",
    "Volumes",
]

"""The files of a container."""

from __future__ import annotations

import io
import posixpath
import tarfile
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, cast, IO, Iterable, Iterator

from .engine import Engine
from .errors import LikerError
from .v1 import file_service_pb2

_PIECE = 256 * 1024


@dataclass(frozen=True)
class FileStats:
    """What is at a path in a container. `mode` is as in stat(2), for the functions of the module stat."""

    mode: int
    size: int
    mtime: datetime
    uid: int
    gid: int
    target: str | None
    """Of a symbolic link: where it leads."""


@dataclass(frozen=True)
class FolderEntry:
    """One that is in a folder."""

    name: str
    parent_path: str
    """The folder that it is in."""
    stats: FileStats
    """What it is, as `lstat` would answer."""


class Files:
    """The files of a container, whether it runs or not. Paths are absolute."""

    def __init__(self, engine: Engine, container: str):
        self._engine = engine
        self._container = container

    def read_file(self, path: str) -> bytes:
        """The whole file. A link is followed."""
        request = file_service_pb2.ReadFilesRequest(container=self._container, path=path, name="file", follow=True)
        with tarfile.open(fileobj=cast(IO[bytes], _Pieces(self._read(request))), mode="r|") as archive:
            entry = archive.next()
            content = archive.extractfile(entry) if entry is not None and entry.isfile() else None
            if content is None:
                raise LikerError("BAD_PATH", f"Cannot read '{path}': it is no file")
            return content.read()

    def write_file(self, path: str, data: str | bytes, mode: int = 0o644) -> None:
        """Writes a file that is there or not. Its folder must be there. It belongs to root."""
        content = data.encode() if isinstance(data, str) else data
        self._put(path, tarfile.REGTYPE, content, mode)

    def mkdir(self, path: str, mode: int = 0o755) -> None:
        """Makes a folder, unless it is there. The folder that it is in must be there."""
        self._put(path, tarfile.DIRTYPE, b"", mode)

    def stat(self, path: str) -> FileStats:
        """What is at the path. A link is followed."""
        return self._stat(path, follow=True)

    def lstat(self, path: str) -> FileStats:
        """What is at the path. A link is not followed."""
        return self._stat(path, follow=False)

    def readdir(self, path: str, recursive: bool = False) -> list[str]:
        """The names of what is in a folder, in their order; if it is recursive, paths from the folder on. Links are not followed."""
        return [entry.name for entry in self._list(path, recursive)]

    def scandir(self, path: str, recursive: bool = False) -> list[FolderEntry]:
        """As readdir, with what each is."""
        entries = []
        for entry in self._list(path, recursive):
            parent, name = posixpath.split(entry.name)
            entries.append(FolderEntry(name, posixpath.normpath(posixpath.join(path, parent)), _stats(entry.file)))
        return entries

    def read_archive(self, path: str) -> Iterator[bytes]:
        """A tar archive of what is at the path, and below it."""
        return self._read(file_service_pb2.ReadFilesRequest(container=self._container, path=path))

    def write_archive(self, folder: str, archive: Iterable[bytes]) -> None:
        """Unpacks a tar archive, plain or compressed, in a folder."""
        request = file_service_pb2.WriteFilesRequest

        def requests() -> Iterator[Any]:
            yield request(start=file_service_pb2.WriteStart(container=self._container, folder=folder))
            for data in archive:
                yield request(data=data)
            yield request(end=file_service_pb2.WriteEnd())

        self._engine.send(self._engine.files.WriteFiles, requests())

    def _stat(self, path: str, follow: bool) -> FileStats:
        request = file_service_pb2.GetFileRequest(container=self._container, path=path, follow=follow)
        return _stats(self._engine.call(self._engine.files.GetFile, request).file)

    def _list(self, path: str, recursive: bool) -> Iterator[file_service_pb2.FileEntry]:
        request = file_service_pb2.ListFilesRequest(container=self._container, path=path, recursive=recursive)
        for answer in self._engine.stream(self._engine.files.ListFiles, lambda: request, again="list again"):
            yield from answer.entries

    def _read(self, request: file_service_pb2.ReadFilesRequest) -> Iterator[bytes]:
        for answer in self._engine.stream(self._engine.files.ReadFiles, lambda: request, again="read again"):
            yield answer.data

    def _put(self, path: str, kind: bytes, content: bytes, mode: int) -> None:
        folder, name = posixpath.split(posixpath.normpath(posixpath.join("/", path)))
        entry = tarfile.TarInfo(name)
        entry.type, entry.size, entry.mode = kind, len(content), mode
        entry.mtime = int(time.time())
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
            archive.addfile(entry, io.BytesIO(content))
        packed.seek(0)
        self.write_archive(folder, iter(lambda: packed.read(_PIECE), b""))


def _stats(file: file_service_pb2.File) -> FileStats:
    mtime = file.modified_at.ToDatetime().replace(tzinfo=timezone.utc)
    target = file.target if file.HasField("target") else None
    return FileStats(file.mode, file.size_bytes, mtime, file.uid, file.gid, target)


class _Pieces(io.BufferedIOBase):
    """A file that tarfile reads as a stream."""

    def __init__(self, pieces: Iterator[bytes]):
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int | None = -1) -> bytes:
        while not self._rest:
            try:
                self._rest = next(self._pieces)
            except StopIteration:
                return b""
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

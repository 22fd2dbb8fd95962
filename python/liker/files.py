"""The files of a container."""

from __future__ import annotations

import io
import posixpath
import queue
import tarfile
import threading
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Callable, cast, IO, Iterable, Iterator, Literal

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


@dataclass(frozen=True)
class FileEvent:
    """A change of a file."""

    event_type: Literal["rename", "change"]
    """rename: a name has come, gone or moved; change: the contents or the metadata have changed."""
    filename: str | None
    """A name in the folder, or that of the path itself. None: events may be missing; look at the files again."""


class Files:
    """The files of a container, whether it runs or not. Paths are absolute."""

    def __init__(self, engine: Engine, container: str):
        self._engine = engine
        self._container = container

    def open(self, path: str, mode: Literal["r", "w", "a", "x", "rb", "wb", "ab", "xb"] = "r") -> IO[Any]:
        """The file as a stream, with the modes of Python's open; text is UTF-8. What is written is there once the stream is closed."""
        how = mode.rstrip("b")
        raw = _Content(self._content(path)) if how == "r" else _Upload(self._target(path, how, None), self._write)
        stream = io.BufferedReader(raw, _PIECE) if how == "r" else io.BufferedWriter(raw, _PIECE)
        return cast(IO[Any], stream if mode.endswith("b") else io.TextIOWrapper(stream, "utf-8"))

    def read_file(self, path: str) -> bytes:
        """The whole file. A link is followed."""
        return b"".join(self._content(path))

    def write_file(
        self,
        path: str,
        data: str | bytes | Iterable[bytes],
        mode: int = 0o644,
        flag: Literal["w", "wx", "a", "ax"] = "w",
    ) -> None:
        """Writes a file, which is made if it is missing, and then belongs to root. Its folder must be there. A link is followed."""
        content = data.encode() if isinstance(data, str) else data
        pieces = (content[at : at + _PIECE] for at in range(0, len(content), _PIECE)) if isinstance(content, bytes) else content
        self._write(self._target(path, flag, mode), pieces)

    def append_file(self, path: str, data: str | bytes | Iterable[bytes], mode: int = 0o644) -> None:
        """As write_file, but after what the file has."""
        self.write_file(path, data, mode, "a")

    def mkdir(self, path: str, mode: int = 0o755, recursive: bool = False) -> None:
        """Makes a folder. If it is recursive: with those above it that are missing, and nothing is wrong if it is there."""
        request = file_service_pb2.MakeFolderRequest(container=self._container, path=path, mode=mode, recursive=recursive)
        self._engine.call(self._engine.files.MakeFolder, request)

    def rm(self, path: str, recursive: bool = False, force: bool = False) -> None:
        """Removes a file or a link. `recursive`: or a folder with all that is in it. `force`: nothing is wrong if nothing is there."""
        request = file_service_pb2.RemoveFileRequest(container=self._container, path=path, recursive=recursive, force=force)
        self._engine.call(self._engine.files.RemoveFile, request)

    def rename(self, path: str, new_path: str) -> None:
        """Gives a file or a folder another path, in the place of what is there."""
        request = file_service_pb2.RenameFileRequest(container=self._container, path=path, new_path=new_path)
        self._engine.call(self._engine.files.RenameFile, request)

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

    def watch(self, path: str) -> Iterator[FileEvent]:
        """Changes of a file, or in a folder but not in those in it, from the return of this call on. It outlives restarts of likerd and of the
        container."""
        request = file_service_pb2.WatchFileRequest(container=self._container, path=path)
        answers = self._engine.stream(self._engine.files.WatchFile, lambda: request, follows=True)
        next(answers)
        return (_event(answer) for answer in answers)

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

    def _content(self, path: str) -> Iterator[bytes]:
        request = file_service_pb2.ReadFilesRequest(container=self._container, path=path, name="file", follow=True)
        with tarfile.open(fileobj=cast(IO[bytes], _Pieces(self._read(request))), mode="r|") as archive:
            entry = archive.next()
            content = archive.extractfile(entry) if entry is not None and entry.isfile() else None
            if content is None:
                raise LikerError("BAD_PATH", f"Cannot read '{path}': it is no file")
            yield from iter(lambda: content.read(_PIECE), b"")

    def _target(self, path: str, flag: str, mode: int | None) -> file_service_pb2.WriteFileStart:
        how = {"append": "a" in flag, "exclusive": "x" in flag}
        return file_service_pb2.WriteFileStart(container=self._container, path=path, mode=mode, **how)

    def _write(self, start: file_service_pb2.WriteFileStart, pieces: Iterable[bytes]) -> None:
        request = file_service_pb2.WriteFileRequest

        def requests() -> Iterator[Any]:
            yield request(start=start)
            for data in pieces:
                yield request(data=data)
            yield request(end=file_service_pb2.WriteEnd())

        self._engine.send(self._engine.files.WriteFile, requests())


def _event(answer: file_service_pb2.WatchFileResponse) -> FileEvent:
    is_ready = answer.kind == file_service_pb2.FILE_EVENT_KIND_READY
    is_change = answer.kind == file_service_pb2.FILE_EVENT_KIND_CHANGED
    return FileEvent("change" if is_change else "rename", None if is_ready else answer.name)


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


class _Content(io.RawIOBase):
    """The bytes of a file."""

    def __init__(self, pieces: Iterator[bytes]):
        self._pieces = pieces
        # What is wrong is raised by open.
        self._rest = next(pieces, b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._pieces, b"")
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


class _Upload(io.RawIOBase):
    """Sends what is written, in a thread."""

    def __init__(self, start: Any, send: Callable[[Any, Iterable[bytes]], None]):
        self._waiting: queue.Queue[bytes] = queue.Queue(2)
        self._failed: Exception | None = None
        self._over = False
        self._thread = threading.Thread(target=self._run, args=(start, send), daemon=True)
        self._thread.start()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        if piece:
            self._put(piece)
        return len(piece)

    def close(self) -> None:
        if self.closed:
            return
        super().close()
        if not self._over:
            # The empty piece ends it.
            self._waiting.put(b"")
        self._thread.join()
        if self._failed is not None:
            raise self._failed

    def _put(self, piece: bytes) -> None:
        if not self._over:
            self._waiting.put(piece)
        if self._failed is not None:
            raise self._failed

    def _run(self, start: Any, send: Callable[[Any, Iterable[bytes]], None]) -> None:
        try:
            send(start, iter(self._waiting.get, b""))
        except Exception as error:
            self._failed = error
        self._over = True
        # Whoever waits for room, or for a piece, goes on.
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put(b"")

"""Images."""

from __future__ import annotations

import uuid
from typing import Any, Callable, Iterable, Iterator, List, Literal, Sequence

from .engine import Engine
from .errors import LikerError
from .v1 import image_pb2, image_service_pb2

_PIECE = 256 * 1024
OnProgress = Callable[[image_service_pb2.LayerProgress], object]


class Images:
    """The images of a likerd."""

    def __init__(self, engine: Engine):
        self._engine = engine

    def pull(
        self,
        reference: str,
        platform: str = "",
        credentials: image_service_pb2.RegistryCredentials | None = None,
        on_progress: OnProgress = lambda layer: None,
        insecure: bool = False,
    ) -> image_pb2.Image:
        """Fetches an image from a registry. Credentials are sent with the call and stored nowhere.

        `insecure`: by HTTPS without a check of the certificate, or else plain HTTP.
        """
        request = image_service_pb2.PullImageRequest(
            reference=reference, platform=platform, credentials=credentials, insecure=insecure
        )
        for answer in self._engine.stream(self._engine.images.PullImage, lambda: request):
            if answer.HasField("progress"):
                on_progress(answer.progress)
            elif answer.HasField("done"):
                return answer.done.image
        raise LikerError("INTERNAL", f"likerd ended the pull of '{reference}' without a result")

    def push(
        self,
        name: str,
        all_tags: bool = False,
        credentials: image_service_pb2.RegistryCredentials | None = None,
        on_progress: OnProgress = lambda layer: None,
        insecure: bool = False,
    ) -> List[image_service_pb2.PushedImage]:
        """Sends an image to the registry that its name begins with. Answers each tag that the registry has now."""
        request = image_service_pb2.PushImageRequest(
            name=name, all_tags=all_tags, credentials=credentials, insecure=insecure
        )
        pushed = []
        for answer in self._engine.stream(self._engine.images.PushImage, lambda: request):
            if answer.HasField("progress"):
                on_progress(answer.progress)
            elif answer.HasField("pushed"):
                pushed.append(answer.pushed)
        return pushed

    def save(
        self,
        image: str | Sequence[str],
        format: Literal["oci", "docker"] | None = None,
        compression: Literal["none", "gzip", "zstd"] | None = None,
        on_progress: OnProgress = lambda layer: None,
    ) -> Iterator[bytes]:
        """The bytes of an archive of images, which `load` takes, and other tools.

        Formats: oci, docker (before version 25); by default both in one. Compressions of layers: none, gzip, zstd; by default as they came,
        if their archives are kept.
        """
        messages = image_service_pb2.SaveImagesRequest
        request = messages(
            images=[image] if isinstance(image, str) else image,
            format=messages.Format.Value(f"FORMAT_{(format or 'unspecified').upper()}"),
            compression=messages.Compression.Value(f"COMPRESSION_{(compression or 'unspecified').upper()}"),
        )
        for answer in self._engine.stream(self._engine.images.SaveImages, lambda: request, again="save again"):
            if answer.HasField("progress"):
                on_progress(answer.progress)
            else:
                yield answer.data

    def load(
        self,
        archive: Iterable[bytes],
        platform: str = "",
        keep_blobs: bool = False,
        on_progress: OnProgress = lambda layer: None,
    ) -> List[image_service_pb2.LoadedImage]:
        """Takes the images of an archive: an OCI layout, what docker save writes, or a root file system; plain or compressed.

        With `keep_blobs` the compressed archives of the layers are kept: the images can then be pushed and saved in the same bytes.
        """
        start = image_service_pb2.LoadStart(platform=platform, keep_blobs=keep_blobs)
        loaded: list[image_service_pb2.LoadedImage] = []

        def answered(answer: image_service_pb2.LoadImagesResponse) -> None:
            if answer.HasField("progress"):
                on_progress(answer.progress)
            elif answer.HasField("loaded"):
                loaded.append(answer.loaded)

        requests = _requests(image_service_pb2.LoadImagesRequest, start, archive)
        self._engine.send(self._engine.images.LoadImages, requests, answered)
        return loaded

    def import_(
        self,
        archive: Iterable[bytes],
        name: str = "",
        message: str = "",
        changes: Sequence[str] = (),
        platform: str = "",
    ) -> image_service_pb2.ImportImageResponse:
        """Makes an image of the tar of a root file system, plain or compressed. Answers it, and what of the tar it does not have.

        `changes` are instructions of a Dockerfile that say how to run it, such as `CMD ["bash"]`.
        """
        start = image_service_pb2.ImportStart(name=name, message=message, changes=changes, platform=platform)
        made: list[image_service_pb2.ImportImageResponse] = []
        requests = _requests(image_service_pb2.ImportImageRequest, start, archive)
        self._engine.send(self._engine.images.ImportImage, requests, made.append)
        return made[0]

    def get(self, image: str) -> image_pb2.Image:
        """An image, by a name or its id."""
        request = image_service_pb2.GetImageRequest(image=image)
        return self._engine.call(self._engine.images.GetImage, request).image

    def list(self) -> List[image_pb2.Image]:
        """All images, newest first."""
        request = image_service_pb2.ListImagesRequest()
        found: list[image_pb2.Image] = []
        while True:
            page = self._engine.call(self._engine.images.ListImages, request)
            found += page.images
            request.page_token = page.next_page_token
            if not request.page_token:
                return found

    def tag(self, image: str, name: str) -> None:
        """Gives an image one more name."""
        request = image_service_pb2.TagImageRequest(image=image, name=name)
        self._engine.call(self._engine.images.TagImage, request)

    def remove(self, image: str) -> None:
        """Takes a name from an image; with its last one, the image is removed."""
        request = image_service_pb2.RemoveImageRequest(image=image, request_id=str(uuid.uuid4()))
        self._engine.call(self._engine.images.RemoveImage, request)


def _requests(request: Callable[..., Any], start: Any, archive: Iterable[bytes]) -> Iterator[Any]:
    yield request(start=start)
    for part in archive:
        # A message has its greatest size.
        for at in range(0, len(part), _PIECE):
            yield request(data=part[at : at + _PIECE])
    yield request(end=image_service_pb2.LoadEnd())

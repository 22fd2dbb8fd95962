"""Images."""

from __future__ import annotations

from typing import Callable, List

from .engine import Engine
from .errors import LikerError
from .v1 import image_pb2, image_service_pb2


class Images:
    """The images of a likerd."""

    def __init__(self, engine: Engine):
        self._engine = engine

    def pull(
        self,
        reference: str,
        platform: str = "",
        credentials: image_service_pb2.RegistryCredentials | None = None,
        on_progress: Callable[[image_service_pb2.LayerProgress], object] = lambda layer: None,
    ) -> image_pb2.Image:
        """Fetches an image from a registry. Credentials are sent with the call and stored nowhere."""
        request = image_service_pb2.PullImageRequest(
            reference=reference, platform=platform, credentials=credentials
        )
        for answer in self._engine.stream(self._engine.images.PullImage, lambda: request):
            if answer.HasField("progress"):
                on_progress(answer.progress)
            elif answer.HasField("done"):
                return answer.done.image
        raise LikerError("INTERNAL", f"likerd ended the pull of '{reference}' without a result")

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
        request = image_service_pb2.RemoveImageRequest(image=image)
        self._engine.call(self._engine.images.RemoveImage, request)

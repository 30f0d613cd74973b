"""Small images of all points of a map, made when the map is first opened."""

from __future__ import annotations

import asyncio
import io
import threading
from concurrent.futures import Future

from jaxtyping import Float
from PIL import Image, ImageOps
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.studio.bench import Bench
from ganatomy.studio.queries import made, small, sprite
from ganatomy.studio.turns import Pause, Worker

SIDE = 32
COLUMNS = 40
"""Images in a row of the sprite."""


def _thumbnail(image: Float[Tensor, "c h w"]) -> Image.Image:
    """The square in the middle, for a point of the map has one size."""
    return ImageOps.fit(small(image, 2 * SIDE), (SIDE, SIDE), Image.Resampling.LANCZOS)


class Thumbnails:
    """The sprite of a model's map, made once, in turn with the queries of visitors."""

    def __init__(self, bench: Bench, worker: Worker) -> None:
        self._bench, self._worker = bench, worker
        self._lock = threading.Lock()
        self._coming: Future[None] | None = None
        self._made = b""

    async def get(self) -> bytes:
        """The sprite, as WebP.

        Raises:
            SettingError: for a model that is still being measured.
        """
        if self._bench.panel is None:
            raise SettingError(f"{self._bench.name} has no map yet")
        if not self._made:
            # One visitor of its own: all others wait for the same work.
            with self._lock:
                if self._coming is None or self._coming.done():
                    self._coming = self._worker.submit(self, "thumbnails", self._make)
                coming = self._coming
            await asyncio.shield(asyncio.wrap_future(coming))
        return self._made

    def _make(self, pause: Pause) -> None:
        codes = self._bench.candidates
        cells = [_thumbnail(image) for _, images in made(self._bench, codes, pause) for image in images]
        buffer = io.BytesIO()
        sprite(cells, columns=COLUMNS).save(buffer, "WEBP", quality=80, method=2)
        self._made = buffer.getvalue()

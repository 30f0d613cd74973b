"""Small images of all points of a map, made when somebody first asks for them."""

from __future__ import annotations

import asyncio
import io
import threading
from concurrent.futures import Future
from functools import partial

from ganatomy.errors import SettingError
from ganatomy.studio.asks import made, small, sprite
from ganatomy.studio.bench import Bench
from ganatomy.studio.panel import Atlas
from ganatomy.studio.preparing import codes_of_seeds, page_space, shown_psi
from ganatomy.studio.turns import Pause, Worker

SIDE = 32
COLUMNS = 40
"""Images in a row of the sprite."""


class Thumbnails:
    """The sprite of a model's map, made once, between what visitors ask for."""

    def __init__(self, bench: Bench, worker: Worker) -> None:
        self._bench, self._worker = bench, worker
        self._lock = threading.Lock()
        self._coming: Future[None] | None = None
        self._made = b""

    async def get(self) -> bytes:
        """The sprite, as WebP.

        Raises:
            SettingError: for a model without a map.
        """
        if self._bench.panel is None or self._bench.panel.atlas is None:
            raise SettingError(f"{self._bench.name} has no map")
        if not self._made:
            # One visitor of its own: whoever comes while it is made waits for the same work.
            with self._lock:
                if self._coming is None or self._coming.done():
                    atlas = self._bench.panel.atlas
                    self._coming = self._worker.submit(self, "thumbnails", partial(self._make, atlas))
                coming = self._coming
            await asyncio.shield(asyncio.wrap_future(coming))
        return self._made

    def _make(self, atlas: Atlas, pause: Pause) -> None:
        generator = self._bench.generator
        codes = codes_of_seeds(
            generator,
            atlas.seeds.tolist(),
            space=page_space(generator),
            truncation_psi=shown_psi(generator),
        )
        cells = [small(image, SIDE) for images in made(self._bench, codes, pause) for image in images]
        buffer = io.BytesIO()
        sprite(cells, columns=COLUMNS).save(buffer, "WEBP", quality=80, method=2)
        self._made = buffer.getvalue()

"""Small pictures of all points of a map, made when somebody first asks for them."""

from __future__ import annotations

import asyncio
import io
import threading
from concurrent.futures import Future

import torch
from torch import Tensor
from torch.nn import functional as F

from ganatomy.studio.asks import AT_ONCE, sprite
from ganatomy.studio.bench import Bench
from ganatomy.studio.preparing import codes_of_seeds, page_space, shown_psi
from ganatomy.studio.turns import Pause, Worker

SIDE = 32
COLUMNS = 40
"""Pictures in a row of the sprite."""


class Thumbnails:
    """The sprite of a model's map, made once, between what visitors ask for."""

    def __init__(self, bench: Bench, worker: Worker) -> None:
        self._bench, self._worker = bench, worker
        self._lock = threading.Lock()
        self._coming: Future[None] | None = None
        self._made = b""

    async def get(self) -> bytes:
        if not self._made:
            # One visitor of its own: whoever comes while it is made waits for the same work.
            with self._lock:
                if self._coming is None or self._coming.cancelled():
                    self._coming = self._worker.submit(self, "thumbnails", self._make)
                coming = self._coming
            await asyncio.shield(asyncio.wrap_future(coming))
        return self._made

    def _make(self, pause: Pause) -> None:
        panel = self._bench.panel
        assert panel is not None
        assert panel.atlas is not None
        generator = self._bench.generator
        codes = codes_of_seeds(
            generator,
            panel.atlas.seeds.tolist(),
            space=page_space(generator),
            truncation_psi=shown_psi(generator),
        )
        pictures: list[Tensor] = []
        for first in range(0, len(codes), AT_ONCE):
            if first:
                pause()
            made = self._bench.pictures(codes[first : first + AT_ONCE])
            # Small at once: a thousand large pictures would fill the memory.
            pictures.append(F.interpolate(made, SIDE, mode="bicubic", antialias=True))
        buffer = io.BytesIO()
        sprite(torch.cat(pictures), columns=COLUMNS, size=SIDE).save(buffer, "WEBP", quality=80, method=2)
        self._made = buffer.getvalue()

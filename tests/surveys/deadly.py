"""A scorer that ends its process; other processes import it from here."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from ganatomy.latents import Latents
from ganatomy.perception import Scorer


class Deadly(Scorer):
    """Ends the first process that scores row 600, and raises in row 1100 if it is told to."""

    names = ("level",)
    description = "deadly"

    def __init__(self, folder: Path, *, raising: bool = False) -> None:
        self.folder, self.raising = folder, raising
        self.fingerprint = f"deadly {raising}"

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        if start <= 600 < start + len(images) and not (self.folder / "died").exists():
            (self.folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if self.raising and start <= 1100 < start + len(images):
            raise ZeroDivisionError("in row 1100")
        return images.mean((1, 2, 3))[:, None]

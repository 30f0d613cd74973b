"""Scorers that end their process; other processes import them from here."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

import ganatomy as ga
from ganatomy.errors import ScoreError
from ganatomy.latents import Latents
from ganatomy.perception import OracleScorer, Scorer


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


class Other(Scorer):
    """Reads a toy's images as its oracle does, with an error of its own, and ends or fails as a test wants.

    Args:
        folder: holds a file `kill` or `fail` where the next reader is to end its process, or to raise.
    """

    description = "another eye"

    def __init__(self, toy: ga.ToyGenerator, folder: Path) -> None:
        self.oracle, self.folder = OracleScorer(toy), folder
        self.names, self.fingerprint = self.oracle.names, "another eye"

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        if (self.folder / "fail").exists():
            raise ScoreError("this eye is closed")
        if (self.folder / "kill").exists():
            (self.folder / "kill").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.oracle.score(images, latents=latents).logits + 0.1

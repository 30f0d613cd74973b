"""What a run leaves for a person to look at: sheets of samples, a table of its progress, its best generator."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import OutputError, SettingError
from ganatomy.generators import save_generator
from ganatomy.generators.base import Generator
from ganatomy.images import save_image
from ganatomy.metrics.frechet import gaussian_distance
from ganatomy.perception.features import Features
from ganatomy.plots import grid
from ganatomy.training.images import TrainingImages, as_images
from ganatomy.training.run import GanRun, finish
from ganatomy.workers import read_images
from ganatomy.writing import atomic_write

SHEET = 64
"""Samples on a sheet."""
COMPARED = 2000
"""Generated and real images whose features are compared, where there are so many."""
COLUMNS: tuple[str, ...] = ("images", "critic", "generator", "variety", "distance", "seconds")

TABLE = "progress.csv"

Say = Callable[[str], None]


@dataclass(kw_only=True)
class Records:
    """The notes of a run in its folder; a run that goes on takes back what it had not saved.

    Args:
        folder: receives `samples-*.png`, `progress.csv` and `best.safetensors`.
        images: that the generator learns from.
        features: of a network that takes no part, by which the best generator is told; None keeps none.
        say: told what a person should know.
    """

    folder: Path
    images: TrainingImages
    features: Features | None = None
    say: Say = lambda _: None
    rows: list[dict[str, float]] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)

    @property
    def table(self) -> Path:
        return self.folder / TABLE

    @property
    def best(self) -> Path:
        return self.folder / "best.safetensors"

    def go_on(self, shown: int) -> None:
        """Read the table of a run that was stopped, up to so many images."""
        self.rows = [row for row in read_table(self.folder) if row["images"] <= shown]
        if self.rows:
            self._started -= self.rows[-1]["seconds"]

    def note(self, run: GanRun, *, compare: bool) -> None:
        """Write a sheet and a row; where it is the best so far by the distance of features, keep the generator.

        What cannot be written is left out, for a full disk may have room again before the run ends.

        Raises:
            SettingError: when a loss is not a number.
        """
        require_finite(run)
        try:
            self._write_note(run, compare=compare)
        except OutputError as error:
            self.say(f"{error}; training goes on")

    @torch.no_grad()
    def _write_note(self, run: GanRun, *, compare: bool) -> None:
        resolution = run.stage.resolution
        samples = run.average(run.average.sample(SHEET, seed=run.settings.seed))
        save_image(grid(samples, columns=8), self.folder / f"samples-{run.shown:08d}.png")
        row = {"generator": math.nan} | {name: loss.item() for name, loss in run.losses.items()}
        row |= {"images": run.shown, "variety": self._variety(samples, resolution)}
        row |= {"distance": math.nan, "seconds": time.monotonic() - self._started}
        self._warn(row)
        self.rows.append(row)
        if compare and self.features is not None:
            generator = finish(run)
            row["distance"] = self._distance(generator)
            if row["distance"] <= min(old["distance"] for old in self.rows if old["distance"] >= 0):
                save_generator(generator, self.best)
        self._write()

    def _variety(self, samples: Float[Tensor, "n c r r"], resolution: int) -> float:
        """How far samples lie apart, as a share of how far real images do."""
        rows = np.arange(len(self.images))[: len(samples)]
        real = as_images(self.images.read(rows), resolution=resolution)
        return spread(samples.cpu()) / max(spread(real), 1e-8)

    def _distance(self, generator: Generator) -> float:
        """Fréchet distance of generated images from the first real ones."""
        assert self.features is not None
        features, n = self.features, min(COMPARED, len(self.images))
        real = torch.cat(
            [
                features(as_images(self.images.read(rows.numpy()), resolution=self.images.resolution))
                for rows in torch.arange(n).split(64)
            ]
        )
        codes = generator.sample(n, seed=1)
        [fake] = read_images(generator, codes, lambda images: features(images.cpu()), batch_size=64)
        return gaussian_distance(fake.double(), real.double()).item()

    def _warn(self, row: dict[str, float]) -> None:
        """One line where images become alike, or the critic has won."""
        before = max((old["variety"] for old in self.rows), default=0.0)
        if row["variety"] < min(0.5, before / 2):
            self.say(
                f"after {row['images']:,} images samples lie {row['variety']:.2f} times as far apart as real images, "
                f"{before:.2f} before: the generator may be collapsing; look at the sheets, and raise r1_gamma if so"
            )
        if 0 <= row["critic"] < 0.02:
            self.say(
                f"after {row['images']:,} images the critic tells all generated images apart (loss "
                f"{row['critic']:.3f}); if the sheets do not improve, raise r1_gamma or give more images"
            )

    def _write(self) -> None:
        with atomic_write(self.table) as part, part.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, COLUMNS, restval="", extrasaction="ignore")
            table.writeheader()
            for row in self.rows:
                figures = {name: "" if math.isnan(value) else f"{value:.5g}" for name, value in row.items()}
                table.writerow(figures | {"images": int(row["images"])})


def read_table(folder: Path) -> list[dict[str, float]]:
    """The rows of the table that a run left in its folder; none where there is no table."""
    path = folder / TABLE
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: float(value or "nan") for name, value in row.items()} for row in csv.DictReader(file)]


def spread(images: Float[Tensor, "n c h w"]) -> float:
    """Mean distance between two images, by the colours of 8 x 8 patches."""
    rows = F.adaptive_avg_pool2d(images.float().clamp(-1, 1), min(8, images.shape[-1])).flatten(1)
    return torch.pdist(rows).mean().item()


def require_finite(run: GanRun) -> None:
    """Raises SettingError when a loss is not a number: what follows would be none either."""
    broken = [name for name, loss in run.losses.items() if not bool(torch.isfinite(loss))]
    if broken:
        raise SettingError(
            f"after {run.shown:,} images the loss of {' and '.join(broken)} is not a number; the last checkpoint and "
            "sheets are whole: train with a smaller learning_rate or a larger r1_gamma, or in float32"
        )

"""Consecutive rows of a survey: codes, scores and classes as arrays, and the one function that makes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ganatomy.generators.base import Generator
from ganatomy.latents import Latents, Space
from ganatomy.perception.base import Scorer, Scores
from ganatomy.surveys.settings import BLOCK_ROWS, Settings


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Rows `start` to `start + n` of the sample of a seed.

    Args:
        classes: of a conditional generator, else None.
    """

    start: int
    codes: Float[Tensor, "n *shape"]
    logits: Float[Tensor, "n a"]
    classes: Int[Tensor, " n"] | None = None

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def stop(self) -> int:
        return self.start + len(self)

    @staticmethod
    def empty(n: int, settings: Settings) -> Rows:
        """Room for the first n rows, which `put` fills: a large survey is in memory only once."""
        return Rows(
            start=0,
            codes=torch.empty(n, *settings.code_shape),
            logits=torch.empty(n, len(settings.attributes)),
            classes=torch.empty(n, dtype=torch.int64) if settings.num_classes else None,
        )

    def put(self, places: slice | np.ndarray, rows: Rows) -> None:
        """Fill these places with other rows."""
        self.codes[places], self.logits[places] = rows.codes, rows.logits
        if self.classes is not None and rows.classes is not None:
            self.classes[places] = rows.classes

    def take(self, places: np.ndarray) -> Rows:
        """The rows at these places, from the first one on."""
        chosen = torch.from_numpy(places)
        return Rows(
            start=self.start,
            codes=self.codes[chosen],
            logits=self.logits[chosen],
            classes=None if self.classes is None else self.classes[chosen],
        )

    @staticmethod
    def cat(parts: Sequence[Rows]) -> Rows:
        """Runs of rows of which each begins where the one before ends, as one."""
        assert all(a.stop == b.start for a, b in pairwise(parts))
        if len(parts) == 1:
            return parts[0]
        classes = [part.classes for part in parts if part.classes is not None]
        return Rows(
            start=parts[0].start,
            codes=torch.cat([part.codes for part in parts]),
            logits=torch.cat([part.logits for part in parts]),
            classes=torch.cat(classes) if classes else None,
        )

    @staticmethod
    def of(start: int, latents: Latents, scores: Scores) -> Rows:
        """Codes with their scores, in the memory of the processor."""
        return Rows(
            start=start,
            codes=latents.codes.detach().cpu().float(),
            logits=scores.logits.detach().cpu().float(),
            classes=None if latents.labels is None else latents.labels.argmax(1).cpu(),
        )

    def latents(self, settings: Settings) -> Latents:
        """The codes, with their space."""
        labels = None if self.classes is None else F.one_hot(self.classes, settings.num_classes).float()
        return Latents(
            codes=self.codes,
            space=Space.parse(settings.space),
            num_layers=settings.num_layers,
            labels=labels,
            fingerprint=settings.generator,
        )

    def scores(self, settings: Settings) -> Scores:
        """The scores, with their names."""
        return Scores(names=settings.attributes, logits=self.logits)


def counts_of(logits: Float[Tensor, "n a"]) -> tuple[list[int], list[int]]:
    """How many images have each attribute (probability above one half), and how many have a label of it.

    >>> counts_of(torch.tensor([[1.0, torch.nan], [-1.0, 2.0]]))
    ([1, 1], [2, 1])
    """
    return (logits > 0).sum(0).tolist(), (~logits.isnan()).sum(0).tolist()


@dataclass(frozen=True, kw_only=True, eq=False)
class RowSource:
    """Where rows come from: equal sources make equal rows, in whatever process and on whatever machine.

    Args:
        batch_size: images at a time.
    """

    generator: Generator
    scorer: Scorer
    settings: Settings
    batch_size: int

    @torch.no_grad()
    def make(self, rows: tuple[int, int]) -> Iterator[Rows]:
        """Rows from the first of these to before the other, all of one block, batch by batch.

        Every way of making a survey calls this function and no other.
        """
        start, stop = rows
        settings, first = self.settings, start - start % BLOCK_ROWS
        assert start < stop <= first + BLOCK_ROWS
        # Always draw a whole block: matrix products round differently for other batch sizes, and codes must not.
        drawn = self.generator.sample(
            BLOCK_ROWS,
            seed=settings.seed,
            start=first,
            space=settings.space,
            truncation_psi=settings.truncation_psi,
        )
        for row in range(start, stop, self.batch_size):
            batch = drawn[row - first : min(row + self.batch_size, stop) - first]
            yield Rows.of(row, batch, self.scorer.score(self.generator(batch), latents=batch, start=row))

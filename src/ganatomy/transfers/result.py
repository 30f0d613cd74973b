"""What a transfer is asked for, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator, batches
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer, Scores

WITHIN = 0.1
"""An image whose attributes are all this near to their source's probabilities has got them."""

CLEAR = 4.59512
"""Logit of 99 %. Beyond it, and beyond minus it, a source only says "surely", and a target that is there stays."""

Progress = Callable[[int, int], None]
"""Told how far the work is: (done, total)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Targets and the sources of their attributes, row by row, and what was seen in the images of both.

    Args:
        attributes: to take from the sources. held: to leave as they are in the targets.
        before: scores of the targets. given: scores of the sources.
    """

    target: Latents
    source: Latents
    attributes: tuple[str, ...]
    held: tuple[str, ...]
    before: Scores
    given: Scores

    @property
    def goals(self) -> Float[Tensor, "n t"]:
        """The logit that each attribute is to have in each target."""
        return goal_logits(
            self.before.select(self.attributes).logits, self.given.select(self.attributes).logits
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Transferred:
    """Targets with attributes of their sources, and what that did to the image of each.

    Args:
        wanted: probability of each attribute in the sources.
        before, after: scores of all attributes in the targets.
        method: "linear", "guided" or "network".
    """

    latents: Latents
    attributes: tuple[str, ...]
    held: tuple[str, ...]
    wanted: Float[Tensor, "n t"]
    before: Scores
    after: Scores
    method: str

    def __len__(self) -> int:
        return len(self.latents)

    @property
    def changes(self) -> Float[Tensor, "n a"]:
        """Probabilities after less before, of all attributes."""
        return self.after.probabilities - self.before.probabilities

    @property
    def drift(self) -> Float[Tensor, "n h"]:
        """Probabilities after less before, of the held attributes."""
        return self.changes[:, [self.before.names.index(name) for name in self.held]]

    @property
    def missing(self) -> Float[Tensor, "n t"]:
        """Probabilities of the sources less those after, of the attributes that were to be had."""
        return self.wanted - self.after.select(self.attributes).probabilities

    @property
    def reached(self) -> Bool[Tensor, " n"]:
        """Every attribute is within `WITHIN` of its source's probability."""
        return self.missing.abs().amax(1) <= WITHIN

    def __str__(self) -> str:
        apart = self.wanted - self.before.select(self.attributes).probabilities
        told = ", ".join(
            f"{name} {float(was):.2f} apart before, {float(now):.2f} after"
            for name, was, now in zip(
                self.attributes, apart.abs().mean(0), self.missing.abs().mean(0), strict=True
            )
        )
        kept = f"; held ones changed by {float(self.drift.abs().mean()):.3f}" if self.held else ""
        return f"{int(self.reached.sum())} of {len(self)} reached: {told}{kept} (means, by {self.method})"


def goal_logits(own: Float[Tensor, "n t"], given: Float[Tensor, "n t"]) -> Float[Tensor, "n t"]:
    """The logits of the sources, but no farther from a target's own than where an attribute is clearly there or not."""
    clear = torch.full_like(own, CLEAR)
    return given.maximum(own.minimum(-clear)).minimum(own.maximum(clear))


def in_pairs(target: Latents, source: Latents) -> tuple[Latents, Latents]:
    """As many targets as sources; a single one goes with each of the others.

    Raises:
        SettingError: for other numbers of them.
    """
    n = max(len(target), len(source))
    if min(len(target), len(source)) in (1, n) and min(len(target), len(source)):
        rows = torch.arange(n)
        return target[rows % len(target)], source[rows % len(source)]
    raise SettingError(
        f"{len(target)} targets and {len(source)} sources do not make pairs; give as many of both, or one of either"
    )


@torch.no_grad()
def look(generator: Generator, scorer: Scorer, latents: Latents, *, batch_size: int) -> Scores:
    """What is seen in the images of these codes."""
    return Scores.cat(
        Scores(names=scorer.names, logits=scorer(generator(part), latents=part).logits.cpu())
        for part in batches(latents, batch_size)
    )

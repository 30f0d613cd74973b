"""The pairs of a transfer, and its result."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.latents import Latents
from ganatomy.perception.base import Scores

WITHIN = 0.1
"""Largest distance of a probability from its source's that counts as reached."""

CLEAR = 4.59512
"""Logit of 99 %. A source beyond it is just "present" or "absent", which a target beyond it is already."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Targets and the sources of their attributes, row by row, and the scores of both.

    Args:
        target: codes to change.
        source: codes to take attributes from.
        attributes: to take from the sources.
        held: to keep in the targets.
        before: scores of the targets.
        given: scores of the sources.
    """

    target: Latents
    source: Latents
    attributes: tuple[str, ...]
    held: tuple[str, ...]
    before: Scores
    given: Scores

    @property
    def goals(self) -> Float[Tensor, "n t"]:
        """The logits that the attributes should have in the targets."""
        return goal_logits(
            self.before.select(self.attributes).logits, self.given.select(self.attributes).logits
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Transferred:
    """Targets with attributes of their sources, and how the scores of their images changed.

    Args:
        latents: the changed targets.
        attributes: taken from the sources.
        held: kept.
        wanted: probability of each attribute in the sources.
        before: scores of all attributes in the targets.
        after: scores of all attributes in the changed targets.
        method: "linear", "guided" or "network".

    Example::

        found = ga.transfer(generator, scorer, target, source, "Smiling")
        print(found.reached, found.drift.abs().mean())
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
        """Probabilities in the sources less those after, of the transferred attributes."""
        return self.wanted - self.after.select(self.attributes).probabilities

    @property
    def reached(self) -> Bool[Tensor, " n"]:
        """Whether every attribute is within `WITHIN` of its source's probability."""
        return self.missing.abs().amax(1) <= WITHIN

    def __str__(self) -> str:
        apart = self.wanted - self.before.select(self.attributes).probabilities
        gaps = ", ".join(
            f"{name} {float(was):.2f} apart before, {float(now):.2f} after"
            for name, was, now in zip(
                self.attributes, apart.abs().mean(0), self.missing.abs().mean(0), strict=True
            )
        )
        kept = f"; held ones changed by {float(self.drift.abs().mean()):.3f}" if self.held else ""
        return f"{int(self.reached.sum())} of {len(self)} reached: {gaps}{kept} (means, by {self.method})"


def goal_logits(own: Float[Tensor, "n t"], given: Float[Tensor, "n t"]) -> Float[Tensor, "n t"]:
    """The logits of the sources, where these are beyond `CLEAR` the nearest to the target's own that is clear too."""
    clear = torch.full_like(own, CLEAR)
    return given.maximum(own.minimum(-clear)).minimum(own.maximum(clear))


def paired(target: Latents, source: Latents) -> tuple[Latents, Latents]:
    """As many targets as sources, a single one repeated; raises SettingError for numbers that do not fit."""
    n = max(len(target), len(source))
    if min(len(target), len(source)) in (1, n) and min(len(target), len(source)):
        rows = torch.arange(n)
        return target[rows % len(target)], source[rows % len(source)]
    raise SettingError(
        f"{len(target)} targets and {len(source)} sources do not make pairs; give as many of both, or one of either"
    )

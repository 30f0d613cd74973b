"""What directions that nobody named change, in generated images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.latents import Directions
from ganatomy.metrics.fresh_images import FreshImages, Readers
from ganatomy.perception.base import Scorer
from ganatomy.progress import part_of
from ganatomy.statistics.intervals import CONFIDENCE, Estimate, resampling

LEAST = 0.05
"""A mean change of probability that is worth a name."""
SHOWN = 3
"""Attributes that a direction is told by."""
NOTHING = "nothing that the scorer knows"


@dataclass(frozen=True, kw_only=True)
class Naming:
    """What each of k directions changes in n images, among the attributes that a scorer knows.

    Args:
        directions: as they were given. attributes: all that were scored.
        changes: half the difference of the probabilities after a step forwards and one backwards, in each image.
        strength: the step, in standard deviations of codes along the direction.
        seed: of the codes, and of the resampling.
    """

    directions: Directions
    attributes: tuple[str, ...]
    changes: Float[Tensor, "k n a"]
    strength: float
    seed: int

    @cached_property
    def moved(self) -> dict[str, dict[str, Estimate]]:
        """For each direction the attributes that it moves, the most moved first, by how much, with 95 % intervals.

        An attribute counts whose mean probability changes by at least `LEAST`, with an interval that does not reach 0.
        The intervals take all attributes of a direction together: each is wider than one alone would have to be.
        """
        means = self.changes.mean(1)
        low, high = self._intervals()
        sure = (low * high > 0) & (means.abs() >= LEAST)
        found = {}
        for k, name in enumerate(self.directions.names):
            order = [a for a in means[k].abs().argsort(descending=True).tolist() if sure[k, a]]
            found[name] = {
                self.attributes[a]: Estimate(
                    value=float(means[k, a]), low=float(low[k, a]), high=float(high[k, a])
                )
                for a in order
            }
        return found

    @property
    def renamed(self) -> Directions:
        """The directions, each named after the attribute that it moves most: "PC 1: Smiling +.31 ± .04"."""
        return Directions(
            replace(d, name=f"{d.name}: {next(iter(_told(self.moved[d.name])), NOTHING)}")
            for d in self.directions
        )

    def __str__(self) -> str:
        width = max(len(name) for name in self.directions.names)
        lines = [
            f"{name:{width}}  {', '.join(_told(moved)[:SHOWN]) or NOTHING}"
            for name, moved in self.moved.items()
        ]
        step = f"{self.strength:g} sigma along each direction, over {self.changes.shape[1]} images"
        return "\n".join([*lines, f"mean change of probability by {step}, ± half a 95 % interval"])

    def _intervals(self) -> tuple[Float[Tensor, "k a"], Float[Tensor, "k a"]]:
        """Both ends for each mean change by resampling images, so wide that all of a direction hold at once."""
        weights = resampling(self.changes.shape[1], seed=self.seed).to(self.changes)
        means = self.changes.mean(1)
        errors = (torch.einsum("bn,kna->bka", weights, self.changes) - means).abs()
        # The largest error of any attribute, in its own standard errors, sets the width for all.
        scale = errors.square().mean(0).sqrt().clamp(min=1e-12)
        reach = torch.quantile((errors / scale).amax(2), CONFIDENCE, dim=0)
        half = reach[:, None] * scale
        return means - half, means + half


def name_directions(
    generator: Generator,
    scorer: Scorer,
    directions: Directions,
    *,
    strength: float = 2.0,
    n: int = 48,
    seed: int = 1,
    truncation_psi: float = 1.0,
    batch_size: int = 64,
    progress: Callable[[int, int], None] | None = None,
) -> Naming:
    """Move the same images both ways along each direction, score them, and say which attributes move most.

    It stands with the measures: it needs a generator and a scorer and finds no direction.

    Args:
        directions: of any method; their sigma says how far to go. strength: the step, in these.
        n: images, each made twice for each direction. seed: of their codes.
        truncation_psi: as codes should be drawn. progress: called with the images done and all of them.

    Raises:
        SettingError: without directions, and for numbers outside their range.
        ScoreError: for a table of labels, which cannot see what an edit changed.
        SpaceError, FingerprintError: when directions and generator do not go together.
    """
    if not directions.items:
        raise SettingError("there are no directions to name; find some first")
    if n < 2 or batch_size < 1 or not 0 < strength < float("inf"):
        raise SettingError(
            f"cannot name directions by {n} images in batches of {batch_size}, {strength:g} sigma away; "
            "give at least 2, 1, and a strength above 0"
        )
    images = FreshImages(
        generator=generator,
        readers=Readers(scorer=scorer),
        n=n,
        seed=seed,
        space=directions.space,
        truncation_psi=truncation_psi,
        batch_size=batch_size,
    )
    lengths = strength * torch.tensor([direction.sigma for direction in directions])
    forwards, backwards = (
        images.read(
            images.along(directions, side * lengths), advance=part_of(progress, half, 2)
        ).logits.unflatten(0, (len(directions), n))
        for half, side in enumerate((1, -1))
    )
    return Naming(
        directions=directions,
        attributes=tuple(scorer.names),
        changes=(torch.sigmoid(forwards) - torch.sigmoid(backwards)) / 2,
        strength=strength,
        seed=seed,
    )


def _told(moved: dict[str, Estimate]) -> list[str]:
    """Each attribute with its change, such as "Smiling +.31 ± .04"."""
    return [
        f"{attribute} {_short(change.value, sign='+')} ± {_short(change.error)}"
        for attribute, change in moved.items()
    ]


def _short(number: float, *, sign: str = "") -> str:
    """Two decimals without the zero before them.

    >>> _short(0.314, sign="+"), _short(-0.05), _short(1.0)
    ('+.31', '-.05', '1.00')
    """
    return f"{number:{sign}.2f}".replace("0.", ".", 1)

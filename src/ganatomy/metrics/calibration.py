"""The steps that change each target by the same amount, found with few images."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.generators.base import Generator
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer

NUM_ROUNDS = 6
CLOSE = 0.03
"""A step is kept when the next one would differ by no more than this share."""
LEAP = 4.0
"""How many times longer or shorter the next step may be."""
SURE = 30.0
"""Logits beyond which a probability no longer changes."""


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What was seen in images: logits of attributes, and factors where there is a truth to read them."""

    logits: Float[Tensor, "*shape a"]
    factors: Float[Tensor, "*shape f"]


class Trials:
    """Generates and scores images of codes moved along directions, in batches that run over all directions.

    A code and a direction give `latents + strength * step`; nothing is kept between calls but how many were done.
    """

    def __init__(
        self,
        generator: Generator,
        scorer: Scorer,
        truth: Scorer | None,
        latents: Latents,
        steps: Float[Tensor, "k *shape"],
        *,
        batch_size: int,
        expected: int,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.generator, self.scorer, self.truth = generator, scorer, truth
        self.latents, self.steps, self.batch_size = latents, steps, batch_size
        self.done, self.expected, self.progress = 0, expected, progress

    @property
    def radius(self) -> float:
        """Root mean square distance of codes from their mean: how long a step can be and stay where codes are."""
        flat = self.latents.codes.flatten(1)
        return float((flat - flat.mean(0)).square().sum(1).mean().sqrt())

    def before(self) -> Sight:
        """All images as they are."""
        rows = torch.arange(len(self.latents))
        return self._see([self.latents[part] for part in rows.split(self.batch_size)], self.truth)

    def after(
        self,
        directions: Int[Tensor, " k"],
        rows: Int[Tensor, " m"],
        strengths: Float[Tensor, " k"],
        *,
        truth: Scorer | None = None,
    ) -> Sight:
        """The images of these rows, moved along each of these directions by its strength: `[k, m, ...]`.

        The truth is read only where it is given: the search for a step does not need it.
        """
        direction = directions.repeat_interleave(len(rows))
        strength, row = strengths.repeat_interleave(len(rows)), rows.repeat(len(directions))

        def moved(part: Tensor) -> Latents:
            start = self.latents[row[part]]
            step = self.steps[direction[part]]
            return start.with_codes(
                start.codes + strength[part].to(step).reshape(-1, *[1] * (step.ndim - 1)) * step
            )

        parts = torch.arange(len(row)).split(self.batch_size)
        seen = self._see((moved(part) for part in parts), truth)
        shape = (len(directions), len(rows))
        return Sight(logits=seen.logits.unflatten(0, shape), factors=seen.factors.unflatten(0, shape))

    def finish(self) -> None:
        """Report that no more images will come."""
        if self.progress:
            self.progress(self.done, self.done)

    def _see(self, parts: Iterable[Latents], truth: Scorer | None) -> Sight:
        logits, factors = [], []
        for latents in parts:
            # Clipped here, so that scorer and truth are shown the same images and one network need not look twice.
            images = self.generator(latents).clamp(-1, 1)
            scores = self.scorer.score(images, latents=latents)
            logits.append(scores.logits.cpu())
            read = scores.logits[:, :0] if truth is None else truth.score(images, latents=latents).logits
            factors.append(read.cpu())
            self.done += len(latents)
            if self.progress:
                self.progress(self.done, max(self.expected, self.done + 1))
        return Sight(logits=torch.cat(logits), factors=torch.cat(factors))


def find_strengths(
    trials: Trials,
    logits: Float[Tensor, "n k"],
    targets: Int[Tensor, " k"],
    *,
    slopes: Float[Tensor, " k"],
    sigmas: Float[Tensor, " k"],
    target_change: float,
    num_calibration: int,
) -> Float[Tensor, " k"]:
    """For each direction the step that changes the mean probability of its target by `target_change` over all codes.

    A secant search on the first codes, in which a step is read as the shift of all logits that would have changed their
    mean probability as much. The shift that all codes need is known without an image, so few codes are enough, and the
    search is straight where probabilities are not. Steps end where codes end (`Trials.radius`); where no step is enough
    the one that changed most is given.

    Args:
        logits: of each direction's target, in the images as they are. targets: its column among the scores.
        slopes, sigmas: of the directions, for the first guess.
    """
    sides = torch.where(torch.sigmoid(logits).mean(0) > 0.5, -1.0, 1.0)
    needed = shift_for(logits, sides * target_change).abs()
    limits = trials.radius / trials.steps.flatten(1).norm(dim=1)
    guesses = torch.where(slopes > 0, needed / slopes, sigmas)
    searches = [
        Search(size=min(guess, limit / 2), needed=need, limit=limit)
        for guess, need, limit in zip(guesses.tolist(), needed.tolist(), limits.tolist(), strict=True)
    ]
    few, rows = logits[:num_calibration], torch.arange(num_calibration)
    for _ in range(NUM_ROUNDS):
        left = torch.tensor([k for k, search in enumerate(searches) if not search.over], dtype=torch.long)
        if not len(left):
            break
        sizes = torch.tensor([searches[k].size for k in left.tolist()])
        seen = trials.after(left, rows, sides[left] * sizes).logits
        after = seen.gather(2, targets[left, None, None].expand(-1, len(rows), 1))[..., 0].T
        change = (torch.sigmoid(after) - torch.sigmoid(few[:, left])).mean(0)
        shifts = sides[left] * shift_for(few[:, left], change)
        for k, shift in zip(left.tolist(), shifts.tolist(), strict=True):
            searches[k].observe(shift)
    return sides * torch.tensor([search.found for search in searches])


@dataclass(kw_only=True)
class Search:
    """The search for one direction's step: what to try next, and what the steps tried so far have done.

    Args:
        size: the first step to try. needed: the shift of logits to reach. limit: the longest step.
    """

    size: float
    needed: float
    limit: float
    too_short: float = 0.0
    too_long: float = math.inf
    found: float = math.nan
    miss: float = math.inf
    over: bool = False

    def observe(self, shift: float) -> None:
        """Take in by how much the step of this size shifted the logits, and choose the next size."""
        if abs(shift - self.needed) < self.miss:
            self.found, self.miss = self.size, abs(shift - self.needed)
        factor = self.needed / shift if shift > 0 else math.inf
        if abs(factor - 1) <= CLOSE:
            self.found, self.over = min(self.size * factor, self.limit), True
            return
        if factor > 1:
            self.too_short = max(self.too_short, self.size)
        else:
            self.too_long = min(self.too_long, self.size)
        following = min(self.size * min(max(factor, 1 / LEAP), LEAP), self.limit)
        if not self.too_short < following < self.too_long:
            following = (self.too_short + self.too_long) / 2
        self.over = factor > 1 and self.size >= self.limit
        self.size = min(following, self.limit)


def shift_for(logits: Float[Tensor, "n k"], change: Float[Tensor, " k"]) -> Float[Tensor, " k"]:
    """By how much all logits of a column must shift to change their mean probability so much; at most `SURE`."""
    logits = logits.double()
    goal = torch.sigmoid(logits).mean(0) + change
    low, high = torch.full_like(goal, -SURE), torch.full_like(goal, SURE)
    for _ in range(50):
        middle = (low + high) / 2
        above = torch.sigmoid(logits + middle).mean(0) > goal
        low, high = torch.where(above, low, middle), torch.where(above, middle, high)
    return ((low + high) / 2).to(change)

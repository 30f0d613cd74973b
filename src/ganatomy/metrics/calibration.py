"""The steps that change each target by the same amount, found with few images."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

NUM_ROUNDS = 6
CLOSE = 0.3
"""A step is the last one tried when the next would differ by no more than this share; the next one is then kept, and
misses by a few percent, less than what few codes leave open."""
LEAP = 4.0
"""How many times longer or shorter the next step may be."""
POWERS = (0.4, 2.5)
"""Of a step's length, with which its shift of the logits may grow."""
SATURATED = 30.0
"""Logits beyond which a probability no longer changes."""

Attempt = Callable[[list[int], list[float]], Float[Tensor, "m j"]]
"""From some directions and the signed length of a step along each to the logits of their targets after it."""


def find_strengths(
    attempt: Attempt,
    logits: Float[Tensor, "n k"],
    *,
    slopes: Float[Tensor, " k"],
    sigmas: Float[Tensor, " k"],
    limits: Float[Tensor, " k"],
    target_change: float,
    num_calibration: int,
) -> Float[Tensor, " k"]:
    """For each direction the step that changes the mean probability of its target by `target_change` over all codes.

    A secant search on the first codes, in which a step is read as the shift of all logits that would have changed their
    mean probability as much. The shift that all codes need is known without an image, so few codes are enough, and the
    search is straight where probabilities are not. Where no step is enough, the one that changed most is given.

    Args:
        attempt: edits the first codes.
        logits: of each direction's target, in the unedited images.
        slopes: of the logits along the directions, for the first guess.
        sigmas: of the directions, for the first guess where there is no slope.
        limits: the longest step along each.
        target_change: of the mean probability.
        num_calibration: codes that `attempt` edits.
    """
    sides = torch.where(torch.sigmoid(logits).mean(0) > 0.5, -1.0, 1.0)
    needed = shift_for(logits, sides * target_change).abs()
    guesses = torch.where(slopes > 0, needed / slopes, sigmas)
    searches = [
        StepSearch(size=min(guess, limit / 2), needed=need, limit=limit)
        for guess, need, limit in zip(guesses.tolist(), needed.tolist(), limits.tolist(), strict=True)
    ]
    few = logits[:num_calibration]
    for _ in range(NUM_ROUNDS):
        left = [k for k, search in enumerate(searches) if not search.over]
        if not left:
            break
        after = attempt(left, [float(sides[k]) * searches[k].size for k in left])
        change = (torch.sigmoid(after) - torch.sigmoid(few[:, left])).mean(0)
        shifts = sides[left] * shift_for(few[:, left], change)
        for k, shift in zip(left, shifts.tolist(), strict=True):
            searches[k].observe(shift)
    return sides * torch.tensor([search.found for search in searches])


@dataclass(kw_only=True)
class StepSearch:
    """The search for one direction's step: what to try next, and what the steps tried so far have done.

    Args:
        size: the first step to try.
        needed: the shift of logits to reach.
        limit: the longest step.
    """

    size: float
    needed: float
    limit: float
    too_short: float = 0.0
    too_long: float = math.inf
    last: tuple[float, float] | None = None
    found: float = math.nan
    miss: float = math.inf
    over: bool = False

    def observe(self, shift: float) -> None:
        """Take in by how much the step of this size shifted the logits, and choose the next size."""
        if abs(shift - self.needed) < self.miss:
            self.found, self.miss = self.size, abs(shift - self.needed)
        factor = (self.needed / shift) ** (1 / self._power(shift)) if shift > 0 else math.inf
        self.last = self.size, shift
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

    def _power(self, shift: float) -> float:
        """The power of the step's length with which the shift grew since the last step; 1 at first."""
        if self.last is None or self.last[1] <= 0 or self.last[0] == self.size:
            return 1.0
        size, before = self.last
        power = math.log(shift / before) / math.log(self.size / size)
        return min(max(power, POWERS[0]), POWERS[1])


def shift_for(logits: Float[Tensor, "n k"], change: Float[Tensor, " k"]) -> Float[Tensor, " k"]:
    """By how much all logits of a column must shift to change their mean probability so much; at most `SATURATED`."""
    logits = logits.double()
    goal = torch.sigmoid(logits).mean(0) + change
    low, high = torch.full_like(goal, -SATURATED), torch.full_like(goal, SATURATED)
    for _ in range(50):
        middle = (low + high) / 2
        above = torch.sigmoid(logits + middle).mean(0) > goal
        low, high = torch.where(above, low, middle), torch.where(above, middle, high)
    return ((low + high) / 2).to(change)

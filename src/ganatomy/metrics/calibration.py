"""The steps that change each target by the same amount, found with few images."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

FEW = 1 / 6, 4, 32
"""Share of the images that the search starts on, and at least and at most so many."""
FIRST_ROUNDS, LAST_ROUNDS = 4, 2
"""Steps that are tried along a direction at most, on few images and then on all."""
CLOSE = 0.3
"""A step is tried on all images next when, by the few, it misses what is needed by no more than this share."""
SAME = 0.1
"""It is tried unchanged when it misses by no more than this, so that the few images need not be made again."""
ENOUGH = 0.15
"""On all images, a step is kept that misses the change asked for by no more than this share."""
LEAP = 4.0
"""How many times longer or shorter the next step may be."""
POWERS = (0.4, 2.5)
"""Of a step's length, with which its shift of the logits may grow."""
SATURATED = 30.0
"""Logits beyond which a probability no longer changes."""


class Trial(NamedTuple):
    """A step along a direction, given by its place, in the first images."""

    place: int
    strength: float
    num_images: int


Attempt = Callable[[list[Trial]], list[Float[Tensor, " m"]]]
"""From trials to the logits of their directions' targets after the steps."""


def find_strengths(
    attempt: Attempt,
    logits: Float[Tensor, "n k"],
    *,
    slopes: Float[Tensor, " k"],
    sigmas: Float[Tensor, " k"],
    limits: Float[Tensor, " k"],
    target_change: float,
) -> list[float]:
    """For each direction a step that changes the mean probability of its target by about `target_change`.

    A secant search in which a step is read as the shift of all logits that would have changed their mean probability as
    much, so it is straight where probabilities are not. It starts on few images, because the shift that all need is
    known without an edit; then the step is tried on all, which mends what few leave open. Where no step is enough, the
    one that changed most is given.

    Args:
        attempt: edits the first images.
        logits: of each direction's target, in the unedited images.
        slopes: of the logits along the directions, for the first guess.
        sigmas: of the directions, for the first guess where there is no slope.
        limits: the longest step along each.
        target_change: of the mean probability.

    Returns:
        Strengths that `attempt` has tried on all images.
    """
    sides = torch.where(torch.sigmoid(logits).mean(0) > 0.5, -1.0, 1.0)
    needed = shift_for(logits, sides * target_change).abs()
    guesses = torch.where(slopes > 0, needed / slopes, sigmas)
    searches = [
        StepSearch(size=min(guess, limit / 2), needed=need, limit=limit)
        for guess, need, limit in zip(guesses.tolist(), needed.tolist(), limits.tolist(), strict=True)
    ]

    def observe(num_images: int) -> list[tuple[int, float, float]]:
        """Try the next step along each direction whose search is not over: (place, shift, change)."""
        left = [k for k, search in enumerate(searches) if not search.over]
        trials = [Trial(k, float(sides[k]) * searches[k].size, num_images) for k in left]
        seen = []
        for k, after in zip(left, attempt(trials) if trials else [], strict=True):
            own = logits[:num_images, [k]]
            change = (torch.sigmoid(after[:, None]) - torch.sigmoid(own)).mean(0)
            seen.append((k, float(sides[k] * shift_for(own, change)), float(sides[k] * change)))
        return seen

    share, least, most = FEW
    few, every = min(max(round(share * len(logits)), least), most), len(logits)
    if few < every:
        for _ in range(FIRST_ROUNDS):
            for k, shift, _ in observe(few):
                searches[k].observe(shift, off=abs(shift / searches[k].needed - 1), near=CLOSE)
        searches = [search.on_all() for search in searches]
    for _ in range(LAST_ROUNDS if few < every else FIRST_ROUNDS + LAST_ROUNDS):
        for k, shift, change in observe(every):
            searches[k].observe(shift, off=abs(change / target_change - 1), near=ENOUGH)
    return [side * search.found for side, search in zip(sides.tolist(), searches, strict=True)]


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

    def observe(self, shift: float, *, off: float, near: float) -> None:
        """Take in by how much the step of this size shifted the logits, and choose the next size.

        Args:
            shift: of the logits.
            off: share by which the step misses what was asked for.
            near: share that is near enough, so that the search is over.
        """
        if abs(shift - self.needed) < self.miss:
            self.found, self.miss = self.size, abs(shift - self.needed)
        factor = (self.needed / shift) ** (1 / self._power(shift)) if shift > 0 else math.inf
        self.last = self.size, shift
        following = min(self.size * min(max(factor, 1 / LEAP), LEAP), self.limit)
        self.over = off <= near or (factor > 1 and self.size >= self.limit)
        if self.over:
            self.size = following
            return
        if factor > 1:
            self.too_short = max(self.too_short, self.size)
        else:
            self.too_long = min(self.too_long, self.size)
        if not self.too_short < following < self.too_long:
            following = (self.too_short + self.too_long) / 2
        self.size = min(following, self.limit)

    def on_all(self) -> StepSearch:
        """The search on all images, which starts where the one on few has come to and takes nothing for granted."""
        same = self.last is not None and abs(self.size / self.last[0] - 1) <= SAME
        size = self.last[0] if self.last and same else self.size
        return StepSearch(size=size, needed=self.needed, limit=self.limit)

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

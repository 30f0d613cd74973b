"""How far each image must go along a direction until its own score reaches its target."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.edits import move
from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.generators.base import Generator
from ganatomy.guidance.goals import FARTHEST, UNITS, Value, goals
from ganatomy.latents import Direction, Latents
from ganatomy.perception.base import Scorer, Scores
from ganatomy.workers import read_images

STATIONS = 9
"""Places on the whole range that are looked at first: scores along a direction may rise and fall again."""

NUM_ROUNDS = 12
"""Places that are looked at between the two that enclose the goal."""

CLOSE = 0.04
"""Logits that may be missing where a goal counts as reached: .01 of the probability at one half, less at its ends."""

EXACT = 1e-3
"""Logits that a strength may miss its goal by."""

Score = Callable[[Tensor, Tensor], Tensor]
"""From rows and their strengths to logits."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Strengths:
    """How far each image goes, in standard deviations of codes along the direction.

    Args:
        latents: the codes there.
        before: probability of the attribute in the image as it was.
        goals: probability that was asked for; twice .7 is 1.4, which no image has.
        after: probability at that strength.
        reached: whether this is what was asked for; where not, no strength in the range comes nearer.
    """

    attribute: str
    sigmas: Float[Tensor, " n"]
    latents: Latents
    before: Float[Tensor, " n"]
    goals: Float[Tensor, " n"]
    after: Float[Tensor, " n"]
    reached: Bool[Tensor, " n"]

    def __str__(self) -> str:
        ends = len(self.reached) - int(self.reached.sum())
        note = f"; {ends} do not reach their goal" if ends else ""
        return (
            f"{self.attribute} {float(self.before.mean()):.2f} to {float(self.after.mean()):.2f} "
            f"(means of {len(self.sigmas)}), by {float(self.sigmas.min()):+.2f} to {float(self.sigmas.max()):+.2f} "
            f"sigma{note}"
        )


@torch.no_grad()
def strengths(
    generator: Generator,
    scorer: Scorer,
    latents: Latents,
    direction: Direction,
    to: Value,
    *,
    units: str = "probability",
    hold: Iterable[Direction] = (),
    reference: Scores | None = None,
    limits: tuple[float, float] = (-5.0, 5.0),
    batch_size: int | None = None,
) -> Strengths:
    """For each image the smallest strength at which its score is what is wanted: looked for in its own images.

    Unlike `units="logit"` of `edits.move`, which is what a linear model of all images promises, a goal is read in the
    edited image.

    Args:
        direction: to move along; its name is the attribute that is scored.
        to: one value, or one for each image.
        units: "probability", "logit", "change", "shift" as in `guided`; "times" of the image's own probability (2 is
            twice the smile); "percentile" (0 to 100) among the scores of `reference`, such as `survey.scores`.
        hold: directions whose linear scores stay, as in `edits.move`.
        reference: scores of a population.
        limits: the range of strengths, in sigmas.

    Raises:
        UnknownNameError: for a direction whose name is not scored, and for other units.
        SettingError: for values and limits out of range, percentiles without a reference, and held directions that
            let nothing move.
        ScoreError: for a table of labels.
        SpaceError, FingerprintError: when codes, direction and generator do not go together.

    Example::

        twice = ga.strengths(G, scorer, w, found["Smiling"], 2.0, units="times")
        ga.grid(G(twice.latents)).save("twice-the-smile.png")
    """
    scorer.require_images()
    low, high = limits
    if not (low <= 0 <= high and high - low > 0):
        raise SettingError(f"strengths from {low:g} to {high:g}: give a range around 0")
    if not len(latents):
        raise SettingError("there are no codes to move; give one or more")
    name, held = direction.name, tuple(hold)
    own_scorer = scorer.select([name])

    def moved(rows: Latents, sigmas: Tensor) -> Latents:
        return move(rows, direction, sigmas, units="sigma", hold=held)

    def score(rows: Tensor, sigmas: Tensor) -> Tensor:
        [logits] = read_images(generator, moved(latents[rows], sigmas), own_scorer, batch_size=batch_size)
        return logits[:, 0].double()

    everyone = torch.arange(len(latents))
    own = score(everyone, torch.zeros(len(latents)))
    before = Scores(names=(name,), logits=own[:, None].float())
    goal, asked = _goals(before, to, units, reference)
    found, seen = _solve(score, own, goal, limits)
    return Strengths(
        attribute=name,
        sigmas=found.float(),
        latents=moved(latents, found),
        before=torch.sigmoid(own).float(),
        goals=asked.float(),
        after=torch.sigmoid(seen).float(),
        reached=reaches(torch.sigmoid(seen), asked),
    )


def reaches(after: Float[Tensor, " n"], asked: Float[Tensor, " n"]) -> Bool[Tensor, " n"]:
    """Whether probabilities are those that were asked for; no image reaches one of 0 or 1, or beyond.

    >>> reaches(torch.tensor([0.6, 0.6, 0.99]), torch.tensor([0.601, 0.7, 1.4])).tolist()
    [True, False, False]
    """
    return (torch.logit(after.double()) - torch.logit(asked.double())).abs() <= CLOSE


def _goals(
    before: Scores, to: Value, units: str, reference: Scores | None
) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """The logit to look for in each image, and the probability that was asked for."""
    name, own = before.names[0], torch.sigmoid(before.logits[:, 0].double())
    if units == "times":
        factors = _numbers(to)
        if not bool((torch.isfinite(factors) & (factors > 0)).all()):
            raise SettingError(f"{to} times {name!r} means nothing; give a number above 0, such as 2")
        asked = (factors * own).expand(len(own))
        return torch.logit(torch.minimum(asked, own.clamp(min=FARTHEST))), asked
    if units == "percentile":
        if reference is None:
            raise SettingError("a percentile of what? give reference, such as the scores of a survey")
        share = _numbers(to) / 100
        if not bool(((share >= 0) & (share <= 1)).all()):
            raise SettingError(f"{to} is not a percentile; give a number from 0 to 100")
        logits = reference.column(name).double().quantile(share.flatten()).reshape(share.shape)
        goal = goals(before, {name: logits}, units="logit")[:, 0]
        return goal, torch.sigmoid(goal)
    if units not in UNITS:
        raise UnknownNameError("unit of a target", units, (*UNITS, "times", "percentile"))
    goal = goals(before, {name: to}, units=units)[:, 0]
    signed = isinstance(to, str) and to.strip()[:1] in ("+", "-")
    if units == "change" or signed:
        return goal, own + torch.as_tensor(float(to) if isinstance(to, str) else to, dtype=torch.float64)
    return goal, torch.sigmoid(goal)


def _numbers(to: Value) -> Float[Tensor, "..."]:
    return torch.tensor(torch.nan) if isinstance(to, str) else torch.as_tensor(to, dtype=torch.float64)


def _solve(
    score: Score, own: Float[Tensor, " n"], goal: Float[Tensor, " n"], limits: tuple[float, float]
) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """Strengths, and the logits that were seen there: the crossing nearest to 0, by bisection and secants in turn."""
    n, everyone = len(own), torch.arange(len(own))
    stations = torch.linspace(*limits, STATIONS, dtype=torch.float64)
    stations = torch.cat([stations, torch.zeros(1, dtype=torch.float64)]).unique()
    seen = torch.stack(
        [own if s == 0 else score(everyone, s.expand(n)) for s in stations],
        dim=1,
    )
    apart = seen - goal[:, None]
    crosses = apart[:, :-1] * apart[:, 1:] <= 0
    nearness = torch.minimum(stations[:-1].abs(), stations[1:].abs()) + 1e-3 * torch.maximum(
        stations[:-1].abs(), stations[1:].abs()
    )
    first = torch.where(crosses, nearness, torch.inf).argmin(1)
    nearest = (torch.sigmoid(seen) - torch.sigmoid(goal)[:, None]).abs().argmin(1)
    found, at = stations[nearest], seen[everyone, nearest]
    low, high = stations[first], stations[first + 1]
    f_low, f_high = apart[everyone, first], apart[everyone, first + 1]
    left = (crosses.any(1) & ((at - goal).abs() > EXACT)).nonzero()[:, 0]
    for round_ in range(NUM_ROUNDS):
        if not len(left):
            break
        a, b, fa, fb = low[left], high[left], f_low[left], f_high[left]
        middle = (a + b) / 2 if round_ % 2 else a - fa * (b - a) / torch.where(fb == fa, 1.0, fb - fa)
        logits = score(left, middle)
        f = logits - goal[left]
        same = f * fa > 0
        low[left], f_low[left] = torch.where(same, middle, a), torch.where(same, f, fa)
        high[left], f_high[left] = torch.where(same, b, middle), torch.where(same, fb, f)
        better = f.abs() < (at[left] - goal[left]).abs()
        found[left], at[left] = (
            torch.where(better, middle, found[left]),
            torch.where(better, logits, at[left]),
        )
        left = left[(at[left] - goal[left]).abs() > EXACT]
    return found, at

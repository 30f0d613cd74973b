"""The change of B for each unit of A, how much of it correlations explain, and how sure both are.

moved = mean(dB) / mean(dA) over images of new codes, each before and after one step along the direction of A.

explained: among normals that correlate by rho, B is expected to move by rho times as much as A (Galton's regression).
So the normal score of B in an image moves by rho times that of A and is read back as a probability; its mean is divided
by mean(dA). Normal scores are those among generated images; rho is that of the data, or of generated images
(`statistics.latent`).

excess = moved - explained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ganatomy.experiments.studies.bias.changes import Trait
from ganatomy.statistics.intervals import TAILS, Estimate
from ganatomy.statistics.latent import LatentCorrelation, Numbers

NUM_DRAWS = 4000
NUDGE = 0.01
"""By how much a correlation is changed to see what the explained change does."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What was read in the same images before and after one step.

    Args:
        changed: of A, `[n]` each, as it was read (logits of attributes).
        watched: of every B, `[n, m]` each.
    """

    changed: tuple[Numbers, Numbers]
    watched: tuple[Numbers, Numbers]


@dataclass(frozen=True, kw_only=True)
class Explained:
    """What a correlation explains of the change of B.

    Args:
        correlation: of the normals behind A and B.
        change: of B for each unit of A that it leads to expect.
        excess: the change that was measured, less this.
        p: of no excess.
        p_of_all: the same as one of all pairs, by the distribution of the largest one (Westfall and Young 1993).
    """

    correlation: LatentCorrelation
    change: Estimate
    excess: Estimate
    p: float
    p_of_all: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """Figures of the pairs of one A, and what they are in draws of all that is random.

    Args:
        moved: `[m]`, with draws `[b, m]`.
        explained: name of the reference to the same.
    """

    moved: tuple[Numbers, Numbers]
    explained: dict[str, tuple[Numbers, Numbers]]


def draw_figures(
    first: Trait,
    others: Sequence[Trait],
    seen: Seen,
    again: Sequence[Seen],
    correlations: dict[str, list[LatentCorrelation]],
    *,
    resampled: Sequence[tuple[Trait, Sequence[Trait]]],
    inflation: float,
    seed: int,
) -> Draws:
    """Figures of A and every B, with the errors of images, directions, correlations and distributions.

    Images are drawn with replacement. Directions found in other parts of the survey move the figures; their deviations
    are drawn at random, with heavier tails for being few. Correlations are drawn from normals of their standard errors.

    Args:
        first: A.
        others: every B.
        seen: read before and after the step.
        again: the same in some of the images, along directions that were found again.
        correlations: reference to those of A with every B.
        resampled: A and every B with their distributions over images that were drawn from the survey with replacement.
        inflation: variance of directions over that between those that were found again.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    n, num_others = seen.watched[0].shape
    weights = rng.multinomial(n, np.full(n, 1 / n), size=NUM_DRAWS) / n
    by_direction, by_distribution = (
        _student(rng, len(again), inflation),
        _student(rng, len(resampled), 1.0),
    )
    own = _change(first, seen.changed)
    watched = np.stack([_change(b, _column(seen.watched, j)) for j, b in enumerate(others)], axis=1)
    moved = watched.mean(0) / own.mean()
    rates = [_rates(first, others, it) for it in again]
    drawn_own = (weights @ own)[:, None]
    figures = (moved, weights @ watched / drawn_own + _spread(by_direction, rates))
    explained: dict[str, tuple[Numbers, Numbers]] = {}
    for name, of_all in correlations.items():
        rho = np.array([it.value for it in of_all])
        expected, nudged = (expected_changes(first, others, seen, rho + nudge) for nudge in (0, NUDGE))
        slope = (nudged - expected) / NUDGE
        errors = rng.standard_normal((NUM_DRAWS, num_others)) * [it.error for it in of_all]
        drawn = weights @ expected + errors * (weights @ slope)
        refound = [
            expected_changes(first, others, it, rho).mean(0) / _change(first, it.changed).mean()
            for it in again
        ]
        redrawn = [expected_changes(*traits, seen, rho).mean(0) / own.mean() for traits in resampled]
        drawn = drawn / drawn_own + _spread(by_direction, refound) + _spread(by_distribution, redrawn)
        explained[name] = (expected.mean(0) / own.mean(), drawn)
    return Draws(moved=figures, explained=explained)


def _student(rng: np.random.Generator, count: int, inflation: float) -> Numbers:
    """Weights of the deviations of a few values that give draws with their covariance, and Student's tails."""
    if count < 2:
        return np.zeros((1, count))
    # Normal draws, each divided by the root of a chi squared of as many degrees of freedom.
    draws = rng.standard_normal((NUM_DRAWS, count))
    return draws * np.sqrt(inflation / rng.chisquare(count - 1, NUM_DRAWS))[:, None]


def _spread(weights: Numbers, values: list[Numbers]) -> Numbers:
    """What the deviations of these values from their mean come to, in every draw."""
    return weights @ (np.stack(values) - np.mean(values, axis=0)) if values else np.zeros((1, 1))


def expected_changes(first: Trait, others: Sequence[Trait], seen: Seen, rho: Numbers) -> Numbers:
    """The change of every B in each image that its correlation with A leads to expect, `[n, m]`."""
    before, after = (first.marginal.scores(it) for it in seen.changed)
    columns = []
    for j, other in enumerate(others):
        was = seen.watched[0][:, j]
        moved = other.marginal.values(other.marginal.scores(was) + rho[j] * (after - before))
        columns.append(other.amounts(moved) - other.amounts(was))
    return np.stack(columns, axis=1)


def explain(
    draws: Sequence[Draws], correlations: Sequence[dict[str, list[LatentCorrelation]]]
) -> list[list[dict[str, Explained]]]:
    """For every A and every B, what each reference explains; p-values are corrected over all pairs of a reference."""
    found: list[list[dict[str, Explained]]] = [[{} for _ in it.moved[0]] for it in draws]
    for name in dict.fromkeys(name for it in draws for name in it.explained):
        excess = [it.moved[0] - it.explained[name][0] for it in draws]
        drawn = [it.moved[1] - it.explained[name][1] for it in draws]
        errors = [np.maximum((d - e).std(0), 1e-12) for d, e in zip(drawn, excess, strict=True)]
        away = [np.abs(d - e) / s for d, e, s in zip(drawn, excess, errors, strict=True)]
        largest = np.nan_to_num(np.concatenate(away, axis=1)).max(1)
        for row, (it, e, d, s) in enumerate(zip(draws, excess, drawn, errors, strict=True)):
            for column, size in enumerate(np.abs(e) / s):
                found[row][column][name] = Explained(
                    correlation=correlations[row][name][column],
                    change=_estimate(it.explained[name][0][column], it.explained[name][1][:, column]),
                    excess=_estimate(e[column], d[:, column]),
                    p=_share(np.abs(d[:, column] - e[column]) / s[column], size),
                    p_of_all=_share(largest, size),
                )
    return found


def moved_by(draws: Draws) -> list[Estimate]:
    """The change of every B for each unit of A."""
    return [_estimate(value, draws.moved[1][:, j]) for j, value in enumerate(draws.moved[0])]


def _rates(first: Trait, others: Sequence[Trait], seen: Seen) -> Numbers:
    own = _change(first, seen.changed).mean()
    return np.array([_change(b, _column(seen.watched, j)).mean() / own for j, b in enumerate(others)])


def _change(trait: Trait, read: tuple[Numbers, Numbers]) -> Numbers:
    return trait.amounts(read[1]) - trait.amounts(read[0])


def _column(read: tuple[Numbers, Numbers], j: int) -> tuple[Numbers, Numbers]:
    return read[0][:, j], read[1][:, j]


def _estimate(value: float, drawn: Numbers) -> Estimate:
    low, high = np.nanquantile(drawn, TAILS) if np.isfinite(drawn).any() else (np.nan, np.nan)
    return Estimate(value=float(value), low=float(low), high=float(high))


def _share(null: Numbers, size: float) -> float:
    return float((1 + (null >= size * (1 - 1e-9)).sum()) / (1 + len(null))) if np.isfinite(size) else np.nan

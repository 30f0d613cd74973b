"""What edits cost: changes of others against changes of the target, and quality against the number of labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ganatomy.directions import METHODS
from ganatomy.directions.base import auc
from ganatomy.directions.evidence import HELD_OUT
from ganatomy.errors import ScoreError
from ganatomy.experiments.compare.budget import Budget
from ganatomy.experiments.compare.editing import Editor, MethodResult
from ganatomy.latents import Directions
from ganatomy.metrics.entanglement import Entanglement, measure_steps
from ganatomy.metrics.fresh_images import FreshImages
from ganatomy.progress import Advance
from ganatomy.statistics.intervals import Estimate, mean_of

TRADED = ("regression", "dual", "held", "selective", "guided", "guided-hold")
"""Methods that edit by several target changes: one for each kind of edit, and both linear holds."""
CHANGES = (0.1, 0.4)
"""Target changes beside the one of the comparison."""
TRADED_ATTRIBUTES, TRADED_IMAGES = 4, 12
"""At most so many attributes and images are edited once more for each of these."""
LEARNERS = ("regression", "logistic", "centroid")
"""Methods that learn from fewer and fewer labels."""
FEWEST = 50
NUM_SIZES = 4
REPEATS = 5
"""Draws of each number of labels, to see how much chance there is."""


@dataclass(frozen=True, kw_only=True)
class Trade:
    """At one target change: what the target changed by, and the mean |change| of each other attribute."""

    target_change: float
    achieved: Estimate
    collateral: Estimate


@dataclass(frozen=True, kw_only=True)
class SampleSize:
    """What n labels give: held-out AUC (between the best and the worst draw), and selectivity of the first draw."""

    n: int
    auc: Estimate
    selectivity: Estimate | None = None


Trades = Mapping[str, tuple[Trade, ...]]
Learning = Mapping[str, tuple[SampleSize, ...]]


def trade_all(
    editor: Editor, results: Mapping[str, MethodResult], change: float, *, advance: Advance
) -> Trades:
    """Some methods at several target changes, on the first attributes and images."""
    few = editor.first(TRADED_IMAGES)
    methods = [name for name in TRADED if name in results]
    curves: dict[str, tuple[Trade, ...]] = {}
    for done, method in enumerate(methods):
        result = results[method]
        names = result.changes.names[:TRADED_ATTRIBUTES]
        points = {change: result.changes} | {
            goal: few.edit(result.contestant, result.found.directions, goal, names=names)[1]
            for goal in CHANGES
            if goal != change
        }
        curves[method] = tuple(
            trade(points[goal], num_edits=len(names), num_images=few.images.n) for goal in sorted(points)
        )
        advance(done + 1, len(methods))
    advance(1, 1)
    return curves


def trade(changes: Entanglement, *, num_edits: int, num_images: int) -> Trade:
    """Where the first edits of the first images are on the curve; the intervals are from resampling images."""
    is_target = (changes.targets[:, None] == torch.arange(len(changes.attributes)))[:num_edits]
    by_image = changes.turned[:num_edits, :num_images].transpose(1, 2)
    return Trade(
        target_change=changes.target_change,
        achieved=mean_of(by_image[is_target].mean(0), seed=changes.seed),
        collateral=mean_of(by_image[~is_target].abs().mean(0), seed=changes.seed),
    )


def learn_all(
    budget: Budget,
    images: FreshImages,
    methods: Mapping[str, object],
    change: float,
    *,
    names: Sequence[str],
    advance: Advance,
) -> Learning:
    """Some methods with more and more labels; for the first of them also what its directions change in images."""
    learners = [name for name in LEARNERS if name in methods]
    found = {}
    for done, name in enumerate(learners):
        found[name] = learning(budget, name, images=None if done else images, change=change, names=names)
        advance(done + 1, len(learners))
    advance(1, 1)
    return found


def learning(
    budget: Budget, method: str, *, images: FreshImages | None, change: float, names: Sequence[str]
) -> tuple[SampleSize, ...]:
    """A method with more and more labels; with images, what its directions change in them as well."""
    held, labels = budget.held.latents.codes.detach().cpu().flatten(1), budget.held.scores.logits > 0
    found = []
    for n in sizes(len(budget.train)):
        repeats = 1 if n == len(budget.train) else REPEATS
        tries = [smaller(budget, method, n, repeat=repeat) for repeat in range(repeats)]
        whole = [directions for directions in tries if directions is not None]
        if not whole:
            continue
        areas = torch.stack([auc(held @ each.matrix.T, labels).nanmean() for each in whole])
        changes = (
            None if images is None else measure_steps(images, whole[0].select(names), target_change=change)
        )
        found.append(
            SampleSize(
                n=n,
                auc=Estimate(value=float(areas.mean()), low=float(areas.min()), high=float(areas.max())),
                selectivity=None if changes is None else changes.selectivity().mean,
            )
        )
    return tuple(found)


def sizes(num_train: int) -> list[int]:
    """Numbers of labels from `FEWEST` to all, in equal ratios.

    >>> sizes(1050)
    [50, 138, 381, 1050]
    """
    if num_train <= FEWEST:
        return [num_train]
    return [round(n) for n in np.geomspace(FEWEST, num_train, NUM_SIZES)]


def smaller(budget: Budget, method: str, n: int, *, repeat: int) -> Directions | None:
    """Directions from n labels; None where so few do not have and lack every attribute.

    A method holds out a share of what it is given, so it is given that much more.
    """
    order = np.random.default_rng((budget.seed, repeat)).permutation(len(budget.train))
    rows = torch.from_numpy(np.sort(order[: min(len(order), math.ceil(n / (1 - HELD_OUT)))]))
    try:
        if n == len(budget.train):
            return METHODS[method](budget.survey, budget.names, seed=budget.seed)
        return METHODS[method](budget.train[rows], budget.names, seed=budget.seed + repeat)
    except ScoreError:
        return None

"""How much of a label a linear SVM reads off features: what a network knows without having been told.

Radford et al. 2015, section 5.1, judge a discriminator so: "a regularized linear L2-SVM classifier on top".
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ganatomy.critics import Critic, discriminator_features
from ganatomy.errors import SettingError
from ganatomy.metrics.base import Figure, Result, aligned, certain
from ganatomy.perception.base import Scorer
from ganatomy.perception.features import scorer_features
from ganatomy.statistics.intervals import Estimate, mean_of

HELD_OUT = 0.2
PENALTIES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
"""Weights of the squared norm beside the mean loss, one of which is chosen within the training rows."""
ENOUGH = 2000
"""Training rows that the penalty is chosen on, a quarter of them held out for it."""
FEWEST = 20
MAX_STEPS = 50
FLAT = 1e-6


@dataclass(frozen=True, kw_only=True)
class LinearSVM(Result):
    """What a linear SVM reads off one kind of features, on rows that it was not trained on.

    Args:
        accuracy: with its interval over the held-out rows. chance: the share of their commonest class.
        correct: which held-out rows it got right, in the order of `rows`, so that two kinds compare row by row.
        penalty: that was chosen.
    """

    accuracy: Estimate
    chance: float
    correct: Bool[Tensor, " m"]
    rows: Int[Tensor, " m"]
    num_classes: int
    num_features: int
    num_train: int
    penalty: float

    unit: ClassVar[str] = "of 1"
    higher_is_better: ClassVar[bool | None] = True

    @property
    def figures(self) -> dict[str, Figure]:
        return self._figures(accuracy=self.accuracy, commonest_class=certain(self.chance))

    @property
    def notes(self) -> tuple[str, ...]:
        text = (
            f"accuracy of a linear SVM compares at the same number of training rows ({self.num_train}) and classes "
            f"({self.num_classes})"
        )
        return (text,)

    def __str__(self) -> str:
        return (
            f"accuracy {self.accuracy} on {len(self.rows)} held-out rows ({self.num_train} for training, "
            f"{self.num_features} features, {self.num_classes} classes; {self.chance:.2g} by always naming the "
            f"commonest); {self.verdict}"
        )


@dataclass(frozen=True, kw_only=True)
class FeatureComparison(Result):
    """The same for several kinds of features of the same images, with the same rows held out.

    Args:
        results: by kind, the one in question first. ahead: its accuracy less that of each other kind, row by row.
    """

    results: dict[str, LinearSVM]
    ahead: dict[str, Estimate]

    unit: ClassVar[str] = "of 1"
    higher_is_better: ClassVar[bool | None] = True

    @property
    def figures(self) -> dict[str, Figure]:
        return self._figures(**{name: result.accuracy for name, result in self.results.items()})

    @property
    def notes(self) -> tuple[str, ...]:
        return next(iter(self.results.values())).notes

    def __str__(self) -> str:
        lines = [["features", "number", "accuracy", "first less this"]]
        for name, result in self.results.items():
            ahead = str(self.ahead[name]) if name in self.ahead else ""
            lines.append([name, str(result.num_features), str(result.accuracy), ahead])
        first = next(iter(self.results.values()))
        return f"{aligned(lines)}\ncommonest class {first.chance:.3g}; {self.verdict}"


def linear_svm_accuracy(
    features: Float[Tensor, "n d"],
    labels: Int[Tensor, " m"] | Bool[Tensor, " m"],
    *,
    held_out: float = HELD_OUT,
    penalty: float | None = None,
    seed: int = 0,
) -> LinearSVM:
    """Train a linear SVM on most rows and judge it on the others.

    Features are centred and scaled to deviation 1 by the training rows. Each class against the rest minimises
    `½ λ (|w|² + b²) + mean max(0, 1 - y (w x + b))²`.

    Args:
        labels: the class of each row. held_out: share of the rows. seed: of the rows that are held out.
        penalty: λ; by default the best of five on a part of the training rows.

    Raises:
        SettingError: for fewer than 20 rows, labels of another number or of one class, features that are not finite,
            and a class that is not among the training rows.
    """
    kinds, index = _check(features, labels, held_out)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(features)))
    num_test = max(2, round(held_out * len(features)))
    test, train = order[:num_test], order[num_test:]
    if len(index[train].unique()) < len(kinds):
        raise SettingError("a class is too rare to be among the rows for training; give more rows of it")
    scale = _Scale.of(features[train])
    rows = scale(features[train])
    if penalty is None:
        penalty = _choose(rows[:ENOUGH], index[train][:ENOUGH], len(kinds))
    weights = _separate(rows, index[train], len(kinds), penalty)
    correct = _told(scale(features[test]), weights) == index[test]
    return LinearSVM(
        accuracy=mean_of(correct.double(), seed=seed),
        chance=float(index[test].bincount().max()) / num_test,
        correct=correct,
        rows=test,
        num_classes=len(kinds),
        num_features=features.shape[1],
        num_train=len(train),
        penalty=penalty,
    )


def compare_features(
    kinds: Mapping[str, Float[Tensor, "n _"]],
    labels: Int[Tensor, " m"] | Bool[Tensor, " m"],
    *,
    held_out: float = HELD_OUT,
    seed: int = 0,
) -> FeatureComparison:
    """`linear_svm_accuracy` of several kinds of features of the same images, the one in question first.

    Raises:
        SettingError: without any kind, and as `linear_svm_accuracy` does.
    """
    if not kinds:
        raise SettingError("there are no features to compare; give at least one kind")
    results = {
        name: linear_svm_accuracy(features, labels, held_out=held_out, seed=seed)
        for name, features in kinds.items()
    }
    (_, first), *others = results.items()
    return FeatureComparison(
        results=results,
        ahead={
            name: mean_of(first.correct.double() - other.correct.double(), seed=seed)
            for name, other in others
        },
    )


@torch.no_grad()
def critic_accuracy(
    critic: Critic,
    images: Float[Tensor, "n c h w"],
    labels: Int[Tensor, " m"] | Bool[Tensor, " m"],
    *,
    scorer: Scorer | None = None,
    held_out: float = HELD_OUT,
    seed: int = 0,
) -> FeatureComparison:
    """What a discriminator knows of a label that it never saw, beside what anything knows.

    Beside it stand the same network without training, which shows what its layers are worth by their shape alone; the
    pixels; and what the scorer's trunk sees, which was trained for labels.

    Args:
        images: in [-1, 1]. labels: the class of each. scorer: None leaves it out.

    Raises:
        SettingError: as `linear_svm_accuracy` does.
    """
    kinds = {
        "critic": discriminator_features(critic, images).cpu(),
        "untrained critic": discriminator_features(untrained(critic, seed=seed), images).cpu(),
        "pixels": critic.fitted(images.float()).flatten(1).cpu(),
    }
    if scorer is not None:
        sees = scorer_features(scorer)
        kinds["scorer"] = torch.cat([sees(part).cpu() for part in images.split(256)])
    return compare_features(kinds, labels, held_out=held_out, seed=seed)


def untrained(critic: Critic, *, seed: int = 0) -> Critic:
    """A critic of the same shape with random weights, each layer's as large as the trained one's."""
    fresh = copy.deepcopy(critic)
    draw = torch.Generator().manual_seed(seed)
    for module in fresh.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
    for parameter in fresh.parameters():
        if parameter.ndim > 1:
            noise = torch.randn(parameter.shape, generator=draw).to(parameter)
            parameter.data.copy_(noise * parameter.square().mean().sqrt())
        elif parameter.ndim == 1:
            parameter.data.zero_()
    for module in fresh.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
    return fresh


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """Centre, and deviation 1; rows of many features get no longer than those of few."""

    mean: Tensor
    deviation: Tensor

    @classmethod
    def of(cls, rows: Tensor) -> _Scale:
        deviation, mean = torch.std_mean(rows.float(), dim=0, correction=0)
        # A feature that is always the same, but for rounding, says nothing.
        return cls(mean=mean, deviation=torch.where(deviation > 1e-5 * mean.abs(), deviation, torch.inf))

    def __call__(self, rows: Tensor) -> Tensor:
        scaled = rows.float().sub(self.mean).div_(self.deviation * rows.shape[1] ** 0.5)
        return torch.cat([scaled, scaled.new_ones(len(rows), 1)], dim=1)


def _separate(
    rows: Tensor, index: Tensor, num_classes: int, penalty: float, gram: Tensor | None = None
) -> Float[Tensor, "d k"]:
    """Weights of each class against the rest, the intercept last, by Newton's method.

    Chapelle 2007, "Training a support vector machine in the primal": rows within the margin are fitted like those of a
    ridge regression (equation 12), until they are the same as before. With fewer rows than features, in coefficients
    of the rows, by their Gram matrix.
    """
    n, d = rows.shape
    ridge = penalty * n / 2
    signs = torch.full((n, num_classes), -1.0, dtype=torch.float64)
    signs[torch.arange(n), index] = 1.0
    if n < d:
        gram = _gram(rows) if gram is None else gram
        found = _newton(lambda kept: gram[kept][:, kept], gram, signs, ridge, of_rows=True)
        return rows.T @ found.float()
    tall = rows.double()
    return _newton(lambda kept: tall[kept].T @ tall[kept], tall, signs, ridge, of_rows=False).float()


def _newton(
    hessian: Callable[[Tensor], Tensor], matrix: Tensor, signs: Tensor, ridge: float, *, of_rows: bool
) -> Float[Tensor, "p k"]:
    """The minimum for each class.

    Args:
        hessian: of these rows, without the ridge. matrix: from unknowns to scores.
        of_rows: unknowns are coefficients of rows, and not weights of features.
    """

    def look(unknown: Tensor, sign: Tensor) -> tuple[Tensor, float]:
        scores = matrix @ unknown
        inside = (1 - sign * scores).clamp(min=0)
        length = unknown @ scores if of_rows else unknown @ unknown
        return inside > 0, float(ridge * length + inside.square().sum())

    def fit(kept: Tensor, sign: Tensor) -> Tensor:
        system = hessian(kept).clone()
        system.diagonal().add_(ridge)
        wanted = sign[kept] if of_rows else matrix[kept].T @ sign[kept]
        solved = torch.cholesky_solve(wanted, torch.linalg.cholesky(system))
        return (
            matrix.new_zeros(len(matrix), wanted.shape[1]).index_copy_(0, kept, solved) if of_rows else solved
        )

    # At first all rows are within the margin, in every class.
    start = fit(torch.arange(len(matrix)), signs)
    classes = []
    for sign, found in zip(signs.T, start.T, strict=True):
        within, loss = look(found, sign)
        for _ in range(MAX_STEPS):
            target = fit(within.nonzero()[:, 0], sign[:, None])[:, 0]
            # Whole steps nearly always go down; where one does not, a shorter one does.
            moved, now, lower = found, within, loss
            for step in (1.0, 0.5, 0.25, 0.125):
                moved = found + step * (target - found)
                now, lower = look(moved, sign)
                if lower <= loss:
                    break
            settled = loss - lower <= FLAT * loss
            found, within, loss = moved, now, lower
            if settled:
                break
        classes.append(found)
    return torch.stack(classes, dim=1)


def _choose(rows: Tensor, index: Tensor, num_classes: int) -> float:
    """The penalty whose SVM is right most often on a quarter of these rows; of equals the larger one."""
    cut = max(1, len(rows) // 4)

    gram = _gram(rows[cut:])

    def right(penalty: float) -> int:
        told = _told(rows[:cut], _separate(rows[cut:], index[cut:], num_classes, penalty, gram))
        return int((told == index[:cut]).sum())

    return max(PENALTIES, key=right)


def _gram(rows: Tensor) -> Float[Tensor, "n n"]:
    return (rows @ rows.T).double()


def _told(rows: Tensor, weights: Tensor) -> Int[Tensor, " n"]:
    return (rows @ weights).argmax(1)


def _check(features: Tensor, labels: Tensor, held_out: float) -> tuple[Tensor, Tensor]:
    """The kinds of labels, and the kind of each row by its place among them."""
    if not 0 < held_out < 1:
        raise SettingError(f"held_out={held_out} is not a share between 0 and 1")
    if len(features) != len(labels):
        raise SettingError(f"{len(features)} rows of features have {len(labels)} labels; give one for each")
    if len(features) < FEWEST:
        raise SettingError(
            f"{len(features)} rows are too few to train and judge an SVM; give at least {FEWEST}"
        )
    if not features.isfinite().all():
        raise SettingError("features hold numbers that are not finite; their network is broken")
    kinds, index = labels.cpu().unique(return_inverse=True)
    if len(kinds) < 2:
        raise SettingError(f"all {len(labels)} rows have the same label, so there is nothing to tell apart")
    return kinds, index

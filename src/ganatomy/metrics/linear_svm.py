"""How well a linear SVM reads labels off features that were learnt without labels.

Radford et al. 2015, section 5.1, judge a discriminator so: "a regularized linear L2-SVM classifier on top".
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ganatomy.critics import Critic, discriminator_features
from ganatomy.errors import SettingError
from ganatomy.metrics.base import MeasuredValue, Result, aligned, certain
from ganatomy.perception.base import Scorer
from ganatomy.perception.features import scorer_features
from ganatomy.statistics.intervals import Estimate, mean_of

HELD_OUT = 0.2
PENALTIES = (1e-1, 1e-2, 1e-3, 1e-4)
"""Weights of the squared norm beside the mean loss, one of which is chosen within the training rows; the solver takes
far longer at smaller ones, which separate no better."""
ENOUGH = 2000
"""Training rows that the penalty is chosen on, a quarter of them held out for it."""
FEWEST = 20


@dataclass(frozen=True, kw_only=True)
class LinearSVM(Result, unit="of 1", higher_is_better=True):
    """Accuracy of a linear SVM on one kind of features.

    Args:
        accuracy: on rows that it was not trained on, with its interval over them.
        chance: the share of the commonest class among them.
        correct: which held-out rows it got right, in the order of `rows`; two kinds of features compare row by row.
    """

    accuracy: Estimate
    chance: float
    correct: Bool[Tensor, " m"]
    rows: Int[Tensor, " m"]
    num_classes: int
    num_features: int
    num_train: int
    penalty: float

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        return self._figures(accuracy=self.accuracy, commonest_class=certain(self.chance))

    @property
    def notes(self) -> tuple[str, ...]:
        text = f"{self.num_train} training rows and {self.num_classes} classes"
        return (f"accuracy of a linear SVM compares at the same number of rows and classes, here {text}",)

    def __str__(self) -> str:
        return (
            f"accuracy {self.accuracy} on {len(self.rows)} held-out rows ({self.num_train} for training, "
            f"{self.num_features} features, {self.num_classes} classes; {self.chance:.2g} by the commonest class "
            f"alone); {self.verdict}"
        )


@dataclass(frozen=True, kw_only=True)
class FeatureComparison(Result, unit="of 1", higher_is_better=True):
    """Accuracy on several kinds of features of the same images, with the same rows held out.

    Args:
        results: by kind, the one in question first.
        ahead: its accuracy less that of each other kind, row by row.
    """

    results: dict[str, LinearSVM]
    ahead: dict[str, Estimate]

    @property
    def figures(self) -> dict[str, MeasuredValue]:
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
    """Train a linear SVM on most rows and test it on the others.

    Features are centred and scaled to deviation 1 by the training rows. Each class against the rest minimises
    `½ λ (|w|² + b²) + mean max(0, 1 - y (w x + b))²`.

    Args:
        penalty: λ; by default the best of `PENALTIES` on a part of the training rows.

    Returns:
        The accuracy on held-out rows.

    Raises:
        SettingError: for fewer than 20 rows, labels of another number or of one class, features that are not finite,
            and a class that is not among the training rows.

    Example:
        >>> features = torch.linspace(-1, 1, 100)[:, None]
        >>> linear_svm_accuracy(features, features[:, 0] > 0).accuracy.value
        1.0
    """
    kinds, index = _check(features, labels, held_out)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(features)))
    num_test = max(2, round(held_out * len(features)))
    test, train = order[:num_test], order[num_test:]
    if len(index[train].unique()) < len(kinds):
        raise SettingError("a class is too rare to be among the rows for training; give more rows of it")
    rows, judged = _standardised(features[train], features[test])
    if penalty is None:
        penalty = _best_penalty(rows[:ENOUGH], index[train][:ENOUGH])
    (predicted,) = predictions(rows, index[train], judged, [penalty])
    correct = predicted == index[test]
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
    """`linear_svm_accuracy` of several kinds of features of the same images.

    Args:
        kinds: features by name, the one in question first.

    Returns:
        Their accuracies, and by how much the first is ahead of each other.

    Raises:
        SettingError: without any kind, and as `linear_svm_accuracy` does.

    Example:
        >>> rows = torch.linspace(-1, 1, 100)[:, None]
        >>> found = compare_features({"rows": rows, "squares": rows.square()}, rows[:, 0] > 0)
        >>> found.ahead["squares"].low > 0
        True
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
    """How well labels are read off a discriminator's features, which were learnt without labels.

    They are compared with the same network untrained, which shows what its architecture alone is worth; with the
    pixels; and with the scorer's features, which were learnt from labels.

    Args:
        images: in [-1, 1].
        scorer: None leaves its features out.

    Returns:
        Their accuracies.

    Raises:
        SettingError: as `linear_svm_accuracy` does.

    Example::

        critic = ga.critic("discriminator.safetensors")
        print(ga.critic_accuracy(critic, images, labels, scorer=ga.scorer("digits")))
    """
    kinds = {
        "critic": discriminator_features(critic, images).cpu(),
        "untrained critic": discriminator_features(untrained(critic, seed=seed), images).cpu(),
        "pixels": critic.fitted(images.float()).flatten(1).cpu(),
    }
    if scorer is not None:
        features = scorer_features(scorer)
        kinds["scorer"] = torch.cat([features(part).cpu() for part in images.split(256)])
    return compare_features(kinds, labels, held_out=held_out, seed=seed)


def untrained(critic: Critic, *, seed: int = 0) -> Critic:
    """A critic of the same architecture with random weights, each layer's as large as the trained one's."""
    fresh = copy.deepcopy(critic)
    draw = torch.Generator().manual_seed(seed)
    for parameter in fresh.parameters():
        if parameter.ndim > 1:
            noise = torch.randn(parameter.shape, generator=draw).to(parameter)
            parameter.data.copy_(noise * parameter.square().mean().sqrt())
        elif parameter.ndim == 1:
            parameter.data.zero_()
    for module in fresh.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            nn.init.ones_(module.weight)
    return fresh


def predictions(
    train: Float[Tensor, "n d"],
    index: Int[Tensor, " n"],
    test: Float[Tensor, "m d"],
    penalties: Sequence[float],
) -> Iterator[Int[Tensor, " m"]]:
    """The classes of test rows by a linear SVM on the training rows, one for each penalty.

    With fewer rows than features both are rotated into the span of the training rows, which changes no distance.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    n, d = train.shape
    if n < d:
        values, vectors = torch.linalg.eigh((train @ train.T).double())
        kept = values > 1e-10 * values[-1]
        axes = train.T.double() @ (vectors[:, kept] / values[kept].sqrt())
        train, test = (rows.double() @ axes for rows in (train, test))
    for penalty in penalties:
        svm = LinearSVC(C=1 / (penalty * n), random_state=0)
        with warnings.catch_warnings():
            # A plane that is still turning a little separates rows as well.
            warnings.simplefilter("ignore", ConvergenceWarning)
            svm.fit(train.numpy(), index.numpy())
        yield torch.from_numpy(svm.predict(test.numpy()))


def _standardised(
    train: Float[Tensor, "n d"], test: Float[Tensor, "m d"]
) -> tuple[Float[Tensor, "n d"], Float[Tensor, "m d"]]:
    """Rows with centre 0 and deviation 1, divided by √d so that a penalty means the same for any number of features."""
    deviation, mean = torch.std_mean(train.float(), dim=0, correction=0)
    # A feature that is constant but for rounding is ignored.
    scale = torch.where(deviation > 1e-5 * mean.abs(), deviation, torch.inf) * train.shape[1] ** 0.5
    return (train.float() - mean) / scale, (test.float() - mean) / scale


def _best_penalty(rows: Float[Tensor, "n d"], index: Int[Tensor, " n"]) -> float:
    """The penalty whose SVM is right most often on a quarter of these rows; of equals the larger one."""
    cut = max(1, len(rows) // 4)
    found = predictions(rows[cut:], index[cut:], rows[:cut], PENALTIES)
    right = [int((predicted == index[:cut]).sum()) for predicted in found]
    return PENALTIES[right.index(max(right))]


def _check(features: Tensor, labels: Tensor, held_out: float) -> tuple[Tensor, Tensor]:
    """The kinds of labels, and the kind of each row by its place among them."""
    if not 0 < held_out < 1:
        raise SettingError(f"held_out={held_out} is not a share between 0 and 1")
    if len(features) != len(labels):
        raise SettingError(f"{len(features)} rows of features have {len(labels)} labels; give one for each")
    if len(features) < FEWEST:
        raise SettingError(
            f"{len(features)} rows are too few to train and test an SVM; give at least {FEWEST}"
        )
    if not features.isfinite().all():
        raise SettingError("features hold numbers that are not finite; their network is broken")
    kinds, index = labels.cpu().unique(return_inverse=True)
    if len(kinds) < 2:
        raise SettingError(f"all {len(labels)} rows have the same label, so there is nothing to separate")
    return kinds, index

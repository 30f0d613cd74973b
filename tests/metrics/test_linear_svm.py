"""What a linear SVM reads off features: known answers, and the minimum of its objective."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

import ganatomy as ga
from ganatomy.critics import MultiscaleCritic
from ganatomy.metrics.linear_svm import LinearSVM, predictions, untrained


def noise(n: int, d: int, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_classes_that_a_line_parts_are_told_without_a_mistake() -> None:
    labels = torch.arange(300) % 3
    features = noise(300, 8) + 30 * torch.eye(8)[labels]
    found = ga.linear_svm_accuracy(features, labels)
    assert isinstance(found, LinearSVM)
    assert found.accuracy.value == 1.0
    assert (found.num_train, len(found.rows), found.num_classes, found.num_features) == (240, 60, 3, 8)


def test_labels_by_chance_cannot_be_told() -> None:
    labels = torch.from_numpy(np.random.default_rng(0).integers(2, size=2000))
    found = ga.linear_svm_accuracy(noise(2000, 20), labels, held_out=0.5)
    assert found.accuracy.low < 0.5 < found.accuracy.high + 0.03
    assert abs(found.accuracy.value - found.chance) < 0.06
    assert found.accuracy.error < 0.05


def test_more_features_than_rows_still_leave_chance_at_chance() -> None:
    labels = torch.arange(400) % 2 == 0
    found = ga.linear_svm_accuracy(noise(400, 3000), labels, held_out=0.5)
    assert abs(found.accuracy.value - 0.5) < 0.12


def test_a_planted_label_is_read_as_well_as_the_best_line_can() -> None:
    # Two Gaussians at distance 2 in one of ten directions: the best line is right in Phi(1) = 84.1 % of cases.
    labels = torch.arange(4000) % 2
    features = noise(4000, 10)
    features[:, 3] += 2.0 * labels
    found = ga.linear_svm_accuracy(features, labels)
    assert found.accuracy.value == pytest.approx(0.841, abs=0.03)


@pytest.mark.parametrize("num_features", [12, 500], ids=["few features", "more features than rows"])
@pytest.mark.parametrize("penalty", [1e-1, 1e-3])
def test_predictions_are_those_of_the_minimum_of_the_objective(num_features: int, penalty: float) -> None:
    features = noise(400, num_features) / num_features**0.5
    index = (features[:, :3] * num_features**0.5 + 0.5 * noise(400, 3, seed=1)).argmax(1)
    train, test = features[:300], features[300:]
    signs = 2.0 * torch.nn.functional.one_hot(index[:300], 3) - 1
    ones = torch.ones(300, 1, dtype=torch.float64)
    rows = torch.cat([train.double(), ones], dim=1)
    weights = torch.zeros(num_features + 1, 3, dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([weights], max_iter=2000, tolerance_grad=1e-12, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        hinge = (1 - signs * (rows @ weights)).clamp(min=0).square().mean(0)
        value = (penalty / 2 * weights.square().sum(0) + hinge).sum()
        value.backward()
        return value

    solver.step(loss)
    expected = (torch.cat([test.double(), ones[:100]], dim=1) @ weights).argmax(1)
    (predicted,) = predictions(train, index[:300], test, [penalty])
    assert float((predicted == expected).double().mean()) >= 0.99


def test_features_of_any_scale_and_without_any_spread_are_read() -> None:
    labels = torch.arange(200) % 2
    features = torch.stack(
        [1e-4 * (labels + 0.1 * noise(200, 1)[:, 0]), 1e3 * noise(200, 1, seed=1)[:, 0]], 1
    )
    assert ga.linear_svm_accuracy(torch.cat([features, torch.ones(200, 3)], 1), labels).accuracy.value > 0.95


def test_kinds_of_features_are_compared_on_the_same_rows() -> None:
    labels = torch.arange(1000) % 2
    good = noise(1000, 5) + 3.0 * labels[:, None]
    found = ga.compare_features({"good": good, "bad": noise(1000, 5, seed=1)}, labels)
    assert torch.equal(found.results["good"].rows, found.results["bad"].rows)
    assert found.ahead["bad"].low > 0.3
    assert set(found.ahead) == {"bad"}
    assert list(found.figures) == ["good", "bad"]
    assert "first less this" in str(found)
    assert found.higher_is_better


def test_a_critic_is_held_against_itself_without_training_and_against_pixels() -> None:
    torch.manual_seed(0)
    critic = MultiscaleCritic((8, 6), 1)
    labels = torch.arange(80) % 2
    images = (
        noise(80, 64).reshape(80, 1, 8, 8).clamp(-1, 1) * 0.2 + 0.6 * (2 * labels - 1.0)[:, None, None, None]
    )
    found = ga.critic_accuracy(critic, images.clamp(-1, 1), labels)
    assert list(found.results) == ["critic", "untrained critic", "pixels"]
    assert found.results["pixels"].accuracy.value == 1.0
    assert found.results["critic"].num_features == found.results["untrained critic"].num_features


def test_an_untrained_critic_has_other_weights_of_the_same_size() -> None:
    critic = MultiscaleCritic((8, 6), 1).requires_grad_(False)
    fresh = untrained(critic, seed=1)
    for ours, theirs in zip(critic.parameters(), fresh.parameters(), strict=True):
        assert ours.shape == theirs.shape
        if ours.ndim > 1:
            assert not torch.equal(ours, theirs)
            if ours.numel() > 200:
                assert float(theirs.square().mean()) == pytest.approx(float(ours.square().mean()), rel=0.4)
    assert torch.equal(next(untrained(critic, seed=1).parameters()), next(fresh.parameters()))


@pytest.mark.parametrize(
    ("features", "labels", "reason"),
    [
        (torch.zeros(10, 2), torch.arange(10) % 2, "10 rows are too few"),
        (torch.zeros(30, 2), torch.zeros(30).long(), "all 30 rows have the same label"),
        (torch.zeros(30, 2), torch.zeros(29).long(), "30 rows of features have 29 labels"),
        (torch.full((30, 2), torch.inf), torch.arange(30) % 2, "not finite"),
    ],
    ids=["too few", "one class", "other number", "infinite"],
)
def test_what_cannot_be_judged_is_refused(features: Tensor, labels: Tensor, reason: str) -> None:
    with pytest.raises(ga.SettingError, match=reason):
        ga.linear_svm_accuracy(features, labels)


def test_a_class_too_rare_to_learn_is_refused() -> None:
    labels = torch.zeros(100).long()
    labels[torch.from_numpy(np.random.default_rng(0).permutation(100))[:3]] = 1
    with pytest.raises(ga.SettingError, match="too rare"):
        ga.linear_svm_accuracy(noise(100, 2), labels)

"""The penalised linear map against slow truths: autograd on all codes, long descents, Procrustes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from ganatomy.directions.penalised import FORMS, PenalisedMap
from ganatomy.geometry import orthogonalize_lowdin, qr

WEAK, STRONG = 0.001, 2.0


@pytest.fixture(scope="module")
def codes() -> Tensor:
    """Correlated codes of uneven spread, far from the origin."""
    rng = torch.Generator().manual_seed(0)
    mixing = torch.randn(12, 12, generator=rng) * torch.logspace(0, -1, 12)
    return torch.randn(400, 12, generator=rng) @ mixing.T + 3


@pytest.fixture(scope="module")
def scores(codes: Tensor) -> Tensor:
    """Probabilities of three attributes that have something in common."""
    rng = torch.Generator().manual_seed(1)
    gradients = torch.randn(12, 1, generator=rng) + torch.randn(12, 3, generator=rng)
    return torch.sigmoid((codes - codes.mean(0)) @ gradients + torch.randn(400, 3, generator=rng))


def paper_loss(weights: Tensor, codes: Tensor, scores: Tensor, *, penalty: float, form: str) -> Tensor:
    """J on all codes, with the bias that suits the weights best."""
    predicted = codes.double() @ weights.T
    predicted = predicted + (scores.double() - predicted).mean(0)
    rows = weights if form == "identity" else torch.nn.functional.normalize(weights, dim=1)
    excess = torch.linalg.norm(rows @ rows.T - torch.eye(len(rows)))
    return torch.nn.functional.mse_loss(predicted, scores.double()) + penalty * excess


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("penalty", [WEAK, STRONG])
def test_loss_and_gradient_from_moments_are_those_of_the_paper_on_all_codes(
    codes: Tensor, scores: Tensor, penalty: float, form: str
):
    task = PenalisedMap.of(codes, scores, penalty=penalty, form=form)
    rng = torch.Generator().manual_seed(5)
    weights = torch.randn(3, 12, generator=rng, dtype=torch.float64, requires_grad=True)
    expected = paper_loss(weights, codes, scores, penalty=penalty, form=form)
    expected.backward()
    value, gradient = task.loss((weights.detach() @ task.axes).numpy())
    assert value == pytest.approx(float(expected.detach()), rel=1e-9)
    torch.testing.assert_close(torch.from_numpy(gradient) @ task.axes.T, weights.grad, atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("penalty", [WEAK, 0.02, STRONG])
def test_no_way_leads_down_from_the_minimum(codes: Tensor, scores: Tensor, penalty: float, form: str):
    task = PenalisedMap.of(codes, scores, penalty=penalty, form=form)
    rows = task.minimum()
    least = task.loss(rows)[0]
    rng = np.random.default_rng(0)
    for size in (1e-4, 1e-2, 1.0):
        steps = size * rng.standard_normal((200, *rows.shape))
        assert min(task.loss(rows + step)[0] for step in steps) >= least - 1e-8


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("penalty", [WEAK, 0.02, STRONG])
def test_every_start_leads_to_the_same_minimum(codes: Tensor, scores: Tensor, penalty: float, form: str):
    task = PenalisedMap.of(codes, scores, penalty=penalty, form=form)
    rows = task.minimum()
    rng = np.random.default_rng(1)
    ends = [task.minimum(rng.standard_normal(rows.shape)) for _ in range(5)]
    least = min(task.loss(end)[0] for end in ends)
    assert task.loss(rows)[0] <= least + 1e-6


@pytest.mark.parametrize("penalty", [0.02, STRONG])
def test_a_long_descent_on_all_codes_ends_no_lower(codes: Tensor, scores: Tensor, penalty: float):
    """Adam on the paper's loss, whose rate falls to nothing: slow, and it knows nothing of kinks and moments."""
    task = PenalisedMap.of(codes, scores, penalty=penalty)
    rows = task.minimum()
    weights = torch.from_numpy(task.least_squares).clone().requires_grad_()
    centred = (codes.double() - codes.double().mean(0)) @ task.axes
    optimizer = torch.optim.Adam([weights], lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 1500)
    for _ in range(1500):
        optimizer.zero_grad()
        loss = paper_loss(weights, centred, scores, penalty=penalty, form="identity")
        loss.backward()
        optimizer.step()
        schedule.step()
    ours = task.loss(rows)[0]
    assert ours <= float(loss.detach()) + 1e-9
    assert ours == pytest.approx(float(loss.detach()), abs=5e-3)


def test_a_strong_penalty_makes_rows_orthonormal_and_a_weak_one_does_not(codes: Tensor, scores: Tensor):
    strong, weak = (PenalisedMap.of(codes, scores, penalty=penalty).minimum() for penalty in (STRONG, WEAK))
    assert np.abs(strong @ strong.T - np.eye(3)).max() < 1e-9
    assert np.abs(weak @ weak.T - np.eye(3)).max() > 0.1


def test_the_form_of_cosines_leaves_lengths_to_the_fit(codes: Tensor, scores: Tensor):
    task = PenalisedMap.of(codes, scores, penalty=STRONG, form="cosines")
    rows = task.minimum()
    lengths = np.linalg.norm(rows, axis=1)
    units = rows / lengths[:, None]
    assert np.abs(units @ units.T - np.eye(3)).max() < 1e-9
    for factor in (0.99, 1.01):
        assert task.error(factor * rows)[0] > task.error(rows)[0]
    assert task.error(rows)[0] < task.error(units)[0]


def test_of_codes_that_vary_alike_the_minimum_is_the_nearest_orthonormal_set():
    """Orthogonal Procrustes (Schönemann 1966): then only `tr(W Dᵀ)` depends on orthonormal rows."""
    rng = torch.Generator().manual_seed(3)
    codes = qr(torch.randn(300, 8, generator=rng, dtype=torch.float64) - 0.0)[0]
    codes = codes - codes.mean(0)
    codes = codes @ torch.linalg.inv(torch.linalg.cholesky(codes.T @ codes / 300)).T
    scores = torch.sigmoid(codes @ torch.randn(8, 3, generator=rng, dtype=torch.float64))
    task = PenalisedMap.of(codes, scores, penalty=STRONG)
    expected = orthogonalize_lowdin((scores - scores.mean(0)).T @ codes / 300)
    found = torch.from_numpy(task.minimum()) @ task.axes.T
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_more_attributes_than_numbers_in_a_code_cannot_be_orthogonal_and_are_fitted_all_the_same():
    rng = torch.Generator().manual_seed(4)
    codes = torch.randn(200, 3, generator=rng)
    scores = torch.sigmoid(codes @ torch.randn(3, 5, generator=rng))
    task = PenalisedMap.of(codes, scores, penalty=STRONG)
    rows = task.minimum()
    assert np.linalg.norm(rows @ rows.T - np.eye(5)) == pytest.approx(2**0.5, abs=0.02)
    assert task.loss(rows)[0] < task.loss(task.least_squares)[0]

"""Each solver against an independent one: scikit-learn, torch.optim, autograd, dense formulas."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.svm import LinearSVC
from torch import Tensor

from ganatomy.directions.base import auc, calibrate
from ganatomy.directions.cross_entropy import fit
from ganatomy.directions.evidence import read
from ganatomy.directions.interfacegan import hinge_boundary, interfacegan
from ganatomy.directions.linear_map import fit_map
from ganatomy.directions.moments import moments, whitening
from ganatomy.directions.regression import generalised_error, ridge_of
from ganatomy.directions.svm import extremes, separate
from ganatomy.latents import Latents, Space
from ganatomy.perception import Scores
from ganatomy.surveys import Survey


@pytest.fixture(scope="module")
def codes() -> Tensor:
    """Correlated codes of uneven spread, far from the origin."""
    rng = torch.Generator().manual_seed(0)
    mixing = torch.randn(12, 12, generator=rng) * torch.logspace(0, -1, 12)
    return torch.randn(400, 12, generator=rng) @ mixing.T + 3


@pytest.fixture(scope="module")
def logits(codes: Tensor) -> Tensor:
    rng = torch.Generator().manual_seed(1)
    centred = codes - codes.mean(0)
    return centred @ torch.randn(12, 3, generator=rng) + torch.randn(400, 3, generator=rng)


def test_moments_are_those_of_the_matrices(codes: Tensor, logits: Tensor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ganatomy.directions.moments.BLOCK", 37)
    seen = moments(codes, logits)
    both = torch.cov(torch.cat([codes, logits], 1).double().T, correction=0)
    torch.testing.assert_close(seen.covariance, both[:12, :12])
    torch.testing.assert_close(seen.cross, both[:12, 12:])
    torch.testing.assert_close(seen.variances, both[12:, 12:].diagonal())
    torch.testing.assert_close(seen.mean_codes, codes.double().mean(0))


@pytest.mark.parametrize("form", ["identity", "cosines"])
def test_no_penalty_has_the_least_error_on_the_codes_that_a_map_was_fitted_to(
    codes: Tensor, logits: Tensor, form: str
):
    seen = Survey(
        latents=Latents(codes=codes, space=Space.Z), scores=Scores(names=("a", "b", "c"), logits=logits)
    )
    evidence = read(seen)
    truth = torch.sigmoid(evidence.logits)
    plain, *penalised = (
        float((fit_map(evidence, penalty=penalty, form=form)(evidence.codes) - truth).square().mean())
        for penalty in (0.0, 0.01, 1.0, 4.0)
    )
    assert plain <= min(penalised) + 1e-6


def test_whitened_codes_are_white_and_boundaries_come_back(codes: Tensor):
    white = whitening(codes)
    there = white.codes(codes)
    torch.testing.assert_close(torch.cov(there.T, correction=0), torch.eye(12), atol=1e-4, rtol=0)
    weights = torch.randn(1, 12, generator=torch.Generator().manual_seed(2))
    intercept = torch.tensor([0.7])
    vectors, offsets = white.boundary(weights, intercept)
    unit = vectors / vectors.norm()
    side = codes.double() @ unit[0] + offsets
    expected = (there @ weights[0] + intercept).double() / vectors.norm()
    torch.testing.assert_close(side, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("flat", [False, True], ids=["in all directions", "in some directions only"])
def test_least_squares_are_those_of_lapack(codes: Tensor, logits: Tensor, flat: bool):
    if flat:
        codes = torch.cat([codes, codes[:, :3] @ torch.ones(3, 2)], dim=1)
    x, y = (t.double() - t.double().mean(0) for t in (codes, logits))
    expected = torch.linalg.lstsq(x, y, rcond=1e-5, driver="gelsd").solution.T
    torch.testing.assert_close(moments(codes, logits).least_squares(), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("strength", [0.0, 0.1, 10.0])
def test_ridge_is_that_of_scikit_learn(codes: Tensor, logits: Tensor, strength: float):
    found = ridge_of(moments(codes, logits), strength=strength)
    scale = float(codes.double().var(0, correction=0).mean())
    expected = Ridge(alpha=strength * scale * len(codes)).fit(codes.double().numpy(), logits.double().numpy())
    np.testing.assert_allclose(found.weights.numpy(), expected.coef_, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found.intercepts.numpy(), expected.intercept_, rtol=1e-6, atol=1e-8)


def test_generalised_cross_validation_is_that_of_the_hat_matrix(codes: Tensor, logits: Tensor):
    penalty = 0.3
    found = generalised_error(moments(codes, logits), torch.tensor([penalty], dtype=torch.float64))[0]
    x = codes.double() - codes.double().mean(0)
    n = len(codes)
    hat = x @ torch.linalg.solve(x.T @ x + n * penalty * torch.eye(12), x.T) + 1 / n
    rest = logits.double() - hat @ logits.double()
    torch.testing.assert_close(found, rest.square().mean(0) / (1 - hat.trace() / n) ** 2)


def test_an_exact_relation_is_fitted_exactly(codes: Tensor):
    truth = torch.randn(12, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    found = ridge_of(moments(codes, codes.double() @ truth))
    torch.testing.assert_close(found.weights, truth.T, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("strength", [0.003, 0.1])
def test_logistic_regressions_are_those_of_scikit_learn(codes: Tensor, logits: Tensor, strength: float):
    white = whitening(codes).codes(codes)
    labels = logits > 0.5
    weights, intercepts = fit(white, labels, torch.full((3,), strength), tolerance=1e-6)
    for k in range(3):
        truth = LogisticRegression(C=1 / (strength * len(codes)), tol=1e-8, max_iter=1000)
        truth.fit(white.double().numpy(), labels[:, k].numpy())
        np.testing.assert_allclose(weights[k].numpy(), truth.coef_[0], atol=2e-3)
        assert float(intercepts[k]) == pytest.approx(truth.intercept_[0], abs=2e-3)


@pytest.mark.parametrize("num", [20, 100])
def test_the_boundary_is_that_of_liblinear(codes: Tensor, logits: Tensor, num: int):
    white = whitening(codes).codes(codes)
    low, high = extremes(logits[:, 0], num)
    weights, intercept = separate(white, low, high, cost=1.0)
    truth = LinearSVC(C=1.0, dual=False, tol=1e-10)
    truth.fit(white[torch.cat([low, high])].double().numpy(), np.repeat([0, 1], num))
    np.testing.assert_allclose(weights.numpy(), truth.coef_[0], atol=5e-3)
    assert float(intercept) == pytest.approx(truth.intercept_[0], abs=5e-3)


def test_the_published_boundary_is_that_of_the_kernel_machine_between_both_ends(
    codes: Tensor, logits: Tensor, monkeypatch: pytest.MonkeyPatch
):
    """Its minimum, found as a quadratic program by hand: no code within the margin without paying for it."""
    seen = Survey(
        latents=Latents(codes=codes, space=Space.Z), scores=Scores(names=("a", "b", "c"), logits=logits)
    )
    evidence = read(seen)
    low, high = extremes(evidence.logits[:, 0], 60)
    weights, intercept = hinge_boundary(evidence.codes, low, high)
    rows = evidence.codes[torch.cat([low, high])].double()
    signs = torch.tensor([-1.0] * 60 + [1.0] * 60, dtype=torch.float64)

    def objective(vector: Tensor, offset: float) -> float:
        return float(vector.square().sum() / 2 + (1 - signs * (rows @ vector + offset)).clamp(min=0).sum())

    least = objective(weights, intercept)
    rng = torch.Generator().manual_seed(0)
    for size in (1e-3, 1e-1):
        for _ in range(50):
            step = size * torch.randn(13, generator=rng, dtype=torch.float64)
            assert objective(weights + step[:12], intercept + float(step[12])) >= least - 1e-3
    found = interfacegan(seen, ["a"], num_extremes=60)["a"]
    torch.testing.assert_close(found.vector.double(), weights / weights.norm(), atol=1e-5, rtol=0)
    assert found.intercept / found.slope == pytest.approx(intercept / float(weights.norm()), abs=1e-5)
    monkeypatch.setattr(sys.modules["ganatomy.directions.interfacegan"], "KERNEL_CODES", 10)
    assert float(interfacegan(seen, ["a"], num_extremes=60)["a"].vector @ found.vector) > 0.98


def test_extremes_are_the_ends_of_the_order():
    low, high = extremes(torch.tensor([0.3, -2.0, 5.0, 1.0, -1.0]), 2)
    assert (set(low.tolist()), set(high.tolist())) == ({1, 4}, {2, 3})


@pytest.mark.parametrize(("present", "kept"), [(2, (4, 2)), (6, (2, 4))])
def test_hard_labels_of_a_rare_class_do_not_stand_at_both_ends(present: int, kept: tuple[int, int]):
    logits = torch.tensor([13.8] * present + [-13.8] * (8 - present))
    low, high = extremes(logits, 4)
    assert (len(low), len(high)) == kept
    assert (logits[low] < 0).all()
    assert (logits[high] > 0).all()


def test_auc_is_that_of_scikit_learn_and_ties_count_half(logits: Tensor):
    values = (logits * 2).round() / 2
    labels = logits.roll(1, 1) > 0
    expected = [roc_auc_score(labels[:, k].numpy(), values[:, k].numpy()) for k in range(3)]
    assert auc(values, labels).tolist() == pytest.approx(expected, abs=1e-12)
    assert auc(torch.zeros(4, 1), torch.tensor([[True], [False], [True], [False]])).item() == 0.5
    assert auc(values, torch.zeros_like(labels)).isnan().all()


class TestCalibration:
    @pytest.fixture
    def seen(self, codes: Tensor, logits: Tensor) -> Survey:
        latents = Latents(codes=codes, space=Space.W)
        return Survey(latents=latents, scores=Scores(names=("a", "b", "c"), logits=logits))

    def test_slope_and_intercept_are_the_least_squares_line(self, seen: Survey):
        evidence = read(seen)
        vectors = torch.randn(3, 12, generator=torch.Generator().manual_seed(0))
        for k, direction in enumerate(calibrate(evidence, vectors, method="given")):
            along = (evidence.codes @ direction.vector).double().numpy()
            slope, intercept = np.polyfit(along, evidence.logits[:, k].double().numpy(), 1)
            assert direction.slope == pytest.approx(slope, rel=1e-4)
            assert direction.intercept == pytest.approx(intercept, rel=1e-4, abs=1e-3)

    def test_hard_labels_get_the_logistic_curve(self, seen: Survey):
        hard = Scores(names=seen.names, logits=torch.where(seen.scores.logits > 0, 13.8, -13.8))
        evidence = read(Survey(latents=seen.latents, scores=hard))
        direction = calibrate(evidence, torch.eye(12)[:3], method="given")[1]
        along = evidence.codes[:, 1].double().numpy()
        truth = LogisticRegression().fit(along[:, None] / along.std(), evidence.labels[:, 1].numpy())
        assert direction.slope == pytest.approx(truth.coef_[0, 0] / along.std(), rel=0.01)
        assert -direction.intercept / direction.slope == pytest.approx(
            -truth.intercept_[0] / truth.coef_[0, 0] * along.std(), abs=0.02
        )

    def test_a_boundary_of_the_method_s_own_is_where_the_logit_is_zero(self, seen: Survey):
        directions = calibrate(
            read(seen), torch.eye(12)[:3], method="given", offsets=torch.tensor([-3.0, 0.0, 2.0])
        )
        assert [d.intercept / d.slope for d in directions] == pytest.approx([-3.0, 0.0, 2.0])

    def test_auc_is_measured_on_codes_that_no_method_saw(self, seen: Survey):
        evidence = read(seen, seed=6)
        _, held = seen.split(held_out=0.3, seed=6)
        direction = calibrate(evidence, torch.eye(12)[:3], method="given")[2]
        expected = roc_auc_score((held.scores.logits[:, 2] > 0).numpy(), held.latents.codes[:, 2].numpy())
        assert direction.auc == pytest.approx(expected, abs=1e-12)

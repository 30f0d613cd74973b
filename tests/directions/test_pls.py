"""Partial least squares against scikit-learn's NIPALS, and what its first and last components are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import cross_val_predict
from torch import Tensor

from ganatomy.directions import pls
from ganatomy.directions.moments import moments
from ganatomy.directions.pls import FOLDS, best_numbers, components_path, pooled
from ganatomy.errors import SettingError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Latents, Space
from ganatomy.perception import OracleScorer, Scores
from ganatomy.surveys import Survey, survey


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
    return centred @ torch.randn(12, 2, generator=rng) + 2 * torch.randn(400, 2, generator=rng)


def test_each_number_of_components_gives_the_weights_of_scikit_learn(codes: Tensor, logits: Tensor):
    seen = moments(codes, logits)
    path = components_path(seen.covariance, seen.cross.T, 12)
    for k in (1, 2, 5, 12):
        for column in range(2):
            truth = PLSRegression(n_components=k, scale=False, tol=1e-12, max_iter=5000)
            truth.fit(codes.double().numpy(), logits[:, column].double().numpy())
            np.testing.assert_allclose(path[column, k - 1].numpy(), truth.coef_[0], rtol=1e-6, atol=1e-7)


def test_one_component_is_the_covariance_and_all_of_them_least_squares(codes: Tensor, logits: Tensor):
    seen = moments(codes, logits)
    path = components_path(seen.covariance, seen.cross.T, 12)
    line = torch.nn.functional.cosine_similarity(path[:, 0], seen.cross.T)
    torch.testing.assert_close(line, torch.ones(2, dtype=torch.float64))
    torch.testing.assert_close(path[:, -1], torch.linalg.solve(seen.covariance, seen.cross).T)


def test_the_number_of_components_is_that_of_cross_validation(codes: Tensor, logits: Tensor):
    parts = [moments(codes[k::FOLDS], logits[k::FOLDS]) for k in range(FOLDS)]
    x, y = codes.double().numpy(), logits[:, 0].double().numpy()
    fold = np.arange(len(x)) % FOLDS
    splits = [(np.nonzero(fold != k)[0], np.nonzero(fold == k)[0]) for k in range(FOLDS)]
    errors = [
        np.square(cross_val_predict(PLSRegression(n_components=k, scale=False), x, y, cv=splits) - y).mean()
        for k in range(1, 13)
    ]
    assert errors[int(best_numbers(parts)[0]) - 1] == pytest.approx(min(errors), rel=1e-6)


def test_moments_of_parts_are_those_of_the_whole(codes: Tensor, logits: Tensor):
    found = pooled([moments(codes[:37], logits[:37]), moments(codes[37:], logits[37:])])
    whole = moments(codes, logits)
    assert found.n == whole.n
    for name in ("mean_codes", "mean_scores", "covariance", "cross", "variances"):
        torch.testing.assert_close(getattr(found, name), getattr(whole, name), atol=1e-9, rtol=1e-9)


def test_a_span_that_is_full_early_repeats_its_last_weights():
    path = components_path(torch.eye(4).double(), torch.tensor([[0.0, 2.0, 1.0, 0.0]]).double(), 3)
    torch.testing.assert_close(path[0], torch.tensor([[0.0, 2.0, 1.0, 0.0]]).double().expand(3, -1))


@pytest.mark.parametrize("space", ["z", "w"])
def test_gradients_are_recovered(space: str):
    toy = ToyGenerator(w_dim=16, cosine=0.3, intercepts=(1.0, -1.0, 0.5, 0.0))
    seen = survey(toy, OracleScorer(toy), n=4000, space=space, batch_size=1000)
    found, truth = pls(seen), toy.truth_in(space)
    assert (found.matrix * truth.matrix).sum(1).min() > 0.99
    for direction, true in zip(found, truth, strict=True):
        assert direction.slope == pytest.approx(true.slope, rel=1e-2)
        assert direction.intercept == pytest.approx(true.intercept, abs=0.05)


@pytest.mark.parametrize("num", [0, 13])
def test_components_that_codes_do_not_have_are_refused(codes: Tensor, logits: Tensor, num: int):
    seen = Survey(latents=Latents(codes=codes, space=Space.Z), scores=Scores(names=("a", "b"), logits=logits))
    with pytest.raises(SettingError, match=f"1 to 12 components, not {num}"):
        pls(seen, num_components=num)

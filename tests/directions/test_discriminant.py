"""Linear discriminants against scikit-learn's, and what a change of coordinates does to them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from torch import Tensor

from ganatomy.directions import centroids, discriminant
from ganatomy.directions.discriminant import discriminants
from ganatomy.directions.moments import moments
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
    noise = torch.randn(400, 2, generator=rng)
    return centred @ torch.randn(12, 2, generator=rng) + noise + torch.tensor([0.0, -1.5])


def of(codes: Tensor, logits: Tensor) -> Survey:
    names = tuple(f"attribute {k}" for k in range(logits.shape[1]))
    return Survey(latents=Latents(codes=codes, space=Space.Z), scores=Scores(names=names, logits=logits))


@pytest.mark.parametrize("shrinkage", [0.0, 0.2, 0.9])
def test_weights_and_intercepts_are_those_of_scikit_learn(codes: Tensor, logits: Tensor, shrinkage: float):
    labels = logits > 0
    weights, intercepts = discriminants(moments(codes, labels.float()), shrinkage=shrinkage)
    for k in range(2):
        truth = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)
        truth.fit(codes.double().numpy(), labels[:, k].numpy())
        np.testing.assert_allclose(weights[k].numpy(), truth.coef_[0], rtol=1e-6, atol=1e-8)
        assert float(intercepts[k]) == pytest.approx(truth.intercept_[0], rel=1e-6)


def test_without_shrinkage_it_follows_any_change_of_coordinates(codes: Tensor, logits: Tensor):
    turn = torch.randn(12, 12, generator=torch.Generator().manual_seed(3))
    plain = discriminant(of(codes, logits), shrinkage=0.0)
    turned = discriminant(of(codes @ turn.T + 1, logits), shrinkage=0.0)
    expected = torch.nn.functional.normalize(plain.matrix @ torch.linalg.inv(turn), dim=1)
    torch.testing.assert_close(turned.matrix, expected, atol=1e-3, rtol=0)
    assert [d.auc for d in turned] == pytest.approx([d.auc for d in plain], abs=1e-3)


def test_turning_the_labels_round_turns_the_direction_round(codes: Tensor, logits: Tensor):
    there, back = discriminant(of(codes, logits)), discriminant(of(codes, -logits))
    torch.testing.assert_close(there.matrix, -back.matrix, atol=1e-5, rtol=0)
    for one, other in zip(there, back, strict=True):
        assert one.intercept == pytest.approx(-other.intercept, rel=1e-3)


def test_it_goes_from_fisher_s_to_the_difference_of_the_means(codes: Tensor, logits: Tensor):
    nearly = discriminant(of(codes, logits), shrinkage=1 - 1e-6)
    torch.testing.assert_close(nearly.matrix, centroids(of(codes, logits)).matrix, atol=1e-4, rtol=0)


def test_gradients_are_recovered_where_codes_do_not_spread_evenly():
    toy = ToyGenerator(w_dim=16, cosine=0.3, intercepts=(1.0, -1.0, 0.5, 0.0))
    seen = survey(toy, OracleScorer(toy), n=10_000, space="w", batch_size=1000)
    assert (discriminant(seen).matrix * toy.truth.matrix).sum(1).min() > 0.99


def test_few_codes_are_shrunk_by_themselves():
    rng = torch.Generator().manual_seed(0)
    codes = torch.randn(120, 80, generator=rng)
    logits = 3 * codes[:, :1] + torch.randn(120, 1, generator=rng)
    chosen, plain = (discriminant(of(codes, logits), shrinkage=s)[0].vector[0] for s in (None, 0.0))
    assert chosen > plain + 0.1


@pytest.mark.parametrize("shrinkage", [-0.1, 1.0, float("nan")])
def test_a_shrinkage_out_of_range_is_refused(codes: Tensor, logits: Tensor, shrinkage: float):
    with pytest.raises(SettingError, match="it must be 0 or more and below 1"):
        discriminant(of(codes, logits), shrinkage=shrinkage)

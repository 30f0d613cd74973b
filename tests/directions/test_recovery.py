"""Methods must find the directions that the toy is known to have."""

from __future__ import annotations

import functools

import pytest
import torch
from torch import Tensor

from ganatomy import geometry
from ganatomy.directions import METHODS, dual, find, linear_map, pca
from ganatomy.edits import move
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Directions
from ganatomy.perception import OracleScorer, Scores
from ganatomy.surveys import Survey, differentiate, survey

N = 10_000


@pytest.fixture(scope="module", params=range(5), ids="toy {}".format)
def seed(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(scope="module")
def slanted(seed: int) -> ToyGenerator:
    return ToyGenerator(cosine=0.5, seed=seed)


@pytest.fixture(scope="module")
def upright(seed: int) -> ToyGenerator:
    return ToyGenerator(cosine=0.0, seed=seed)


@pytest.fixture(scope="module")
def stretched(seed: int) -> ToyGenerator:
    """Codes in w spread four times as far along one axis as along another."""
    return ToyGenerator(w_dim=16, cosine=0.3, intercepts=(1.0, -1.0, 0.5, 0.0), seed=seed)


@functools.cache
def of_toy(toy: ToyGenerator, space: str = "z") -> Survey:
    scorer = OracleScorer(toy)
    return differentiate(survey(toy, scorer, n=N, space=space, batch_size=1000), toy, scorer, n=16)


def cosines(found: Directions, truth: Directions) -> Tensor:
    return (found.matrix * truth.matrix).sum(1)


@pytest.mark.parametrize("method", [name for name in METHODS if name != "pca"])
def test_every_supervised_method_recovers_orthogonal_directions(upright: ToyGenerator, method: str):
    found = find(of_toy(upright), method=method)
    assert cosines(found, upright.truth).min() > 0.99
    assert min(d.auc for d in found) > 0.98


@pytest.mark.parametrize("method", ["linear", "svm", "logistic", "centroid", "regression"])
def test_methods_that_take_attributes_one_by_one_recover_slanted_directions(
    slanted: ToyGenerator, method: str
):
    assert cosines(find(of_toy(slanted), method=method), slanted.truth).min() > 0.99


@pytest.mark.parametrize("method", ["linear", "svm", "logistic", "regression"])
def test_gradients_are_recovered_where_codes_do_not_spread_evenly(stretched: ToyGenerator, method: str):
    assert cosines(find(of_toy(stretched, "w"), method=method), stretched.truth).min() > 0.99


def test_centroids_lean_to_where_codes_spread_as_the_covariance_says(stretched: ToyGenerator):
    found, truth = find(of_toy(stretched, "w"), method="centroid"), stretched.truth
    leaning = truth.matrix @ (stretched.affine @ stretched.affine.T)
    leaning = torch.nn.functional.normalize(leaning, dim=1)
    assert (found.matrix * leaning).sum(1).min() > 0.99
    assert cosines(found, truth).min() < 0.95


def test_lowdin_gives_the_orthogonal_set_nearest_to_slanted_directions(slanted: ToyGenerator):
    found = find(of_toy(slanted), method="lowdin")
    torch.testing.assert_close(found.gram(), torch.eye(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        found.matrix, geometry.orthogonalize_lowdin(slanted.truth.matrix), atol=1e-3, rtol=0
    )


@pytest.mark.parametrize("form", ["identity", "cosines"])
def test_a_penalty_makes_directions_less_alike(slanted: ToyGenerator, form: str):
    seen = of_toy(slanted)
    free = linear_map(seen)
    held = linear_map(seen, penalty=2.0, form=form)
    assert free.gram().fill_diagonal_(0).abs().max() > 0.45
    assert held.gram().fill_diagonal_(0).abs().max() < 0.02
    assert [d.method for d in (free[0], held[0])] == ["linear", "penalty"]


@pytest.mark.parametrize("space", ["z", "w"])
def test_the_dual_basis_moves_one_attribute_and_no_other(stretched: ToyGenerator, space: str):
    found = dual(of_toy(stretched, space))
    codes = stretched.sample(50, seed=9, space=space)
    before = stretched.read(stretched(codes))
    for k, direction in enumerate(found):
        moved = stretched.read(stretched(move(codes, direction, 1.0, units="logit"))) - before
        torch.testing.assert_close(moved[:, k], torch.ones(50), atol=1e-4, rtol=0)
        moved[:, k] = 0
        assert moved.abs().max() < 1e-5


def test_held_edits_with_regression_are_the_dual_basis(slanted: ToyGenerator):
    seen, codes = of_toy(slanted), slanted.sample(3, seed=2)
    found, exact = find(seen, method="regression"), find(seen, method="dual")
    held = move(codes, found["red"], 1.0, hold=found.without("red"))
    step = torch.nn.functional.normalize(held.codes - codes.codes, dim=1)
    torch.testing.assert_close(step, exact["red"].vector.expand(3, -1), atol=1e-4, rtol=0)


@pytest.mark.parametrize("space", ["z", "w"])
def test_slope_intercept_and_sigma_are_those_of_the_truth(stretched: ToyGenerator, space: str):
    found = find(of_toy(stretched, space), method="regression")
    for direction, truth in zip(found, stretched.truth_in(space), strict=True):
        assert direction.slope == pytest.approx(truth.slope, rel=1e-3)
        assert direction.intercept == pytest.approx(truth.intercept, abs=1e-2)
        assert direction.sigma == pytest.approx(truth.sigma, rel=0.05)


@pytest.mark.parametrize("method", ["svm", "logistic", "regression", "linear", "centroid"])
def test_the_logit_of_a_direction_is_near_what_the_scorer_says(slanted: ToyGenerator, method: str):
    codes = slanted.sample(200, seed=5)
    logits = slanted.read(slanted(codes))
    for k, direction in enumerate(find(of_toy(slanted), method=method)):
        assert (direction.logit(codes) - logits[:, k]).abs().mean() < 0.15


def test_hard_labels_are_enough(slanted: ToyGenerator):
    seen = of_toy(slanted)
    hard = Scores(names=seen.names, logits=torch.where(seen.scores.logits > 0, 13.8, -13.8))
    labels = Survey(latents=seen.latents, scores=hard, seed=0)
    for method in ("svm", "logistic", "centroid", "regression", "linear"):
        found = find(labels, method=method)
        assert cosines(found, slanted.truth).min() > 0.97, method


def test_logits_of_a_saturated_scorer_do_not_bend_the_regression(slanted: ToyGenerator):
    seen = of_toy(slanted)
    logits = seen.scores.logits.clone()
    logits[::500] *= 1e6
    wild = Survey(latents=seen.latents, scores=Scores(names=seen.names, logits=logits), seed=0)
    assert cosines(find(wild), slanted.truth).min() > 0.99


def test_principal_components_are_where_codes_spread_most(stretched: ToyGenerator):
    seen = of_toy(stretched, "w")
    found = pca(seen, num_components=5)
    values, axes = torch.linalg.eigh(torch.cov(seen.latents.codes.T.double()))
    torch.testing.assert_close(
        (found.matrix @ axes.flip(1)[:, :5].float()).abs(), torch.eye(5), atol=1e-3, rtol=0
    )
    assert [d.sigma for d in found] == pytest.approx(values.flip(0)[:5].sqrt().tolist(), rel=1e-3)
    assert torch.equal(found.matrix, geometry.upright(found.matrix))
    few = pca(seen[:10], num_components=5)
    assert [d.sigma for d in few] == sorted((d.sigma for d in few), reverse=True)

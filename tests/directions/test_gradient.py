"""Directions from gradients, on scorers whose gradients are known."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ganatomy.directions import active, active_subspace, gradient, local_directions
from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Latents, Space
from ganatomy.perception import FunctionScorer, OracleScorer, Scores
from ganatomy.surveys import Jacobians, Survey, differentiate, survey


@pytest.fixture(scope="module", params=range(5), ids="toy {}".format)
def toy(request: pytest.FixtureRequest) -> ToyGenerator:
    return ToyGenerator(w_dim=16, cosine=0.3, seed=request.param)


def bent(toy: ToyGenerator) -> FunctionScorer:
    """Logits that are a curve of two of the toy's attributes, and nothing else."""

    def see(images: Tensor) -> Tensor:
        exact = toy.read(images)
        return torch.sigmoid(torch.stack([exact[:, 0] + 0.2 * exact[:, 1] ** 2 - 1, exact[:, 2]], dim=1))

    return FunctionScorer(see, names=["bent", "straight"])


@pytest.mark.parametrize("space", ["z", "w"])
@pytest.mark.parametrize("find", [gradient, active])
def test_the_gradient_of_a_linear_scorer_is_its_direction(toy: ToyGenerator, space: str, find):
    scorer = OracleScorer(toy)
    found = find(differentiate(survey(toy, scorer, n=300, space=space), toy, scorer, n=8))
    truth = toy.truth_in(space)
    torch.testing.assert_close(found.matrix, truth.matrix, atol=1e-4, rtol=0)
    assert [d.slope for d in found] == pytest.approx([d.slope for d in truth], rel=1e-3)


def test_the_mean_gradient_is_that_of_autograd(toy: ToyGenerator):
    scorer = bent(toy)
    seen = differentiate(survey(toy, scorer, n=300), toy, scorer, n=12)
    codes = seen.latents[:12].codes.clone().requires_grad_()
    logits = scorer(toy(seen.latents[:12].with_codes(codes))).logits
    expected = torch.autograd.grad(logits[:, 0].mean(), codes)[0].sum(0)
    found = gradient(seen, "bent")[0]
    torch.testing.assert_close(found.vector * found.slope, expected, atol=1e-4, rtol=1e-3)


def test_the_active_subspace_is_spanned_by_what_the_logit_depends_on(toy: ToyGenerator):
    scorer = bent(toy)
    seen = differentiate(survey(toy, scorer, n=300, space="w"), toy, scorer, n=40)
    found = active_subspace(seen, "bent")
    assert float(found.shares[:2].sum()) == pytest.approx(1, abs=1e-5)
    assert found.needed(0.999) <= 2
    inside = toy.truth.matrix[:2] @ found.vectors[:2].T
    torch.testing.assert_close(inside.square().sum(1), torch.ones(2), atol=1e-3, rtol=0)
    assert 0 < found.consistency < 0.99
    assert active_subspace(seen, "straight").consistency == pytest.approx(1, abs=1e-4)
    assert str(active_subspace(seen, "straight")) == (
        "straight: 1 direction holds 100% of the squared gradient, 1 hold 90 %; 100% is alike in all images"
    )


def test_eigenvectors_are_those_of_the_dense_matrix_and_point_uphill():
    gradients = torch.randn(30, 1, 5, generator=torch.Generator().manual_seed(0)) + torch.tensor(
        [1.0, 0, 0, 0, 0]
    )
    seen = of(gradients)
    found = active_subspace(seen, "a")
    rows = gradients[:, 0].double()
    values, axes = torch.linalg.eigh(rows.T @ rows / 30)
    torch.testing.assert_close(found.shares, (values.flip(0) / values.sum()).float())
    assert ((found.vectors.double() * axes.flip(1).T).sum(1).abs() - 1).abs().max() < 1e-5
    assert (found.vectors @ gradients[:, 0].mean(0) >= 0).all()


def test_more_active_directions_are_numbered_and_orthogonal(toy: ToyGenerator):
    scorer = bent(toy)
    seen = differentiate(survey(toy, scorer, n=300, space="w"), toy, scorer, n=40)
    found = active(seen, ["straight", "bent"], num_directions=2)
    assert found.names == ["straight", "straight 2", "bent", "bent 2"]
    assert abs(float(found["bent"].vector @ found["bent 2"].vector)) < 1e-4
    with pytest.raises(SettingError, match="1 to 16 directions, not 17"):
        active(seen, num_directions=17)


def test_each_image_has_its_own_direction():
    gradients = torch.tensor([[[3.0, 4.0]], [[0.0, -1e-30]], [[0.0, 0.0]]])
    seen = Jacobians(names=("a",), logits=torch.zeros(3, 1), gradients=gradients)
    expected = torch.tensor([[0.6, 0.8], [0.0, -1.0], [0.0, 0.0]])
    torch.testing.assert_close(local_directions(seen, "a"), expected)


def test_what_cannot_be_found_is_refused_with_what_to_do(toy: ToyGenerator):
    plain = survey(toy, OracleScorer(toy), n=100)
    for find in (gradient, active, lambda seen: active_subspace(seen, "red")):
        with pytest.raises(SettingError, match=r"ganatomy\.differentiate"):
            find(plain)
    flat = of(torch.zeros(4, 1, 5))
    with pytest.raises(ScoreError, match="the logit of 'a' does not change"):
        active_subspace(flat, "a")
    with pytest.raises(ScoreError, match="gradient found no direction for 'a'"):
        gradient(flat)
    assert flat.jacobians is not None
    with pytest.raises(UnknownNameError):
        local_directions(flat.jacobians, "b")


def of(gradients: Tensor) -> Survey:
    codes = torch.randn(60, 5, generator=torch.Generator().manual_seed(1))
    seen = Jacobians(names=("a",), logits=torch.zeros(len(gradients), 1), gradients=gradients)
    scores = Scores(names=("a",), logits=codes[:, :1])
    return replace(Survey(latents=Latents(codes=codes, space=Space.Z), scores=scores), jacobians=seen)

"""Directions that leave the others alone: by a linear model and its doubt, and by the gradients of single images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ganatomy.directions import active, dual, find, gradient, held, regression, selective
from ganatomy.directions.evidence import read
from ganatomy.directions.held import fitting_slack, yielding
from ganatomy.errors import CheckpointError, SettingError, UnknownNameError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Latents, Space
from ganatomy.perception import FunctionScorer, OracleScorer, Scores
from ganatomy.surveys import Jacobians, Survey, differentiate, jacobians, load_survey, save_survey, survey
from ganatomy.surveys.jacobians import FEWEST, FLAT


@pytest.fixture(scope="module", params=range(5), ids="toy {}".format)
def toy(request: pytest.FixtureRequest) -> ToyGenerator:
    return ToyGenerator(cosine=0.5, seed=request.param)


@pytest.fixture(scope="module")
def seen(toy: ToyGenerator) -> Survey:
    return survey(toy, OracleScorer(toy), n=4000, batch_size=1000)


class TestSlack:
    def test_an_exact_model_needs_none_and_a_doubtful_one_as_much_as_its_errors(self, seen: Survey):
        vectors = regression(seen).matrix.double()
        assert fitting_slack(read(seen), vectors) == pytest.approx(1e-3)

        # Noise of as much variance as an attribute's logit has: each adds its share of the codes' spread.
        logits = seen.scores.logits
        noise = torch.randn(logits.shape, generator=torch.Generator().manual_seed(0)) * logits.std(0)
        noisy = replace(seen, scores=replace(seen.scores, logits=logits + noise))
        found = regression(noisy)
        expected = sum(d.sigma**2 for d in found) / float(seen.latents.codes.var(0).sum())
        assert fitting_slack(read(noisy), found.matrix.double()) == pytest.approx(expected, rel=0.1)

    @pytest.mark.parametrize("slack", [0.05, 0.5, 5.0])
    def test_the_step_is_the_least_of_length_and_held_change(self, seen: Survey, slack: float):
        vectors = regression(seen).matrix.double()
        H = vectors[1:]
        curvature = torch.eye(vectors.shape[1]).double() + H.T @ H / slack
        free = torch.linalg.solve(curvature, vectors[0])
        step = yielding(vectors, slack)[0]
        torch.testing.assert_close(step / step.norm(), free / free.norm())

    def test_it_goes_from_the_exact_hold_to_the_target_itself(self, seen: Survey):
        firm, loose = held(seen, slack=1e-6), held(seen, slack=1e6)
        assert (firm.matrix * dual(seen).matrix).sum(1).min() > 0.999
        assert (loose.matrix * regression(seen).matrix).sum(1).min() > 0.999

    def test_no_slack_is_refused(self, seen: Survey):
        with pytest.raises(SettingError, match="slack is 0; it must be above 0"):
            held(seen, slack=0.0)


class TestSelective:
    def test_on_an_exact_model_it_is_the_dual_basis(self, toy: ToyGenerator, seen: Survey):
        found = selective(differentiate(seen, toy, OracleScorer(toy), n=16))
        leak = found.matrix @ toy.truth.matrix.T
        assert (leak / leak.diagonal()[:, None] - torch.eye(4)).abs().max() < 0.01
        assert (found.matrix * dual(seen).matrix).sum(1).min() > 0.99

    def test_it_leaves_alone_what_changes_both_ways_and_so_not_on_average(self):
        # One attribute grows along both axes; the other turns with the first axis, up in about half of the images.
        rng = torch.Generator().manual_seed(0)
        codes = torch.randn(400, 2, generator=rng)
        gradients = torch.ones(40, 2, 2)
        gradients[:, 1] = torch.tensor([3.0, 0.0]) * torch.tensor([1.0] * 21 + [-1.0] * 19)[:, None]
        logits = torch.stack([codes.sum(1), 3 * codes[:, 0].abs() - 2], dim=1)
        seen = Survey(
            latents=Latents(codes=codes, space=Space.Z),
            scores=Scores(names=("target", "other"), logits=logits),
            jacobians=Jacobians(names=("target", "other"), logits=torch.zeros(40, 2), gradients=gradients),
        )
        blind, seeing = find(seen, ["target"])["target"], selective(seen, ridge=0.01)["target"]
        assert blind.vector.tolist() == pytest.approx([0.5**0.5] * 2, abs=0.01)
        assert seeing.vector.tolist() == pytest.approx([0, 1], abs=0.03)
        assert seeing.slope == pytest.approx(1, abs=0.03)

    def test_a_survey_without_gradients_is_refused_with_what_to_do(self, seen: Survey):
        with pytest.raises(SettingError, match=r"ganatomy\.differentiate"):
            selective(seen)

    def test_no_ridge_is_refused(self, toy: ToyGenerator, seen: Survey):
        with pytest.raises(SettingError, match="ridge is 0"):
            selective(differentiate(seen, toy, OracleScorer(toy), n=4), ridge=0.0)


class TestJacobians:
    def test_gradients_are_those_of_small_steps(self, toy: ToyGenerator, seen: Survey):
        found = jacobians(toy, OracleScorer(toy), seen.latents[:3], batch_size=2)
        small = 0.01 * torch.eye(toy.signature.z_dim)
        for row in range(3):
            around = seen.latents.codes[row] + torch.cat([small, -small])
            ahead, behind = OracleScorer(toy)(toy(seen.latents.with_codes(around))).logits.chunk(2)
            torch.testing.assert_close(found.gradients[row], (ahead - behind).T / 0.02, atol=2e-3, rtol=2e-3)
        p = found.logits[0, 0].sigmoid()
        torch.testing.assert_close(found.probability_gradients[0, 0], found.gradients[0, 0] * p * (1 - p))

    def test_attributes_that_are_decided_in_an_image_are_left_out(self, toy: ToyGenerator):
        clear = FunctionScorer(lambda images: 6 * toy.read(images), toy.attributes, output="logits")
        seen = survey(toy, clear, n=200)
        every = differentiate(seen, toy, clear, n=200, decided=True).jacobians
        few = differentiate(seen, toy, clear, n=200, batch_size=16).jacobians
        assert every is not None
        assert few is not None
        assert every.known.all()
        assert 0.2 < few.known.float().mean() < 0.8
        torch.testing.assert_close(few.logits, every.logits)
        torch.testing.assert_close(few.gradients[few.known], every.gradients[few.known])
        p = every.logits.sigmoid()
        assert few.known[p * (1 - p) > 1.01 * FLAT].all()
        assert few.known.sum(0).min() >= FEWEST
        lost = (every.probability_gradients - few.probability_gradients).square().sum()
        assert lost < 0.001 * every.probability_gradients.square().sum()
        torch.testing.assert_close(
            few.mean_gradients[1], every.gradients[few.known[:, 1], 1].mean(0), msg="over known ones alone"
        )

    def test_in_few_images_every_attribute_is_differentiated(self, toy: ToyGenerator):
        sure = FunctionScorer(lambda images: 100 * toy.read(images), toy.attributes, output="logits")
        found = jacobians(toy, sure, toy.sample(FEWEST, seed=3))
        assert found.known.all()

    def test_methods_find_the_same_without_those_that_are_decided(self, toy: ToyGenerator):
        clear = FunctionScorer(lambda images: 6 * toy.read(images), toy.attributes, output="logits")
        seen = survey(toy, clear, n=1000)
        every, few = (differentiate(seen, toy, clear, n=100, decided=decided) for decided in (True, False))
        for method in (selective, gradient, active):
            cosines = (method(every).matrix * method(few).matrix).sum(1)
            assert cosines.min() > 0.99, method.__name__
        slopes = [torch.tensor([d.slope for d in selective(of)]) for of in (every, few)]
        torch.testing.assert_close(slopes[1], slopes[0], rtol=0.1, atol=0)

    def test_they_are_kept_with_their_survey(self, toy: ToyGenerator, seen: Survey, tmp_path: Path):
        whole = differentiate(seen, toy, OracleScorer(toy), n=5)
        save_survey(whole, tmp_path / "one")
        again = load_survey(tmp_path / "one").jacobians
        assert again is not None
        assert whole.jacobians is not None
        assert again.names == whole.jacobians.names
        assert again.gradients.equal(whole.jacobians.gradients)
        save_survey(seen, tmp_path / "two")
        differentiate(seen, toy, OracleScorer(toy), n=5, folder=tmp_path / "two")
        assert selective(load_survey(tmp_path / "two")).names == selective(whole).names
        (tmp_path / "two" / "jacobians.safetensors").write_bytes(b"broken")
        with pytest.raises(CheckpointError, match="is not a whole safetensors file"):
            load_survey(tmp_path / "two")

    def test_a_scorer_without_gradients_is_refused(self, toy: ToyGenerator, seen: Survey):
        blind = FunctionScorer(lambda images: toy.read(images.detach()), toy.attributes, output="logits")
        with pytest.raises(SettingError, match="gradients do not flow"):
            jacobians(toy, blind, seen.latents[:4])

    def test_another_scorer_than_the_survey_s_is_refused(self, toy: ToyGenerator, seen: Survey):
        other = OracleScorer(ToyGenerator(cosine=0.1))
        with pytest.raises(SettingError, match="is not the scorer of this survey"):
            differentiate(seen, toy, other)

    def test_unknown_attributes_and_single_codes_are_refused(self, toy: ToyGenerator, seen: Survey):
        with pytest.raises(UnknownNameError, match="rond"):
            differentiate(seen, toy, OracleScorer(toy), attributes=["rond"])
        with pytest.raises(SettingError, match="cannot differentiate 1 codes"):
            differentiate(seen, toy, OracleScorer(toy), n=1)

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.guidance import strengths
from ganatomy.latents import Latents
from ganatomy.perception import FunctionScorer, OracleScorer, Scores


@pytest.fixture(scope="module")
def toy() -> ToyGenerator:
    return ToyGenerator(z_dim=8, attributes=("red", "round"), cosine=0.3)


@pytest.fixture(scope="module")
def was(toy: ToyGenerator) -> Latents:
    return toy.sample(6, seed=1)


def seen(toy: ToyGenerator, latents: Latents) -> Tensor:
    return torch.sigmoid(toy.read(toy(latents)))[:, 0]


def test_strengths_of_a_linear_score_are_those_of_its_formula(toy: ToyGenerator, was: Latents):
    red = toy.truth["red"]
    found = strengths(toy, OracleScorer(toy), was, red, 0.8)
    expected = (torch.logit(torch.tensor(0.8)) - red.logit(was)) / (red.slope * red.sigma)
    assert found.reached.all()
    assert torch.allclose(found.sigmas, expected, atol=2e-3)
    assert torch.allclose(seen(toy, found.latents), torch.full((6,), 0.8), atol=2e-3)


def test_twice_as_red_is_twice_the_probability_of_each_image(toy: ToyGenerator, was: Latents):
    p = seen(toy, was)
    found = strengths(toy, OracleScorer(toy), was, toy.truth["red"], 2, units="times")
    assert torch.allclose(found.after, torch.maximum((2 * p).clamp(max=0.99), p), atol=3e-3)


def test_more_than_a_probability_can_be_is_not_reached(toy: ToyGenerator, was: Latents):
    p = seen(toy, was)
    found = strengths(toy, OracleScorer(toy), was, toy.truth["red"], 1.5 / p, units="times")
    assert torch.allclose(found.goals, torch.full((6,), 1.5))
    assert torch.allclose(found.after, torch.full((6,), 0.99), atol=2e-3)
    assert not found.reached.any()
    again = strengths(toy, OracleScorer(toy), was, toy.truth["red"], 1 - p / 2, units="change")
    assert torch.equal(again.reached, 1 + p / 2 < 1)
    assert torch.allclose(again.goals, 1 + p / 2)


def test_a_small_probability_is_halved_as_well(toy: ToyGenerator, was: Latents):
    faint = strengths(toy, OracleScorer(toy), was, toy.truth["red"], 0.004).latents
    found = strengths(toy, OracleScorer(toy), faint, toy.truth["red"], 0.5, units="times")
    assert found.reached.all()
    assert torch.allclose(found.after, torch.full((6,), 0.002), atol=1e-5)


def test_what_is_held_stays_on_the_way(toy: ToyGenerator, was: Latents):
    red, held = toy.truth["red"], toy.truth["round"]
    found = strengths(toy, OracleScorer(toy), was, red, 0.8, hold=[held])
    assert torch.allclose(seen(toy, found.latents), torch.full((6,), 0.8), atol=2e-3)
    assert torch.allclose(held.logit(found.latents), held.logit(was), atol=1e-4)
    assert not torch.allclose(
        found.latents.codes, strengths(toy, OracleScorer(toy), was, red, 0.8).latents.codes
    )


def test_a_direction_whose_name_is_not_scored_is_refused(toy: ToyGenerator, was: Latents):
    with pytest.raises(UnknownNameError, match="blue"):
        strengths(toy, OracleScorer(toy), was, replace(toy.truth["red"], name="blue"), 0.5)


def test_a_percentile_is_among_the_scores_of_a_reference(toy: ToyGenerator, was: Latents):
    reference = OracleScorer(toy)(toy(toy.sample(500, seed=5)))
    found = strengths(
        toy, OracleScorer(toy), was, toy.truth["red"], 75, units="percentile", reference=reference
    )
    expected = torch.sigmoid(reference.column("red").quantile(0.75))
    assert torch.allclose(found.after, expected.expand(6), atol=3e-3)


def test_a_range_that_ends_first_is_told_for_each_image(toy: ToyGenerator, was: Latents):
    narrow = strengths(toy, OracleScorer(toy), was, toy.truth["red"], 0.9, limits=(-0.5, 0.5))
    wide = strengths(toy, OracleScorer(toy), was, toy.truth["red"], 0.9)
    assert torch.equal(narrow.reached, wide.sigmas.abs() <= 0.5)
    assert not narrow.reached.all()
    assert (narrow.sigmas[~narrow.reached].abs() == 0.5).all()
    assert f"{int((~narrow.reached).sum())} do not reach their goal" in str(narrow)


def test_of_several_places_with_the_score_the_nearest_is_taken(toy: ToyGenerator):
    # The score rises to 1 and falls again along the direction.
    def bump(images: Tensor) -> Tensor:
        return torch.sigmoid(4 - (toy.read(images)[:, :1] - 4).abs())

    origin = toy.sample(1, seed=1)
    origin = origin.with_codes(torch.zeros_like(origin.codes))
    found = strengths(toy, FunctionScorer(bump, ["red"]), origin, toy.truth["red"], 2.0, units="logit")
    assert float(found.sigmas) == pytest.approx(1.0, abs=1e-2)


def test_a_row_does_not_know_of_the_others(toy: ToyGenerator, was: Latents):
    whole = strengths(toy, OracleScorer(toy), was, toy.truth["red"], 0.7)
    alone = strengths(toy, OracleScorer(toy), was[3], toy.truth["red"], 0.7, batch_size=1)
    assert float(alone.sigmas) == pytest.approx(float(whole.sigmas[3]), abs=1e-4)


@pytest.mark.parametrize(
    ("to", "settings", "error", "message"),
    [
        (1.5, {}, SettingError, "probability of 1.5"),
        (-2, {"units": "times"}, SettingError, "above 0"),
        (75, {"units": "percentile"}, SettingError, "give reference"),
        (
            175,
            {"units": "percentile", "reference": Scores(names=("red",), logits=torch.zeros(3, 1))},
            SettingError,
            "0 to 100",
        ),
        (0.5, {"units": "sigma"}, UnknownNameError, "unit"),
        (0.5, {"limits": (1.0, 2.0)}, SettingError, "a range around 0"),
    ],
)
def test_what_cannot_be_solved_is_refused(toy, was, to, settings, error, message):
    with pytest.raises(error, match=message):
        strengths(toy, OracleScorer(toy), was, toy.truth["red"], to, **settings)

"""A grid of two attributes: each is changed with the other held, and the judge is asked about every cell."""

from __future__ import annotations

import pytest
import torch

import ganatomy as ga
from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.perception import FunctionScorer, OracleScorer
from ganatomy.perception.features import Features

STRENGTHS = (-2.0, -1.0, 0.0, 1.0, 2.0)
COSINE = 0.5


@pytest.fixture(scope="module")
def toy() -> ga.ToyGenerator:
    return ga.ToyGenerator(z_dim=8, attributes=("red", "round", "large"), cosine=COSINE)


def grid(toy: ga.ToyGenerator, judge: ga.Judge | None = None, **settings: object) -> ga.metrics.PairGrid:
    truth = toy.truth_in("z")
    w = toy.sample(1, seed=4)
    pair = (truth["red"], truth["round"])
    return ga.pair_grid(toy, OracleScorer(toy), w, pair, STRENGTHS, judge=judge, **settings)  # pyright: ignore[reportArgumentType]


def test_each_attribute_changes_along_its_own_axis_only(toy: ga.ToyGenerator) -> None:
    found = grid(toy)
    red, round_ = torch.logit(found.scorer.double()).unbind(2)
    assert (red.diff(dim=1) > 0.1).all()
    assert (round_.diff(dim=0) > 0.1).all()
    assert float(red.diff(dim=0).abs().max()) < 1e-3
    assert float(round_.diff(dim=1).abs().max()) < 1e-3
    assert found.judge is None
    assert not found.disagrees.any()


def test_identity_is_whole_in_the_middle_and_least_at_the_corners(toy: ga.ToyGenerator) -> None:
    colours = Features(name="pixels", description="all pixels", extract=lambda images: images.flatten(1))
    found = grid(toy, features=colours)
    middle = len(STRENGTHS) // 2
    assert float(found.identity[middle, middle]) == pytest.approx(1, abs=1e-5)
    assert found.identity.argmin().item() in {0, 4, 20, 24}
    assert found.lines[2].endswith("by all pixels")


def test_a_judge_that_sees_nothing_of_one_attribute_disagrees_where_it_changes(toy: ga.ToyGenerator) -> None:
    blind = torch.tensor([1.0, 0.0, 1.0])
    judge = ga.judge(FunctionScorer(lambda images: toy.read(images) * blind, toy.attributes, output="logits"))
    found = grid(toy, judge)
    changed = (found.scorer[..., 1] - found.scorer[2, 2, 1]).abs() >= 0.1
    assert changed.any()
    assert torch.equal(found.disagrees, changed)
    agreeing = grid(toy, ga.judge(lambda images: toy.read(images).sigmoid(), names=toy.attributes))
    assert not agreeing.disagrees.any()
    assert agreeing.lines[2].endswith("the judge disagrees in 0 of 25 cells")


def test_what_makes_no_grid_is_refused(toy: ga.ToyGenerator) -> None:
    truth, w = toy.truth_in("z"), toy.sample(2, seed=4)
    scorer = OracleScorer(toy)
    with pytest.raises(SettingError, match="one code and two attributes"):
        ga.pair_grid(toy, scorer, w, (truth["red"], truth["round"]), STRENGTHS)
    with pytest.raises(SettingError, match="one code and two attributes"):
        ga.pair_grid(toy, scorer, w[:1], (truth["red"], truth["red"]), STRENGTHS)
    with pytest.raises(UnknownNameError):
        ga.pair_grid(toy, scorer.select(["red"]), w[:1], (truth["red"], truth["round"]), STRENGTHS)
    with pytest.raises(SettingError, match="took part"):
        grid(toy, ga.judge(scorer))

"""What a judge is, what it must not be, and what it confirms."""

from __future__ import annotations

import pytest
import torch

import ganatomy as ga
from ganatomy.errors import ScoreError, SettingError
from ganatomy.perception import EnsembleScorer, FunctionScorer, Judge, OracleScorer, TruthScorer, confirmed
from ganatomy.recipes import read_edit

NAMES = ("red", "round")


@pytest.fixture
def toy() -> ga.ToyGenerator:
    return ga.ToyGenerator(z_dim=8, attributes=NAMES, cosine=0.0)


def reads(toy: ga.ToyGenerator, scale: float) -> FunctionScorer:
    return FunctionScorer(
        lambda images: scale * toy.read(images), NAMES, output="logits", fingerprint=f"times {scale:g}"
    )


@pytest.mark.parametrize(
    ("before", "goal", "judged_before", "judged_after", "expected"),
    [
        pytest.param(0.01, 0.90, 0.11, 0.43, False, id="less than half of what was asked"),
        pytest.param(0.01, 0.90, 0.11, 0.80, True, id="most of it"),
        pytest.param(0.90, 0.10, 0.80, 0.20, True, id="taken away"),
        pytest.param(0.90, 0.10, 0.80, 0.95, False, id="the wrong way"),
        pytest.param(0.30, 0.90, 0.70, 0.85, True, id="half of what was left by the judge's own reading"),
        pytest.param(0.30, 0.90, 0.95, 0.94, True, id="there already, and still there"),
        pytest.param(0.30, 0.90, 0.95, 0.70, False, id="there already, and no more"),
        pytest.param(0.20, 0.60, 0.05, 0.45, False, id="half of the way, but on the other side"),
        pytest.param(0.55, 0.80, 0.20, 0.35, True, id="no crossing was asked for"),
        pytest.param(0.95, 0.95, 0.80, 0.80, True, id="nothing was asked for, and the judge sees it"),
        pytest.param(0.95, 0.95, 0.20, 0.20, False, id="nothing was asked for, and the judge does not see it"),
    ],
)  # fmt: skip
def test_a_judge_confirms(
    before: float, goal: float, judged_before: float, judged_after: float, expected: bool
) -> None:
    values = (torch.tensor([value]) for value in (before, goal, judged_before, judged_after))
    assert confirmed(*values).tolist() == [expected]


def test_a_judge_that_took_part_is_refused(toy: ga.ToyGenerator) -> None:
    first, second, third = (reads(toy, scale) for scale in (1.0, 2.0, 3.0))
    ensemble = EnsembleScorer([first, second])
    Judge(third).require_independent(ensemble, first, None)
    for involved in (first, first.select(["round"]), ensemble, EnsembleScorer([third, first])):
        with pytest.raises(SettingError, match="took part itself"):
            Judge(first).require_independent(involved)
    with pytest.raises(SettingError, match="took part itself"):
        ga.Experiment(toy, first, judge=Judge(first.select(["red"])))
    with pytest.raises(ScoreError, match="cannot score new images"):
        Judge(TruthScorer(torch.ones(9, 2) > 0, NAMES))


def test_an_edit_is_confirmed_by_another_and_never_by_one_that_took_part(toy: ga.ToyGenerator) -> None:
    oracle = OracleScorer(toy)
    found = ga.guided(toy, oracle, toy.sample(4, seed=1), {"red": 0.9}, hold=["round"])
    assert not found.confirmed.any(), "nobody has looked yet"
    seen = ga.confirm(toy, Judge(reads(toy, 1.0)), found)
    assert seen.confirmed.equal(seen.reached)
    assert "confirmed" in str(seen)
    with pytest.raises(SettingError, match="took part itself"):
        ga.confirm(toy, Judge(oracle), found)


def test_an_edit_that_changes_nothing_is_not_confirmed(toy: ga.ToyGenerator) -> None:
    was = toy.sample(4, seed=1)
    direction = toy.truth["red"]
    for strength, expected in ((0.0, False), (2.0, True)):
        now = ga.move(was, direction, strength, units="sigma")
        read = read_edit(toy, was, now, ["red"], scorer=OracleScorer(toy), judge=Judge(reads(toy, 1.0)))
        assert [image.confirmed for image in read.images] == [expected] * 4, strength


def test_an_edit_of_a_scorer_that_errs_is_reached_and_not_confirmed() -> None:
    toy = ga.ToyGenerator(z_dim=8, attributes=("red", "round", "hidden"), cosine=0.0)
    errs = FunctionScorer(lambda images: toy.read(images)[:, [2, 1]], NAMES, output="logits")
    was = toy.sample(8, seed=2)
    found = ga.guided(toy, errs, was[toy.read(toy(was))[:, 2] < 0], {"red": 0.9}, hold=["round"])
    seen = ga.confirm(toy, Judge(OracleScorer(toy)), found)
    assert seen.judged is not None
    assert seen.reached.all()
    assert not seen.confirmed.any()
    assert seen.judged.changes.mean() < 0.25
    assert seen.judged.verdict.startswith(f"0 of {len(found)} confirmed, not images 1, 2")


def test_an_ensemble_is_the_mean_of_its_members(toy: ga.ToyGenerator) -> None:
    images = toy(toy.sample(3, seed=4))
    both = EnsembleScorer([reads(toy, 1.0), reads(toy, 3.0)])
    assert torch.allclose(both(images).logits, 2 * toy.read(images), atol=1e-5)
    assert both.differentiable().names == NAMES
    one = FunctionScorer(lambda images: toy.read(images)[:, 1:], ["round"], output="logits")
    assert EnsembleScorer([reads(toy, 1.0), one]).names == ("round",)
    with pytest.raises(SettingError, match="no attribute in common"):
        EnsembleScorer(
            [one, one.select(["round"]), FunctionScorer(lambda images: images[:, 0, 0, :1], ["loud"])]
        )
    with pytest.raises(SettingError, match="needs a classifier"):
        EnsembleScorer([])

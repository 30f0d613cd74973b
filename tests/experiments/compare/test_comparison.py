"""Which method is best on a generator whose truth is known, what chance gives there, and how wide intervals are."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from experiments.compare.compared import Compared

from ganatomy.directions.base import auc
from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.experiments.base import NUM_DIFFERENTIATED, Experiment
from ganatomy.experiments.compare import compare
from ganatomy.experiments.compare.chance import auc_null, selectivity_null, shuffled
from ganatomy.experiments.compare.comparison import MEASURES, weighted_auc
from ganatomy.experiments.compare.contestants import CONTESTANTS
from ganatomy.experiments.compare.matching import purest
from ganatomy.generators.toy import ToyGenerator
from ganatomy.guidance.guided import NUM_OTHERS
from ganatomy.perception import scorer
from ganatomy.statistics.intervals import estimate, resampling
from ganatomy.statistics.tests import exceedance


def test_holding_wins_where_attributes_lean_on_each_other(compared: Compared) -> None:
    found = compared.comparison
    assert set(found.ranking[:3]) == {"dual", "selective", "guided-hold"}
    plain = found.best(holds=False, guided=False)
    assert plain is not None
    for held in ("dual", "selective", "guided-hold"):
        assert not found.tied(held, plain)
        assert found.difference(held, plain).low > 0


def test_methods_that_find_the_same_direction_do_not_differ_significantly(compared: Compared) -> None:
    # On exact logits regression is exact, and so is the logistic curve but for its penalty.
    assert compared.comparison.tied("regression", "regression")
    assert abs(compared.comparison.difference("regression", "logistic").value) < 0.5
    assert not compared.comparison.tied("regression", "guided-hold")


def test_the_truth_agrees_with_the_scorer_where_the_scorer_is_right(compared: Compared) -> None:
    for held in ("dual", "selective", "guided-hold"):
        assert compared.comparison.value(held, "factor_selectivity") > 2 * compared.comparison.value(
            "regression", "factor_selectivity"
        )


def test_every_edit_changes_its_attribute_by_the_same_amount(compared: Compared) -> None:
    for name in ("regression", "logistic", "dual", "selective", "guided", "guided-hold"):
        assert compared.comparison.results[name].changes.achieved.numpy() == pytest.approx(0.25, abs=0.06), (
            name
        )
        assert compared.comparison.reached(name) == list(compared.comparison.attributes)


def test_intervals_hold_their_figure_and_are_from_the_same_images(compared: Compared) -> None:
    for name, figures in compared.comparison.figures.items():
        for measure, found in figures.items():
            if found is not None:
                rounding = 1e-6 * abs(found.value)
                assert found.low - rounding <= found.value <= found.high + rounding, (name, measure)
    first, second = compared.comparison.ranking[:2]
    there, back = (
        compared.comparison.difference(first, second),
        compared.comparison.difference(second, first),
    )
    assert (there.value, there.low) == (pytest.approx(-back.value), pytest.approx(-back.high))


def test_a_measure_that_does_not_apply_is_none(compared: Compared) -> None:
    figures = compared.comparison.figures
    assert figures["guided"]["auc"] is None
    assert all(figures[name]["perceptual"] is None for name in compared.comparison.methods)
    assert all(set(figures[name]) == set(MEASURES) for name in compared.comparison.methods)
    assert "perceptual distance" in compared.comparison.not_measured


def test_identity_is_kept_better_by_smaller_edits(compared: Compared) -> None:
    values = {name: compared.comparison.value(name, "identity") for name in compared.comparison.methods}
    assert all(0 < value <= 1 for value in values.values())
    # The shortest way along an attribute changes images less than one that must go around others.
    assert values["regression"] > values["dual"]


def test_labels_are_counted_for_what_each_method_needs(compared: Compared) -> None:
    labels = {name: result.found.num_labels for name, result in compared.comparison.results.items()}
    assert labels["regression"] == labels["dual"] == 280
    assert labels["few-labels"] == 20
    assert labels["selective"] == NUM_DIFFERENTIATED
    assert labels["pca"] == 2 * 16 * 10
    assert labels["guided"] == NUM_OTHERS


def test_a_method_that_cannot_take_part_is_left_out_with_the_reason(compared: Compared) -> None:
    assert list(compared.comparison.left_out) == ["sefa"]
    assert "first layer" in compared.comparison.left_out["sefa"]


def test_directions_without_names_get_the_attribute_that_they_change_most_purely() -> None:
    mean = torch.tensor([[0.3, -0.01, 0.29], [0.2, 0.0, 0.02], [0.01, -0.2, 0.0]])
    assert purest(mean, mean.abs()).tolist() == [1, 2, 0]


def test_every_stage_reports_its_end(compared: Compared) -> None:
    last = {stage: (done, total) for stage, done, total in compared.reported}
    assert list(last) == ["survey", "gradients", "finding", "editing", "target change", "labels", "chance"]
    assert all(done == total for done, total in last.values())


class TestChance:
    def test_chance_gives_an_auc_of_one_half_and_everything_real_is_above_it(self, compared: Compared):
        chance = compared.comparison.chance
        assert chance is not None
        assert chance.auc.low < 0.5 < chance.auc.high
        assert chance.auc.value == pytest.approx(0.5, abs=0.01)
        assert set(chance.p_auc.values()) == {0.001}
        assert max(chance.p_selectivity[name] for name in ("dual", "selective", "guided-hold")) <= 0.01
        assert chance.selectivity.value < compared.comparison.value("regression")

    def test_a_null_direction_is_no_better_than_chance(self):
        rng = np.random.default_rng(0)
        p = []
        for seed in range(40):
            along = torch.from_numpy(rng.standard_normal((120, 3)))
            labels = torch.from_numpy(rng.random((120, 3)) < 0.4)
            null = auc_null(along, labels, seed=seed)
            p.append(exceedance(float(auc(along, labels).nanmean()), null))
        assert 0.35 < np.mean(p) < 0.65
        assert np.mean(np.array(p) <= 0.1) < 0.25

    def test_directions_like_those_of_shuffled_labels_do_not_differ_from_them(self):
        rng = np.random.default_rng(1)
        p = []
        for seed in range(60):
            pool = torch.from_numpy(rng.lognormal(size=(6, 8)))
            null = selectivity_null(pool[0], pool[1:], seed=seed)
            p.append(exceedance(float(pool[0].mean()), null))
        assert 0.4 < np.mean(p) < 0.6
        assert np.mean(np.array(p) <= 0.1) < 0.2

    def test_ties_count_against_the_method(self):
        assert exceedance(1.0, torch.ones(99)) == 1.0
        labels = torch.tensor([[True], [False]] * 10)
        assert exceedance(0.5, auc_null(torch.zeros(20, 1), labels, seed=0)) == 1.0

    def test_shuffled_labels_keep_attributes_together_and_leave_codes_behind(self, compared: Compared):
        survey = compared.comparison.survey
        mixed = shuffled(survey, seed=3)
        assert torch.equal(mixed.latents.codes, survey.latents.codes)
        rows = {tuple(row) for row in survey.scores.logits.tolist()}
        assert {tuple(row) for row in mixed.scores.logits.tolist()} == rows
        assert not torch.equal(mixed.scores.logits, survey.scores.logits)
        assert mixed.jacobians is None


class TestIntervals:
    def test_intervals_cover_what_they_are_about(self):
        rng = np.random.default_rng(0)
        weights = resampling(40, seed=0).float()
        covered = 0
        for _ in range(200):
            values = torch.from_numpy(rng.standard_normal(40)).float() + 1
            found = estimate(values.mean(), weights @ values)
            covered += found.low <= 1 <= found.high
        assert 0.88 <= covered / 200 <= 0.99

    def test_draws_without_a_figure_are_left_out_and_infinite_ones_are_not(self):
        resampled = torch.tensor([1.0, math.nan, 2.0, 3.0] * 50)
        assert estimate(2.0, resampled).low == 1.0
        assert estimate(2.0, torch.tensor([1.0, math.inf])).high == math.inf
        assert math.isnan(estimate(math.nan, torch.tensor([math.nan])).low)

    def test_a_weighted_auc_is_that_of_the_repeated_rows_ties_and_all(self):
        rng = np.random.default_rng(2)
        values = torch.from_numpy(rng.integers(0, 5, 30)).float()
        labels = torch.from_numpy(rng.random(30) < 0.5)
        counts = torch.from_numpy(rng.integers(0, 3, (4, 30)))
        found = weighted_auc(values, labels, counts.float())
        for row, area in zip(counts, found.tolist(), strict=True):
            repeated = torch.arange(30).repeat_interleave(row)
            expected = auc(values[repeated][:, None], labels[repeated][:, None])
            assert area == pytest.approx(float(expected))


class TestCurves:
    def test_collateral_grows_with_the_target_change_where_nothing_is_held(self, compared: Compared):
        trades = compared.comparison.trades
        assert list(trades) == ["regression", "dual", "selective", "guided", "guided-hold"]
        for name, points in trades.items():
            assert [point.target_change for point in points] == [0.1, 0.25, 0.4]
            assert all(a.achieved.value < b.achieved.value for a, b in itertools.pairwise(points)), name
        plain = [point.collateral.value for point in trades["regression"]]
        assert plain == sorted(plain)
        assert all(
            held.collateral.value < 0.5 * free.collateral.value
            for held, free in zip(trades["guided-hold"], trades["guided"], strict=True)
        )

    def test_more_labels_separate_codes_better(self, compared: Compared):
        learning = compared.comparison.learning
        assert set(learning) == {"regression", "logistic", "centroid"}
        for name, points in learning.items():
            assert points[-1].n == 280, name
            assert points[-1].auc.value >= points[0].auc.value - 0.01, name
            assert all(point.auc.low <= point.auc.value <= point.auc.high for point in points)
        assert all(point.selectivity is not None for point in learning["regression"])


@pytest.fixture(scope="module")
def toy() -> ToyGenerator:
    return ToyGenerator(z_dim=8, attributes=("red", "round"))


def test_a_misspelt_method_gets_a_hint(toy: ToyGenerator) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'regression'"):
        compare(Experiment(toy, scorer(toy)), methods=["regresion"])


@pytest.mark.parametrize(
    "settings",
    [{"n": 10}, {"images": 2}, {"target_change": 0.6}, {"target_change": 0.0}],
    ids=["too few codes", "too few images", "more than can change", "no change"],
)
def test_numbers_outside_their_range_are_refused(toy: ToyGenerator, settings: dict) -> None:
    with pytest.raises(SettingError, match="cannot compare"):
        compare(Experiment(toy, scorer(toy)), **settings)


def test_a_scorer_of_one_attribute_cannot_say_what_else_changes(toy: ToyGenerator) -> None:
    with pytest.raises(ScoreError, match="two are needed"):
        compare(Experiment(toy, scorer(toy).select(["red"])), n=100, images=4)


def test_the_error_names_why_no_method_applies(toy: ToyGenerator) -> None:
    with pytest.raises(SettingError, match="pca: codes in z vary alike"):
        compare(Experiment(toy, scorer(toy)), n=100, images=4, methods=["pca", "stylespace"])


def test_every_contestant_says_what_it_is() -> None:
    assert all(len(contestant.what) > 5 for contestant in CONTESTANTS.values())
    assert [name for name, contestant in CONTESTANTS.items() if contestant.guided] == [
        "guided",
        "guided-hold",
    ]

"""Few labels: the direction, the honesty of its figures, and the number of labels advised."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from torch import Tensor

from ganatomy.directions import FewLabels, few_labels
from ganatomy.directions.few_labels import auc_interval, fit, next_rows, share_interval
from ganatomy.directions.learning_curve import expected_auc, labels_for
from ganatomy.errors import SettingError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Latents, Space
from ganatomy.perception import OracleScorer
from ganatomy.surveys import Survey, survey


@pytest.fixture(scope="module")
def toy() -> ToyGenerator:
    return ToyGenerator(cosine=0.0)


@pytest.fixture(scope="module")
def seen(toy: ToyGenerator) -> Survey:
    return survey(toy, OracleScorer(toy), n=3000, batch_size=1000)


@pytest.fixture(scope="module")
def surveys() -> list[Survey]:
    """Of five toys."""
    toys = [ToyGenerator(cosine=0.0, seed=seed) for seed in range(5)]
    return [survey(toy, OracleScorer(toy), n=3000, batch_size=1000) for toy in toys]


def draw_labels(
    seen: Survey, name: str, num_yes: int, num_no: int, *, seed: int = 0
) -> tuple[list[int], list[int]]:
    rng = np.random.default_rng(seed)
    labels = seen.labels(name).numpy()
    return (
        rng.choice(np.nonzero(labels)[0], num_yes, replace=False).tolist(),
        rng.choice(np.nonzero(~labels)[0], num_no, replace=False).tolist(),
    )


def true_figures(seen: Survey, found: FewLabels, name: str) -> tuple[float, float]:
    """AUC and accuracy on the whole survey, with the classes in the proportion of the labels."""
    labels = seen.labels(name)
    along = seen.latents.codes @ found.direction.vector
    right = ((along + found.direction.intercept / found.direction.slope) > 0) == labels
    shares = found.num_yes * right[labels].double().mean() + found.num_no * right[~labels].double().mean()
    return roc_auc_score(labels.numpy(), along.numpy()), float(shares) / (found.num_yes + found.num_no)


class TestDirection:
    def test_fifty_labels_come_near_to_the_truth_and_more_come_nearer(self, toy: ToyGenerator, seen: Survey):
        cosines = [
            float(
                few_labels(seen, *draw_labels(seen, "red", n, n)).direction.vector @ toy.truth["red"].vector
            )
            for n in (5, 25, 80)
        ]
        assert cosines == sorted(cosines)
        assert cosines[1] > 0.85
        assert cosines[2] > 0.94

    def test_it_is_a_ridge_regression_of_the_labels(self, seen: Survey):
        yes, no = draw_labels(seen, "red", 6, 9)
        codes = seen.latents.codes[[*yes, *no]].double()
        signs = torch.tensor([1.0] * 6 + [-1.0] * 9, dtype=torch.float64)
        dual = fit((codes @ codes.T)[None], signs[None]).dual[0]
        # The fit leaves the residuals in proportion to its dual weights, which says how strong its ridge was.
        centred = codes - codes.mean(0)
        residual = signs - signs.mean() - centred @ (codes.T @ dual)
        alpha = float((residual @ dual) / (dual @ dual))
        truth = Ridge(alpha=alpha).fit(codes.numpy(), signs.numpy())
        np.testing.assert_allclose((codes.T @ dual).numpy(), truth.coef_, rtol=1e-6, atol=1e-9)

    def test_the_order_of_labels_and_which_side_is_yes_change_nothing(self, seen: Survey):
        yes, no = draw_labels(seen, "red", 5, 8)
        one, other = few_labels(seen, yes, no), few_labels(seen.latents, yes[::-1], no[::-1])
        torch.testing.assert_close(one.direction.vector, other.direction.vector, atol=1e-5, rtol=0)
        assert (one.auc, one.accuracy) == (other.auc, other.accuracy)
        turned = few_labels(seen, no, yes)
        torch.testing.assert_close(one.direction.vector, -turned.direction.vector, atol=1e-5, rtol=0)
        assert one.auc.value == pytest.approx(turned.auc.value)

    def test_its_scales_are_those_of_a_direction(self, toy: ToyGenerator, seen: Survey):
        found = few_labels(seen, *draw_labels(seen, "red", 25, 25), name="reddish").direction
        assert (found.name, found.method, found.fingerprint) == ("reddish", "few labels", toy.fingerprint)
        assert found.sigma == pytest.approx(float((seen.latents.codes @ found.vector).std()), rel=1e-3)
        assert found.slope > 0
        logits, labels = found.logit(seen.latents), seen.labels("red")
        assert float(logits[labels].median()) > 0 > float(logits[~labels].median())

    def test_codes_of_many_layers_keep_their_shape(self):
        toy = ToyGenerator(z_dim=40, w_dim=40, num_layers=4)
        wide = survey(toy, OracleScorer(toy), n=120, space="w+")
        assert few_labels(wide, *draw_labels(wide, "red", 10, 10)).direction.vector.shape == (4, 40)


class TestHonesty:
    @pytest.mark.parametrize(("num_yes", "num_no"), [(3, 3), (5, 10), (10, 10)])
    def test_intervals_hold_the_truth_in_nine_of_ten_draws_or_more(
        self, surveys: list[Survey], num_yes: int, num_no: int
    ):
        inside = torch.zeros(2)
        counted = torch.zeros(2)
        for seen, draw in itertools.product(surveys, range(20)):
            found = few_labels(seen, *draw_labels(seen, "red", num_yes, num_no, seed=draw), num_next=0)
            area, share = true_figures(seen, found, "red")
            counted += torch.tensor([1, float(np.isfinite(found.direction.slope))])
            inside[0] += found.auc.low <= area <= found.auc.high
            inside[1] += found.accuracy.low <= share <= found.accuracy.high
        assert (inside / counted).min() >= 0.9

    def test_random_labels_are_not_separated(self, seen: Survey):
        rng = np.random.default_rng(0)
        areas, shares, mistaken = [], [], 0
        for _ in range(60):
            rows = rng.choice(3000, 12, replace=False).tolist()
            found = few_labels(seen, rows[:5], rows[5:], num_next=0)
            areas.append(found.auc.value)
            shares.append(found.accuracy.value)
            mistaken += found.auc.low > 0.5 or found.auc.high < 0.5
        assert mistaken <= 6
        assert np.mean(areas) == pytest.approx(0.5, abs=0.1)
        assert np.mean(shares) == pytest.approx(0.5, abs=0.1)

    def test_perfect_order_of_few_pairs_is_no_proof(self):
        few, many = (auc_interval(1.0, num_yes=n, num_no=n) for n in (3, 25))
        assert few.high == many.high == 1
        assert few.low < 0.6
        assert 0.8 < many.low < 0.95

    def test_shares_have_the_exact_interval_of_half_as_many_trials(self):
        found = share_interval(20, 20)
        assert (found.value, found.high) == (1.0, 1.0)
        assert found.low == pytest.approx(0.025 ** (1 / 10))


class TestAdvice:
    def test_the_learning_curve_is_what_happens(self, seen: Survey):
        # Labels that are the sign of a normal logit have a share 2 / π of their variance explained by it.
        for n in (10, 25):
            areas = []
            for draw in range(20):
                found = few_labels(seen, *draw_labels(seen, "red", n, n, seed=draw), num_next=0)
                areas.append(true_figures(seen, found, "red")[0])
            expected = expected_auc(2 * n, torch.tensor([2 / np.pi]).double(), torch.ones(16).double())
            assert np.mean(areas) == pytest.approx(float(expected), abs=0.03)

    def test_labels_for_a_goal_are_where_the_curve_reaches_it(self):
        variances = torch.logspace(0, -3, 40, dtype=torch.float64)
        shares = torch.tensor([0.3, 0.6, 0.9], dtype=torch.float64)
        labels = labels_for(0.9, shares, variances)
        assert torch.isinf(labels[0])
        for share, needed in zip(shares[1:], labels[1:], strict=True):
            reached = expected_auc(float(needed), share[None], variances)
            assert float(reached) == pytest.approx(0.9, abs=1e-6)

    def test_with_all_labels_the_curve_ends_at_what_codes_explain(self):
        share = 0.5
        ceiling = norm.cdf(np.sqrt(2 * share / (1 - share)))
        found = expected_auc(1e9, torch.tensor([share]).double(), torch.ones(8).double())
        assert float(found) == pytest.approx(ceiling, abs=1e-6)

    def test_better_labels_need_fewer_more(self, seen: Survey):
        clear = few_labels(seen, *draw_labels(seen, "red", 25, 25))
        rng = np.random.default_rng(1)
        rows = rng.choice(3000, 16, replace=False).tolist()
        nothing = few_labels(seen, rows[:8], rows[8:])
        assert clear.needed == 0
        assert nothing.needed is None or nothing.needed > 20

    def test_the_next_rows_are_doubtful_new_and_unlike_each_other(self):
        codes = torch.tensor([[0.0, 0], [0.1, 0], [0, 5], [0.1, 5], [3, 0], [-3, 0], [0, 0.05]])
        found = next_rows(codes, codes[:, 0], torch.tensor([0]), num=2)
        assert len(set(found)) == 2
        assert {codes[row, 1].round().item() for row in found} == {0, 5}
        assert 0 not in found
        assert next_rows(codes, codes[:, 0], torch.arange(7), num=2) == ()

    def test_it_prints_itself(self, seen: Survey):
        text = str(few_labels(seen, *draw_labels(seen, "red", 5, 5), name="sunny", num_next=3))
        lines = text.splitlines()
        assert lines[0] == "sunny, from 5 yes and 5 no"
        assert [line.split()[0] for line in lines[1:]] == ["accuracy", "AUC", "needed", "next"]
        assert len(lines[4].split(",")) == 3


@pytest.mark.parametrize(
    ("yes", "no", "message"),
    [
        ([1, 2, 3], [3, 4], "row 3 is labelled yes and no"),
        ([1], [3, 4], r"1 row\(s\) are labelled yes; label 2 or more"),
        ([1, 2], [], r"0 row\(s\) are labelled no"),
        ([1, 1], [3, 4], "labelled yes twice in 1, 1"),
        ([1, 2], [3, 3000], "row 3000 is labelled no, but there are rows 0 to 2999"),
        ([-1, 2], [3, 4], "row -1 is labelled yes"),
        (list(range(150)), list(range(150, 201)), "201 labels are too many"),
    ],
)
def test_labels_that_make_no_sense_are_refused(seen: Survey, yes: list[int], no: list[int], message: str):
    with pytest.raises(SettingError, match=message):
        few_labels(seen, yes, no)


@pytest.mark.parametrize(("setting", "value"), [("goal", 0.5), ("goal", 1.0), ("num_next", -1)])
def test_settings_out_of_range_are_refused(seen: Survey, setting: str, value: float):
    with pytest.raises(SettingError, match=f"{setting} is {value:g}"):
        few_labels(seen, [1, 2], [3, 4], **{setting: value})  # type: ignore[arg-type]


def test_labels_on_copies_of_one_code_are_refused():
    same: Tensor = torch.ones(6, 3)
    with pytest.raises(SettingError, match="all alike"):
        few_labels(Latents(codes=same, space=Space.Z), [0, 1], [2, 3])


def test_features_need_fewer_labels(toy: ToyGenerator) -> None:
    """Where features show the attribute clearly, labels that are too few for codes alone are enough."""
    latents = toy.sample(800, seed=5)
    truth = toy.truth[toy.truth.names[0]]
    along = truth.logit(latents)
    noise = 0.3 * torch.randn(800, 6, generator=torch.Generator().manual_seed(0))
    features = torch.cat([along[:, None], noise], dim=1)
    order = torch.randperm(800, generator=torch.Generator().manual_seed(1)).tolist()
    yes = [row for row in order if along[row] > 0][:4]
    no = [row for row in order if along[row] < 0][:4]
    blind, seeing = few_labels(latents, yes, no), few_labels(latents, yes, no, features=features)
    assert float(seeing.direction.vector @ truth.vector) > 0.95
    assert float(seeing.direction.vector @ truth.vector) > float(blind.direction.vector @ truth.vector) + 0.1
    assert seeing.auc.value >= blind.auc.value
    assert seeing.direction.sigma == pytest.approx(
        float((latents.codes @ seeing.direction.vector).std()), rel=1e-3
    )
    assert seeing.direction.slope > 0
    with pytest.raises(SettingError, match="10 rows of features"):
        few_labels(latents, yes, no, features=features[:10])

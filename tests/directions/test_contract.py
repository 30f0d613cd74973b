"""What every method owes to whoever swaps it for another."""

from __future__ import annotations

import functools
import inspect
import math
from dataclasses import replace

import pytest
import torch

from ganatomy.directions import METHODS, find, linear_map, pca, usable
from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Directions, Latents, Space
from ganatomy.perception import OracleScorer, Scores
from ganatomy.surveys import Jacobians, Survey, differentiate, survey

SUPERVISED = [name for name in METHODS if name != "pca"]


def toy_of(seed: int) -> ToyGenerator:
    return ToyGenerator(z_dim=8, w_dim=6, num_layers=3, attributes=("red", "round"), cosine=0.3, seed=seed)


@pytest.fixture(scope="module")
def toy() -> ToyGenerator:
    return toy_of(0)


@pytest.fixture(scope="module", params=range(5), ids="toy {}".format)
def each(request: pytest.FixtureRequest) -> ToyGenerator:
    return toy_of(request.param)


@functools.cache
def surveyed(toy: ToyGenerator, space: str, n: int = 400) -> Survey:
    seen = survey(toy, OracleScorer(toy), n=n, space=space)
    return differentiate(seen, toy, OracleScorer(toy), n=8)


def of_scores(logits: list[list[float]], names: tuple[str, ...]) -> Survey:
    """Random codes with these logits, and random gradients."""
    rng = torch.Generator().manual_seed(0)
    codes = torch.randn(len(logits), 4, generator=rng)
    scores = Scores(names=names, logits=torch.tensor(logits))
    gradients = torch.randn(8, len(names), 4, generator=rng)
    seen = Jacobians(names=names, logits=torch.zeros(8, len(names)), gradients=gradients)
    return Survey(latents=Latents(codes=codes, space=Space.Z), scores=scores, jacobians=seen)


@pytest.mark.parametrize("space", ["z", "w", "w+"])
@pytest.mark.parametrize("method", METHODS)
def test_directions_live_where_the_survey_does_and_know_their_scales(
    each: ToyGenerator, method: str, space: str
):
    seen = surveyed(each, space)
    found = pca(seen, seed=4, num_components=3) if method == "pca" else find(seen, method=method, seed=4)
    assert isinstance(found, Directions)
    assert found.names == (["PC 1", "PC 2", "PC 3"] if method == "pca" else ["red", "round"])
    for direction in found:
        direction.check(seen.latents)
        assert direction.vector.norm() == pytest.approx(1, abs=1e-5)
        assert (direction.method, direction.seed, direction.fingerprint) == (method, 4, each.fingerprint)
        along = (seen.latents.codes * direction.vector).flatten(1).sum(1)
        assert direction.sigma == pytest.approx(float(along.std()), rel=0.15)
        if method != "pca":
            assert direction.slope > 0
            assert direction.auc > (0.5 if method == "penalty" else 0.8)


@pytest.mark.parametrize("method", METHODS)
def test_methods_share_one_signature_and_leave_the_survey_as_it_was(toy: ToyGenerator, method: str):
    parameters = list(inspect.signature(METHODS[method]).parameters.values())
    assert [p.name for p in parameters[:3]] == ["survey", "attributes", "seed"]
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters[2:])
    if method == "pca":
        return
    seen = surveyed(toy, "z", n=200)
    codes, logits = seen.latents.codes.clone(), seen.scores.logits.clone()
    METHODS[method](seen, ["round"])
    assert torch.equal(codes, seen.latents.codes)
    assert torch.equal(logits, seen.scores.logits)


@pytest.mark.parametrize("method", SUPERVISED)
def test_one_seed_gives_one_result_and_another_seed_another(toy: ToyGenerator, method: str):
    seen = surveyed(toy, "z", n=200)
    first, again, other = (METHODS[method](seen, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first.matrix, again.matrix)
    assert [d.auc for d in first] == [d.auc for d in again]
    assert [d.sigma for d in first] != [d.sigma for d in other]


@pytest.mark.parametrize("method", SUPERVISED)
def test_attributes_come_in_the_order_that_was_asked_for(toy: ToyGenerator, method: str):
    seen = surveyed(toy, "z", n=200)
    assert METHODS[method](seen, ["round", "red"]).names == ["round", "red"]
    assert METHODS[method](seen, (name for name in ["red"])).names == ["red"]
    assert METHODS[method](seen, "red").names == ["red"]


@pytest.mark.parametrize("method", SUPERVISED)
def test_fewer_codes_than_numbers_in_a_code_are_enough_to_learn_something(method: str):
    toy = ToyGenerator(z_dim=40, w_dim=40, num_layers=4, attributes=("red", "round"))
    found = METHODS[method](surveyed(toy, "w+", n=120))
    assert found["red"].vector.shape == (4, 40)
    # Rows of norm 1 fit the chance variances of so few codes before they fit the scores.
    if method != "penalty":
        assert (found.matrix * toy.truth_in("w+").matrix).sum(1).min() > 0.3
    torch.testing.assert_close(found["red"].vector[0], found["red"].vector[3], atol=1e-4, rtol=0)


@pytest.mark.parametrize("method", SUPERVISED)
def test_an_attribute_of_one_class_is_refused_by_name_with_the_counts(method: str):
    seen = of_scores([[-3.0, x] for x in torch.linspace(-2, 2, 60).tolist()], ("hat", "smile"))
    with pytest.raises(ScoreError, match=r"0 of the 42 images to learn from have 'hat'"):
        METHODS[method](seen, ["smile", "hat"])


@pytest.mark.parametrize("method", SUPERVISED)
def test_an_attribute_of_one_class_is_left_out_when_it_was_not_named(method: str):
    seen = of_scores([[-3.0, x] for x in torch.linspace(-2, 2, 60).tolist()], ("hat", "smile"))
    assert usable(seen) == ["smile"]
    assert METHODS[method](seen).names == ["smile"]


def test_attributes_are_usable_from_a_minimum_of_each_class():
    seen = of_scores([[1.0 if i < 9 else -1.0, 1.0 if i < 10 else -1.0] for i in range(40)], ("nine", "ten"))
    assert usable(seen) == ["ten"]
    assert usable(seen, minimum=9) == ["nine", "ten"]
    assert usable(seen, minimum=11) == []


def test_a_survey_without_any_usable_attribute_is_refused():
    with pytest.raises(ScoreError, match="none of the 1 attributes"):
        find(of_scores([[-1.0]] * 30, ("hat",)))


@pytest.mark.parametrize("method", SUPERVISED)
def test_infinite_scores_are_refused_with_row_and_attribute(method: str):
    logits = [[1.0, -1.0] if i % 2 else [-1.0, 1.0] for i in range(40)]
    logits[7][1] = float("inf")
    with pytest.raises(ScoreError, match="row 7 of the survey scores inf for 'smile'"):
        METHODS[method](of_scores(logits, ("hat", "smile")))


@pytest.mark.parametrize("method", SUPERVISED)
def test_images_without_a_label_are_left_out(method: str, toy: ToyGenerator):
    seen = surveyed(toy, "z", n=200)
    lacking = seen.scores.logits.clone()
    lacking[7, 1] = lacking[9, 0] = float("nan")
    seen = replace(seen, scores=replace(seen.scores, logits=lacking))
    found = METHODS[method](seen, seed=0)
    assert found.matrix.isfinite().all()
    assert (found.gram().diagonal() - 1).abs().max() < 1e-5


def test_names_that_do_not_exist_are_refused_with_the_nearest_one(toy: ToyGenerator):
    seen = surveyed(toy, "z", n=60)
    with pytest.raises(UnknownNameError, match="attribute 'rond'; did you mean 'round'"):
        find(seen, ["rond"])
    with pytest.raises(UnknownNameError, match="method 'regresion'; did you mean 'regression'"):
        find(seen, method="regresion")
    with pytest.raises(SettingError, match="attributes is empty"):
        find(seen, [])


@pytest.mark.parametrize(
    ("method", "setting", "message"),
    [
        ("linear", {"penalty": -1.0}, "penalty is -1.0"),
        ("penalty", {"penalty": math.inf}, "penalty is inf"),
        ("regression", {"strength": -1.0}, "not -1.0"),
        ("logistic", {"strength": 0.0}, "strength is 0.0"),
        ("svm", {"cost": 0.0}, "cost is 0.0"),
        ("svm", {"num_extremes": 0}, "num_extremes is 0"),
        ("interfacegan", {"cost": 0.0}, "cost is 0.0"),
        ("interfacegan", {"num_extremes": 1}, "num_extremes is 1"),
        ("pca", {"num_components": 9}, "1 to 8 components, not 9"),
        ("pca", {"attributes": ["red"]}, "components have no attributes"),
    ],
)
def test_settings_out_of_range_are_refused(
    toy: ToyGenerator, method: str, setting: dict[str, object], message: str
):
    with pytest.raises(SettingError, match=message):
        METHODS[method](surveyed(toy, "z", n=60), **setting)  # type: ignore[arg-type]


def test_a_form_that_does_not_exist_is_refused_with_the_nearest_one(toy: ToyGenerator):
    seen = surveyed(toy, "z", n=60)
    with pytest.raises(UnknownNameError, match="form of the penalty 'cosine'; did you mean 'cosines'"):
        linear_map(seen, form="cosine")


def test_more_orthogonal_directions_than_dimensions_are_refused():
    toy = ToyGenerator(z_dim=4, attributes=("a", "b", "c"), cosine=0.0)
    seen = surveyed(toy, "z", n=100)
    crowded = Survey(
        latents=seen.latents.with_codes(seen.latents.codes[:, :2].contiguous()), scores=seen.scores, seed=0
    )
    with pytest.raises(SettingError, match="3 directions cannot be orthogonal in 2 dimensions"):
        find(crowded, method="lowdin")

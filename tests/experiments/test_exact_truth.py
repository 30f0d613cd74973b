"""Finders, holds, guided edits and the league table, judged by a generator that knows what every code shows."""

from __future__ import annotations

import pytest
import torch

import ganatomy as ga
from ganatomy.generators.drawn import FOLDED
from ganatomy.perception import CodeOracle, FunctionScorer
from ganatomy.surveys import Survey

UNFOLDED = ("Eyeglasses", "Young", "Blond_Hair", "Wearing_Lipstick")


def surveyed(settings: str, *, n: int = 500, space: str = "z") -> tuple[ga.DrawnGenerator, Survey]:
    drawn = ga.load(f"drawn:{settings}", resolution=32)
    assert isinstance(drawn, ga.DrawnGenerator)
    return drawn, ga.survey(drawn, ga.scorer(drawn), n=n, space=space, seed=0)


@pytest.mark.parametrize("space", ["z", "w"])
@pytest.mark.parametrize("population", ["entangled", "independent"])
def test_regression_recovers_the_truth_of_a_linear_map(population: str, space: str) -> None:
    drawn, seen = surveyed(population, space=space)
    found, truth = ga.regression(seen, UNFOLDED), drawn.truth_in(space).select(UNFOLDED)
    cosines = (found.matrix * truth.matrix).sum(1)
    assert (cosines > 0.999).all()
    assert [d.slope for d in found] == pytest.approx([d.slope for d in truth], rel=0.01)


def test_held_directions_change_nothing_else_by_exact_truth() -> None:
    drawn, seen = surveyed("entangled")
    direction = ga.dual(seen)["Young"]
    z = drawn.sample(20, seed=3)
    oracle = ga.scorer(drawn)
    before, after = (oracle(drawn(codes), latents=codes).logits for codes in (z, ga.move(z, direction, 0.4)))
    change = (after - before).abs().mean(0)
    own = change[oracle.names.index("Young")]
    assert own > 0.1
    assert change.sum() - own < 0.02 * own * len(oracle.names)


def test_a_warped_map_breaks_linear_methods_in_z_and_not_in_w() -> None:
    drawn, in_z = surveyed("warped", n=1500)
    _, in_w = surveyed("warped", n=500, space="w")
    truth = drawn.truth.select(UNFOLDED)
    found = ga.regression(in_w, UNFOLDED)
    assert ((found.matrix * truth.matrix).sum(1) > 0.999).all()
    assert all(direction.auc > 0.99 for direction in found)
    assert all(direction.auc < 0.93 for direction in ga.regression(in_z, UNFOLDED))


@pytest.mark.parametrize("method", [ga.regression, ga.logistic, ga.centroids])
def test_linear_methods_miss_what_is_folded(method) -> None:
    _, seen = surveyed("folded,independent", n=2000)
    missed, found = method(seen, ("Smiling", "Eyeglasses")), method(seen, ("Young", "Blond_Hair"))
    assert {"Smiling", "Eyeglasses"} <= set(FOLDED)
    assert all(direction.auc < 0.62 for direction in missed)
    assert all(direction.auc > 0.95 for direction in found)


@pytest.mark.slow
@pytest.mark.parametrize("map_", ["linear", "warped", "folded"])
def test_guided_edits_by_the_oracle_reach_the_truth(map_: str) -> None:
    drawn = ga.DrawnGenerator(map=map_, resolution=32)
    oracle = ga.scorer(drawn)
    z = drawn.sample(6, seed=11)
    found = ga.guided(drawn, oracle, z, {"Smiling": 0.9}, hold=("Male", "Young"))
    smile, male, young = (oracle.names.index(name) for name in ("Smiling", "Male", "Young"))
    truth, before = (torch.sigmoid(drawn.read(codes)) for codes in (found.latents, z))
    assert (truth[:, smile][found.reached] > 0.85).all()
    assert found.reached.double().mean() > 0.6
    assert (truth - before)[found.reached][:, [male, young]].abs().mean() < 0.05


@pytest.mark.slow
def test_images_lead_a_guided_edit_to_what_it_asks_for() -> None:
    """A scorer that only looks at images, followed by gradients through the renderer."""
    drawn = ga.DrawnGenerator(resolution=32, population="independent")

    def darkness(images: torch.Tensor) -> torch.Tensor:
        return -6 * images.mean((1, 2, 3))[:, None]

    scorer = FunctionScorer(darkness, ["dark"], output="logits")
    z = drawn.sample(4, seed=2)
    found = ga.guided(drawn, scorer, z, {"dark": "+0.2"})
    assert (drawn(found.latents).mean((1, 2, 3)) < drawn(z).mean((1, 2, 3))).all()


@pytest.mark.slow
def test_the_league_table_of_drawn_faces_is_judged_by_exact_truth() -> None:
    drawn = ga.DrawnGenerator(resolution=32)
    experiment = ga.Experiment(drawn, ga.scorer(drawn))
    assert isinstance(experiment.scorer, CodeOracle)
    found = ga.compare(
        experiment, n=300, images=6, attributes=("Smiling", "Young", "Male"), methods=["regression", "dual"]
    )
    assert found.factors is not None
    assert found.factors.reader.exact
    assert found.value("dual", "factor_selectivity") > found.value("regression", "factor_selectivity")
    page = ga.document(found, experiment, model="drawn")
    assert page.data["factors"] == "Factors, exact"

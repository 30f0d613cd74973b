"""Directions that nobody named are told by what they change."""

from __future__ import annotations

import pytest
import torch

import ganatomy as ga
from ganatomy.errors import ScoreError, SettingError, SpaceError
from ganatomy.latents import Direction, Directions, Space
from ganatomy.metrics.naming import NOTHING
from ganatomy.perception import OracleScorer, TruthScorer


@pytest.fixture(scope="module", params=range(5), ids="toy {}".format)
def toy(request: pytest.FixtureRequest) -> ga.ToyGenerator:
    return ga.ToyGenerator(z_dim=12, cosine=0.0, seed=request.param)


def unnamed(toy: ga.ToyGenerator) -> Directions:
    """Along "round", against "red", and along what no attribute is."""
    first, second = toy.truth["round"].vector, -toy.truth["red"].vector
    basis = toy.truth.matrix
    rest = torch.randn(12, generator=torch.Generator().manual_seed(0))
    rest -= rest @ basis.T @ basis
    vectors = {"PC 1": first, "PC 2": second, "PC 3": rest}
    return Directions(
        Direction(name=n, vector=v, space=Space.Z, fingerprint=toy.fingerprint) for n, v in vectors.items()
    )


def test_directions_are_named_by_the_attributes_that_they_move(toy: ga.ToyGenerator):
    seen = ga.name_directions(toy, OracleScorer(toy), unnamed(toy), n=64, strength=1.0)
    assert {name: list(moved) for name, moved in seen.moved.items()} == {
        "PC 1": ["round"],
        "PC 2": ["red"],
        "PC 3": [],
    }
    up, down = seen.moved["PC 1"]["round"], seen.moved["PC 2"]["red"]
    assert 0 < up.low < up.value < up.high
    assert down.low < down.value < down.high < 0


def test_changes_are_what_the_linear_model_of_the_toy_says(toy: ga.ToyGenerator):
    directions = unnamed(toy)
    seen = ga.name_directions(toy, OracleScorer(toy), directions, n=500, strength=1.5, seed=3)
    logits = toy.truth["round"].logit(toy.sample(500, seed=3))
    step = 1.5 * toy.slope
    expected = (torch.sigmoid(logits + step) - torch.sigmoid(logits - step)).mean() / 2
    assert seen.moved["PC 1"]["round"].value == pytest.approx(float(expected), abs=1e-4)


def test_intervals_hold_the_change_of_many_images(toy: ga.ToyGenerator):
    many = ga.name_directions(toy, OracleScorer(toy), unnamed(toy)[:1], n=2000, seed=99).moved["PC 1"][
        "round"
    ]
    inside = 0
    for seed in range(20):
        few = ga.name_directions(toy, OracleScorer(toy), unnamed(toy)[:1], n=48, seed=seed).moved["PC 1"][
            "round"
        ]
        inside += few.low <= many.value <= few.high
    assert inside >= 17


def test_new_names_say_what_changes_most(toy: ga.ToyGenerator):
    seen = ga.name_directions(toy, OracleScorer(toy), unnamed(toy), n=64)
    first, second, third = seen.renamed.names
    up = seen.moved["PC 1"]["round"]
    assert first == f"PC 1: round +{up.value:.2f} ± {up.error:.2f}"
    assert second.startswith("PC 2: red -0.")
    assert third == f"PC 3: {NOTHING}"
    assert torch.equal(seen.renamed.matrix, seen.directions.matrix)
    assert str(seen).splitlines()[0] == "PC 1  " + first.removeprefix("PC 1: ")
    assert "over 64 images" in str(seen)


def test_one_seed_gives_one_answer_whatever_the_batch(toy: ga.ToyGenerator):
    first, again = (
        ga.name_directions(toy, OracleScorer(toy), unnamed(toy), batch_size=size) for size in (7, 1000)
    )
    torch.testing.assert_close(first.changes, again.changes)
    assert first.renamed.names == again.renamed.names


def test_what_cannot_be_named_is_refused(toy: ga.ToyGenerator):
    scorer, directions = OracleScorer(toy), unnamed(toy)
    with pytest.raises(SettingError, match="no directions"):
        ga.name_directions(toy, scorer, Directions([]))
    for settings in ({"n": 1}, {"strength": 0.0}, {"batch_size": 0}):
        with pytest.raises(SettingError, match="cannot name|batch_size 0"):
            ga.name_directions(toy, scorer, directions, **settings)  # type: ignore[arg-type]
    table = TruthScorer(torch.zeros(4, 1, dtype=torch.bool), ["red"])
    with pytest.raises(ScoreError, match="cannot score new images"):
        ga.name_directions(toy, table, directions)
    other = ga.ToyGenerator(z_dim=12, seed=5)
    with pytest.raises(ga.FingerprintError):
        ga.name_directions(other, OracleScorer(other), directions)
    away = Directions([Direction(name="PC 1", vector=torch.ones(12), space=Space.S)])
    with pytest.raises(SpaceError):
        ga.name_directions(toy, scorer, away)

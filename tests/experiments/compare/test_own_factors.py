"""Which factors an attribute is, learnt from people who were drawn with attributes independent of each other."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ganatomy.datasets.faces import ATTRIBUTES, FACTORS
from ganatomy.errors import SettingError
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.compare import OwnFactors
from ganatomy.experiments.compare.own_factors import find_own_factors, learn_own_factors
from ganatomy.experiments.compare.run import readers_of
from ganatomy.experiments.factors import FactorReader, find_factors
from ganatomy.generators import load
from ganatomy.generators.drawn import DrawnGenerator
from ganatomy.generators.toy import ToyGenerator
from ganatomy.perception import FunctionScorer, Judge, NetworkScorer, scorer
from ganatomy.perception.features import network_of
from ganatomy.perception.network import AttributeConfig, AttributeNetwork

NAMES = ("smile", "age", "glasses")


def known_factors(own: dict[str, dict[str, int]]) -> OwnFactors:
    def zeros(images: Tensor) -> Tensor:
        return torch.zeros(len(images), len(NAMES))

    return OwnFactors(reader=FactorReader(scorer=FunctionScorer(zeros, NAMES, output="logits")), own=own)


def test_factor_selectivity_is_the_own_factor_over_the_others() -> None:
    known = known_factors({"Smiling": {"smile": 1}, "Young": {"age": -1, "glasses": 1}})
    changes = torch.tensor([[1.0, 0.1, -0.1], [0.2, -0.5, 0.4]])
    found = known.selectivity(changes, changes.abs(), ("Smiling", "Young"))
    assert found.tolist() == pytest.approx([1 / 0.1, 0.5 / 0.2])


def test_a_factor_that_goes_the_other_way_than_the_score_counts_below_zero() -> None:
    known = known_factors({"Smiling": {"smile": 1}})
    changes = torch.tensor([[-1.0, 0.5, 0.5]])
    assert known.selectivity(changes, changes.abs(), ("Smiling",)).tolist() == [-2.0]


def test_an_attribute_of_unknown_factors_has_no_figure() -> None:
    known = known_factors({"Smiling": {"smile": 1}})
    assert math.isnan(known.selectivity(torch.ones(1, 3), torch.ones(1, 3), ("Male",))[0])


def test_factors_that_are_not_read_are_refused() -> None:
    with pytest.raises(SettingError, match="name at least one that the scorer reads"):
        known_factors({"Smiling": {"nose": 1}})


@pytest.mark.slow
def test_the_own_factors_of_drawn_faces_are_those_that_they_are_drawn_from() -> None:
    found = find_own_factors(Experiment(load("faces"), scorer("faces")))
    assert found is not None
    assert found.reader.title.startswith("Factors as read by the scorer (")
    first = {
        name: next(iter(found.own[name])) for name in ("Smiling", "Eyeglasses", "Male", "Young", "Bangs")
    }
    assert first == {
        "Smiling": "smile", "Eyeglasses": "glasses", "Male": "masculinity", "Young": "age", "Bangs": "bangs"
    }  # fmt: skip
    assert found.own["Young"]["age"] == -1
    assert found.own["Smiling"]["smile"] == 1
    # In the population of the model men wear no lipstick; where attributes are independent, that is no part of it.
    assert "lipstick" not in found.own["Male"]


def test_a_reader_of_one_brightness_finds_what_brightens_images() -> None:
    def brightness(images: Tensor) -> Tensor:
        return torch.stack([images.mean((1, 2, 3)), torch.zeros(len(images))], dim=1)

    reader = FactorReader(scorer=FunctionScorer(brightness, ("light", "nothing"), output="logits"))
    found = learn_own_factors(reader, resolution=32, n=300)
    assert set(found.own) <= set(ATTRIBUTES)
    assert all(list(factors) == ["light"] for factors in found.own.values())
    assert found.own["Pale_Skin"]["light"] == 1


class TestFactorsAndFeaturesOfScorers:
    def test_a_function_has_neither(self):
        sees = FunctionScorer(lambda images: images.mean((1, 2, 3)).sigmoid()[:, None], ["Bright"])
        assert find_factors(Experiment(ToyGenerator(), sees)) is None
        readers = readers_of(Experiment(ToyGenerator(), sees), ["Bright"])
        assert (readers.identity, readers.appearance, readers.features) == (None, None, "")

    def test_a_network_without_the_factors_of_drawn_faces_has_features_only(self):
        sees = NetworkScorer(
            AttributeNetwork(AttributeConfig(attributes=("a", "b"), factors=("smile",))).eval()
        )
        assert find_own_factors(Experiment(ToyGenerator(), sees)) is None
        assert network_of(sees.select(["b"])) is sees
        readers = readers_of(Experiment(ToyGenerator(), sees.select(["b"])), ["b"])
        assert readers.identity is not None
        assert readers.appearance is not None
        images = torch.rand(2, 3, 64, 64) * 2 - 1
        once, twice = readers.appearance(images), readers.appearance(torch.cat([images, -images]))
        assert torch.allclose(once, twice[:2], atol=1e-5)
        # Channels have norm 1 at each place and places are averaged, so each of four stages has a square of 1.
        assert once.square().sum(1).tolist() == pytest.approx([4.0, 4.0], rel=1e-3)

    def test_factors_that_a_network_cannot_read_are_hidden(self):
        config = AttributeConfig(
            attributes=("a", "b"), factors=tuple(factor.name for factor in FACTORS), resolution=32,
            widths=(4, 4), blocks=(0, 0), hidden_dim=8,
        )  # fmt: skip
        untrained = NetworkScorer(AttributeNetwork(config).eval())
        found = find_factors(Experiment(ToyGenerator(), untrained))
        assert found is None or len(found.hidden) > len(FACTORS) / 2


def network_with(factors: tuple[str, ...]) -> NetworkScorer:
    torch.manual_seed(0)
    return NetworkScorer(AttributeNetwork(AttributeConfig(attributes=("a",), factors=factors)).eval())


def test_the_judge_reads_factors_rather_than_the_scorer_that_was_optimised():
    judge, sees = network_with(("pose",)), network_with(("smile", "pose"))
    found = find_factors(Experiment(ToyGenerator(), sees, judge=Judge(judge)))
    assert found is not None
    assert found.scorer.names == ("pose",)
    assert found.title == f"Factors as read by the judge ({judge.description})"
    assert not found.exact


def test_drawn_faces_know_their_own_factors_whatever_reads_their_images():
    drawn, reads = DrawnGenerator(resolution=32), network_with(("smile",))
    found = find_own_factors(Experiment(drawn, reads))
    assert found is not None
    assert found.reader.exact
    assert found.reader.title == "Factors, exact"
    assert found.own["Young"] == {"age": -1}
    assert set(found.own) == set(ATTRIBUTES)
    w = drawn.sample(16, seed=1, space="w")
    moved = w.with_codes(w.codes + drawn.truth["Smiling"].vector)
    factors = [found.reader.scorer.score(drawn(it), latents=it).logits for it in (w, moved)]
    changes = (factors[1] - factors[0])[None]
    assert found.selectivity(changes.mean(1), changes.abs().mean(1), ("Smiling",))[0] > 1e3

"""Which factors an attribute is, learnt from people who were drawn with attributes independent of each other."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ganatomy.datasets.faces import ATTRIBUTES, FACTORS
from ganatomy.errors import SettingError
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.compare import Truth
from ganatomy.experiments.compare.run import readers_of
from ganatomy.experiments.compare.truth import drawn_truth, truth_of
from ganatomy.generators.toy import ToyGenerator
from ganatomy.perception import FunctionScorer, NetworkScorer, scorer
from ganatomy.perception.features import network_of
from ganatomy.perception.network import AttributeConfig, AttributeNetwork

NAMES = ("smile", "age", "glasses")


def reader(own: dict[str, dict[str, int]]) -> Truth:
    def zeros(images: Tensor) -> Tensor:
        return torch.zeros(len(images), len(NAMES))

    return Truth(scorer=FunctionScorer(zeros, NAMES, output="logits"), own=own)


def test_truth_selectivity_is_the_own_factor_over_the_others() -> None:
    truth = reader({"Smiling": {"smile": 1}, "Young": {"age": -1, "glasses": 1}})
    changes = torch.tensor([[1.0, 0.1, -0.1], [0.2, -0.5, 0.4]])
    found = truth.selectivity(changes, changes.abs(), ("Smiling", "Young"))
    assert found.tolist() == pytest.approx([1 / 0.1, 0.5 / 0.2])


def test_a_factor_that_goes_the_other_way_than_the_score_counts_below_zero() -> None:
    truth = reader({"Smiling": {"smile": 1}})
    changes = torch.tensor([[-1.0, 0.5, 0.5]])
    assert truth.selectivity(changes, changes.abs(), ("Smiling",)).tolist() == [-2.0]


def test_an_attribute_of_unknown_factors_has_no_figure() -> None:
    truth = reader({"Smiling": {"smile": 1}})
    assert math.isnan(truth.selectivity(torch.ones(1, 3), torch.ones(1, 3), ("Male",))[0])


def test_factors_that_are_not_read_are_refused() -> None:
    with pytest.raises(SettingError, match="name at least one that the scorer reads"):
        reader({"Smiling": {"nose": 1}})


@pytest.mark.slow
def test_the_own_factors_of_drawn_faces_are_those_that_they_are_drawn_from() -> None:
    found = truth_of(scorer("faces"))
    assert found is not None
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

    found = drawn_truth(
        FunctionScorer(brightness, ("light", "nothing"), output="logits"), resolution=32, n=300
    )
    assert set(found.own) <= set(ATTRIBUTES)
    assert all(list(factors) == ["light"] for factors in found.own.values())
    assert found.own["Pale_Skin"]["light"] == 1


class TestTruthAndFeaturesOfScorers:
    def test_a_function_has_neither(self):
        sees = FunctionScorer(lambda images: images.mean((1, 2, 3)).sigmoid()[:, None], ["Bright"])
        assert truth_of(sees) is None
        readers = readers_of(Experiment(ToyGenerator(), sees), ["Bright"])
        assert (readers.identity, readers.appearance, readers.features) == (None, None, "")

    def test_a_network_without_the_factors_of_drawn_faces_has_features_only(self):
        sees = NetworkScorer(
            AttributeNetwork(AttributeConfig(attributes=("a", "b"), factors=("smile",))).eval()
        )
        assert truth_of(sees) is None
        assert network_of(sees.select(["b"])) is sees
        readers = readers_of(Experiment(ToyGenerator(), sees.select(["b"])), ["b"])
        assert readers.identity is not None
        assert readers.appearance is not None
        images = torch.rand(2, 3, 64, 64) * 2 - 1
        once, twice = readers.appearance(images), readers.appearance(torch.cat([images, -images]))
        assert torch.allclose(once, twice[:2], atol=1e-5)
        # Channels have norm 1 at each place and places are averaged, so each of four stages has a square of 1.
        assert once.square().sum(1).tolist() == pytest.approx([4.0, 4.0], rel=1e-3)

    def test_factors_of_drawn_faces_are_known_by_their_names(self):
        config = AttributeConfig(
            attributes=("a", "b"), factors=tuple(factor.name for factor in FACTORS), resolution=32,
            widths=(4, 4), blocks=(0, 0), hidden_dim=8,
        )  # fmt: skip
        assert truth_of(NetworkScorer(AttributeNetwork(config).eval())) is not None

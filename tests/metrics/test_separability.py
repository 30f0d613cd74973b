"""Separability of planted labels, whose entropy is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import mutual_info_score

from ganatomy.errors import ScoreError, UnknownNameError
from ganatomy.latents import Latents, Space
from ganatomy.metrics import separability
from ganatomy.metrics.separability import conditional_entropy
from ganatomy.perception.base import Scores
from ganatomy.surveys import Survey

N = 10_000


def entropy(q: float) -> float:
    return -q * math.log2(q) - (1 - q) * math.log2(1 - q)


def planted(flipped: dict[str, float], *, n: int = N, dim: int = 4) -> Survey:
    """Codes, and for each name the sign of one number of the code, flipped with some probability."""
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((n, dim))
    signs = [
        np.sign(codes[:, k]) * np.where(rng.random(n) < q, -1, 1) for k, q in enumerate(flipped.values())
    ]
    # All as sure as each other, so that the surest half is any half.
    logits = torch.from_numpy(np.stack(signs, 1) * rng.uniform(2, 3, (n, 1))).float()
    return Survey(
        latents=Latents(codes=torch.from_numpy(codes).float(), space=Space.Z),
        scores=Scores(names=tuple(flipped), logits=logits),
    )


def test_labels_that_a_plane_knows_up_to_a_flip_leave_the_entropy_of_the_flip() -> None:
    flipped = {"clean": 0.0001, "rough": 0.1, "rougher": 0.25, "noise": 0.5}
    found = separability(planted(flipped))
    for name, q in flipped.items():
        assert found.bits[name].value == pytest.approx(entropy(q), abs=0.06), name
    expected = 2 ** sum(entropy(q) for q in flipped.values())
    for figure in (found.held_out, found.published):
        assert figure.value == pytest.approx(expected, rel=0.08)
        assert figure.low < figure.value < figure.high


def test_in_sample_figures_flatter_long_codes_and_held_out_ones_do_not() -> None:
    found = separability(planted({"noise": 0.5}, n=400, dim=130))
    assert found.held_out.value > 1.9
    assert found.published.value < 1.3


def test_the_entropy_is_what_mutual_information_leaves() -> None:
    rng = np.random.default_rng(1)
    sides, labels = rng.integers(0, 2, 500), (rng.random(500) < 0.3).astype(int)
    labels[:200] = sides[:200]
    table = np.array([[np.sum((sides == x) & (labels == y)) for y in (0, 1)] for x in (0, 1)])
    left = entropy(labels.mean()) - mutual_info_score(sides, labels) / math.log(2)
    assert float(conditional_entropy(torch.from_numpy(table).double())) == pytest.approx(left, abs=1e-9)


def test_a_side_without_codes_leaves_nothing_open() -> None:
    assert float(conditional_entropy(torch.tensor([[0.0, 0.0], [0.0, 8.0]]).nan_to_num())) == 0


def test_attributes_of_one_class_are_left_out_and_named() -> None:
    survey = planted({"half": 0.0, "rough": 0.2}, n=600)
    survey.scores.logits[:, 0] = survey.scores.logits[:, 0].abs()
    found = separability(survey)
    assert found.left_out == ("half",)
    assert list(found.bits) == ["rough"]
    with pytest.raises(ScoreError, match="none of the 1 attributes"):
        separability(survey, ["half"])
    with pytest.raises(UnknownNameError, match="'rouge'; did you mean 'rough'"):
        separability(survey, ["rouge"])


def test_it_says_what_it_is() -> None:
    text = str(separability(planted({"rough": 0.2, "noise": 0.5}, n=800)))
    assert text.startswith("separability in z: ")
    assert "lower is better" in text.splitlines()[0]
    assert text.splitlines()[1].startswith("  noise")

"""DCI of codes whose factors are planted."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.metrics import dci
from ganatomy.metrics.dci import disentanglement


def planted(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((n, d)))


@pytest.mark.parametrize("regressor", ["lasso", "forest"])
def test_factors_that_are_numbers_of_the_code_are_disentangled_complete_and_known(regressor: str) -> None:
    codes = planted(600, 4)
    found = dci(codes, codes[:, [2, 0, 3]], regressor=regressor)
    assert found.disentanglement.value > 0.9
    assert found.completeness.value > 0.97
    assert found.informativeness.value > 0.9
    if regressor == "lasso":
        assert found.importance.argmax(0).tolist() == [2, 0, 3]
        assert found.informativeness.value == pytest.approx(1, abs=1e-3)


def test_factors_that_are_spread_evenly_over_the_code_are_neither() -> None:
    codes = planted(3000, 2)
    mixed = codes @ torch.tensor([[1.0, 1.0], [1.0, -1.0]]).double()
    found = dci(codes, mixed)
    assert found.disentanglement.value == pytest.approx(0, abs=0.01)
    assert found.completeness.value == pytest.approx(0, abs=0.01)
    assert found.informativeness.value == pytest.approx(1, abs=1e-3)


def test_two_numbers_for_one_factor_are_disentangled_but_half_complete() -> None:
    codes = planted(2000, 4)
    factors = torch.stack([codes[:, 0] + codes[:, 1], codes[:, 2] + codes[:, 3]], 1)
    found = dci(codes, factors)
    assert found.disentanglement.value > 0.97
    assert found.completeness.value == pytest.approx(1 - math.log(2) / math.log(4), abs=0.03)


def test_noise_takes_its_share_of_the_informativeness() -> None:
    codes = planted(4000, 3)
    factors = codes[:, :2] * 0.8**0.5 + planted(4000, 2, seed=1) * 0.2**0.5
    found = dci(codes, factors)
    assert found.informativeness.value == pytest.approx(0.8, abs=0.03)
    assert found.informativeness.low < 0.8 + 0.03


def test_the_scores_are_those_of_the_formula() -> None:
    rng = np.random.default_rng(3)
    importance = rng.random((5, 3)) ** 3
    total = 0.0
    for row in importance:
        p = row / row.sum()
        total += row.sum() / importance.sum() * (1 + sum(x * math.log(x, 3) for x in p))
    assert disentanglement(torch.from_numpy(importance)) == pytest.approx(total, abs=1e-9)
    assert disentanglement(torch.zeros(2, 2)) == 0


def test_what_cannot_be_measured_is_refused() -> None:
    codes = planted(50, 3)
    with pytest.raises(UnknownNameError, match="'laso'; did you mean 'lasso'"):
        dci(codes, codes, regressor="laso")
    with pytest.raises(SettingError, match="50 codes of 3 numbers and 40 rows"):
        dci(codes, codes[:40])
    with pytest.raises(ScoreError, match="1 of 2 attributes vary"):
        dci(codes, torch.stack([codes[:, 0], torch.ones(50)], 1))


def test_it_says_what_it_is() -> None:
    codes = planted(100, 3)
    text = str(dci(codes, codes, described="z codes"))
    assert text.startswith("DCI of z codes: disentanglement ")
    assert text.endswith("(R² on held-out codes; lasso, 100 codes, 3 attributes); higher is better")

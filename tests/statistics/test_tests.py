"""Paired permutation tests, held against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from ganatomy.errors import SettingError
from ganatomy.statistics.tests import paired_test


def test_p_of_a_difference_of_means_is_that_of_scipys_paired_permutation_test() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal(30) + 0.4, rng.standard_normal(30)
    truth = stats.permutation_test(
        (one, other),
        lambda a, b: np.mean(a) - np.mean(b),
        permutation_type="samples",
        n_resamples=20_000,
        rng=np.random.default_rng(1),
    )
    found = paired_test(torch.from_numpy(one), torch.from_numpy(other), lambda mean: mean)
    assert found.p == pytest.approx(truth.pvalue, abs=0.02)
    assert found.difference.value == pytest.approx(one.mean() - other.mean())
    assert found.factor.value == pytest.approx(one.mean() / other.mean())


def test_a_figure_of_several_means_is_compared_too() -> None:
    rows = torch.rand(25, 2, generator=torch.Generator().manual_seed(0)) + 1
    better = rows * torch.tensor([2.0, 1.0])
    found = paired_test(better, rows, lambda mean: mean[:, 0] / mean[:, 1])
    assert found.factor.value == pytest.approx(2)
    assert found.significant


def test_rows_that_are_not_paired_are_refused() -> None:
    with pytest.raises(SettingError, match="not paired"):
        paired_test(torch.ones(4), torch.ones(5), lambda mean: mean)

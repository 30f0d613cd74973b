"""Paired permutation tests, held against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from ganatomy.errors import SettingError
from ganatomy.statistics.tests import exchanged_means, paired_test, random_swaps


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


def test_exchanging_all_images_swaps_the_means_and_exchanging_none_keeps_them() -> None:
    one, other = torch.rand(6, 2, 3).double(), torch.rand(6, 2, 3).double()
    swaps = torch.stack([torch.zeros(6), torch.ones(6)]).double()
    first, second = exchanged_means(one, other, swaps)
    assert torch.allclose(first, torch.stack([one.mean(0), other.mean(0)]))
    assert torch.allclose(second, torch.stack([other.mean(0), one.mean(0)]))


def test_swaps_are_zeros_and_ones_of_a_seed() -> None:
    swaps = random_swaps(5, seed=1, num=300)
    assert swaps.shape == (300, 5)
    assert set(swaps.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(swaps, random_swaps(5, seed=1, num=300))
    assert not torch.equal(swaps, random_swaps(5, seed=2, num=300))

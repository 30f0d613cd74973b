"""Intervals that hold what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from ganatomy.statistics.intervals import (
    Estimate,
    difference,
    estimate,
    jackknife,
    mean_of,
    ratio_of,
    resampling,
    rounded,
    share_of,
    simultaneous_means,
)


def test_leaving_out_single_rows_of_ten_gives_the_interval_of_student() -> None:
    values = torch.from_numpy(np.random.default_rng(0).standard_normal(10))
    found = jackknife(lambda rows: values[rows].mean()[None], 10)[0]
    low, high = stats.t.interval(0.95, 9, loc=values.mean(), scale=stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.value == pytest.approx(float(values.mean()))


@pytest.mark.parametrize("way", ["resampling", "jackknife"])
def test_the_interval_of_a_mean_covers_it_in_about_95_of_100_samples(way: str) -> None:
    hits = 0
    for seed in range(200):
        values = torch.from_numpy(np.random.default_rng(seed).exponential(size=80))
        by_groups = jackknife(lambda rows, sample=values: sample[rows].mean()[None], 80, seed=seed)[0]
        found = mean_of(values, seed=seed) if way == "resampling" else by_groups
        hits += found.low < 1 < found.high
    assert 176 <= hits <= 198


def test_the_interval_of_a_correlation_covers_it() -> None:
    hits = 0
    for seed in range(200):
        rows = torch.from_numpy(
            np.random.default_rng(seed).multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 200)
        )
        found = jackknife(
            lambda kept, sample=rows: torch.corrcoef(sample[kept].T)[0, 1][None], 200, seed=seed
        )
        hits += found[0].low < 0.6 < found[0].high
    assert 178 <= hits <= 199


def test_intervals_of_many_means_hold_at_once_in_about_95_of_100_samples() -> None:
    hits, alone = 0, 0
    for seed in range(200):
        rows = torch.from_numpy(np.random.default_rng(seed).standard_normal((80, 10)))
        found = simultaneous_means(rows, seed=seed)
        hits += all(it.low < 0 < it.high for it in found)
        alone += all(it.low < 0 < it.high for it in (mean_of(column, seed=seed) for column in rows.T))
    assert 176 <= hits <= 199
    assert alone < 150


def test_draws_are_of_as_many_rows_as_there_are() -> None:
    draws = resampling(7, seed=0, num=50)
    assert draws.shape == (50, 7)
    torch.testing.assert_close(draws.sum(1), torch.ones(50, dtype=torch.float64))
    assert torch.equal(draws, resampling(7, seed=0, num=50))


def test_draws_without_a_figure_are_left_out() -> None:
    nan = float("nan")
    found = estimate(1.0, torch.tensor([nan, 0.5, 1.5, nan]))
    assert (found.low, found.high) == (0.5, 1.5)
    assert np.isnan(estimate(1.0, torch.tensor([nan])).low)


def test_numbers_are_printed_as_a_person_reads_them() -> None:
    assert str(Estimate(value=858.4, low=668, high=1048)) == "858 ± 190"
    assert str(Estimate(value=0.04571, low=0.04, high=0.05)) == "0.0457 ± 0.005"
    assert rounded(12345.0, 3) == "12300"
    assert rounded(float("inf"), 3) == "inf"


@pytest.mark.parametrize(("yes", "n"), [(0, 20), (3, 20), (81, 263), (20, 20)])
def test_the_interval_of_a_share_is_wilsons(yes: int, n: int) -> None:
    found = share_of(yes, n)
    truth = stats.binomtest(yes, n).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((truth.low, truth.high), abs=1e-9)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_the_difference_of_two_shares_is_newcombes_published_example() -> None:
    found = difference(share_of(56, 70), share_of(48, 80))
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_a_ratio_has_the_t_interval_of_its_logarithm_and_a_second_error_widens_it() -> None:
    logs = torch.linspace(-1, 0.5, 20, dtype=torch.float64)
    drawn = resampling(20, seed=0, num=20_000) @ logs
    alone = ratio_of(logs.mean(), drawn, n=20)
    half = stats.t.ppf(0.975, 19) * float(logs.std()) / 20**0.5
    assert alone.value == pytest.approx(math.exp(-0.25))
    assert math.log(alone.high) - math.log(alone.low) == pytest.approx(2 * half, rel=0.02)
    wider = ratio_of(logs.mean(), drawn, n=20, error=0.5, freedom=9)
    assert wider.value == alone.value
    assert wider.low < alone.low < alone.high < wider.high

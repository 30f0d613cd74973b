"""Two ways of editing in the same images: by how much, and whether that is more than chance."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.metrics import Entanglement
from ganatomy.metrics.paired import compare_selectivity
from ganatomy.statistics.tests import NUM_SWAPS


def result(others: Tensor, target: float = 0.25) -> Entanglement:
    """Edits of attribute "a" that change "b" by so much in each image."""
    changes = torch.stack([torch.full_like(others, target), others], dim=1)[None]
    return Entanglement(
        names=("a",),
        attributes=("a", "b"),
        strengths=torch.ones(1),
        before=torch.full((len(others), 2), 0.4),
        changes=changes,
        target_change=target,
        seed=3,
    )


def noise(n: int, seed: int) -> Tensor:
    return torch.rand(n, generator=torch.Generator().manual_seed(seed))


def test_the_difference_and_the_factor_are_those_of_the_mean_selectivities():
    found = compare_selectivity(result(torch.full((20,), 0.05)), result(torch.full((20,), 0.1)))
    assert found.difference.value == pytest.approx(0.25 / 0.05 - 0.25 / 0.1)
    assert found.factor.value == pytest.approx(2)
    assert (found.difference.low, found.difference.high) == pytest.approx((2.5, 2.5))
    assert found.significant


def test_a_way_against_itself_is_no_different():
    same = result(0.05 + 0.1 * noise(20, 0))
    found = compare_selectivity(same, same)
    assert (found.difference.value, found.difference.low, found.difference.high, found.p) == (0, 0, 0, 1)
    assert not found.significant
    assert found.images_needed is None


def test_what_all_images_share_is_seen_though_they_differ_among_themselves():
    # Images differ by 50 times as much as the two ways do; intervals of each alone overlap almost wholly.
    base = 0.05 + 0.2 * noise(40, 1)
    found = compare_selectivity(result(base), result(base + 0.004))
    assert found.significant
    assert found.p <= 2 / (NUM_SWAPS + 1)
    reversed_ = compare_selectivity(result(base + 0.004), result(base))
    assert reversed_.difference.value == pytest.approx(-found.difference.value)
    assert reversed_.p == found.p


def test_two_ways_that_differ_by_chance_are_rarely_told_apart():
    p = torch.tensor(
        [
            compare_selectivity(
                result(0.05 + 0.1 * noise(12, seed)), result(0.05 + 0.1 * noise(12, 1000 + seed))
            ).p
            for seed in range(60)
        ]
    )
    assert float((p <= 0.05).float().mean()) <= 0.15
    assert float(p.mean()) == pytest.approx(0.5, abs=0.15)


def test_the_p_value_is_the_share_of_all_exchanges_where_these_are_few():
    one, other = 0.05 + 0.1 * noise(6, 5), 0.05 + 0.1 * noise(6, 6)
    found = compare_selectivity(result(one), result(other))
    observed = abs(0.25 / one.mean() - 0.25 / other.mean())
    swaps = torch.tensor([[bool(k >> i & 1) for i in range(6)] for k in range(64)])
    gaps = (
        0.25 / torch.where(swaps, one, other).mean(1) - 0.25 / torch.where(swaps, other, one).mean(1)
    ).abs()
    exact = float((gaps >= observed - 1e-6).float().mean())
    assert found.p == pytest.approx(exact, abs=0.03)


def test_edits_that_take_the_attribute_away_count_as_well():
    one, other = result(torch.full((9,), 0.05)), result(torch.full((9,), 0.1))
    away = [replace(it, changes=-it.changes, strengths=-it.strengths) for it in (one, other)]
    assert compare_selectivity(*away).difference.value == pytest.approx(
        compare_selectivity(one, other).difference.value
    )


def test_more_images_are_asked_for_where_the_difference_is_small():
    found = compare_selectivity(result(0.05 + 0.1 * noise(12, 2)), result(0.052 + 0.1 * noise(12, 3)))
    assert not found.significant
    assert found.images_needed is not None
    assert found.images_needed > 12


def test_results_of_other_images_are_refused():
    with pytest.raises(SettingError, match="different images"):
        compare_selectivity(result(torch.ones(4)), result(torch.ones(5)))

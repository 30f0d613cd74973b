"""Weights in fewer bits: near what they were, the same when rounded again, and refused where scales do not fit."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.rounding import LEAST_NUMBERS, SCALE, narrowed, widened


@pytest.fixture
def weights() -> dict[str, Tensor]:
    seeded = torch.Generator().manual_seed(0)
    large = torch.randn(128, 16, 3, 3, generator=seeded) * torch.logspace(-6, 3, 128).view(-1, 1, 1, 1)
    large[5] = 0
    return {
        "large": large,
        "small": torch.randn(4, 4, generator=seeded),
        "huge": torch.full((2, 2), 1e6),
        "bias": torch.randn(128, generator=seeded),
        "count": torch.tensor(7),
    }


@pytest.mark.parametrize("bits", [8, 7, 4])
def test_each_row_is_within_half_a_step_of_what_it_was(weights: dict[str, Tensor], bits: int) -> None:
    found = widened(narrowed(weights, bits))
    assert list(found) == list(weights)
    steps = weights["large"].abs().amax((1, 2, 3)) / (2 ** (bits - 1) - 1)
    errors = (found["large"] - weights["large"]).abs().amax((1, 2, 3))
    assert bool((errors <= 0.501 * steps).all())
    assert torch.equal(found["large"][5], torch.zeros(16, 3, 3))


@pytest.mark.parametrize("bits", [32, 16, 8, 6])
def test_rounding_again_changes_nothing(weights: dict[str, Tensor], bits: int) -> None:
    once = widened(narrowed(weights, bits))
    wide = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in once.items()}
    again = widened(narrowed(wide, bits))
    assert all(torch.equal(once[name], again[name]) for name in weights)


def test_what_is_small_keeps_its_precision(weights: dict[str, Tensor]) -> None:
    assert weights["large"].numel() >= LEAST_NUMBERS > weights["small"].numel()
    stored = narrowed(weights, 8)
    kinds = {name: tensor.dtype for name, tensor in stored.items()}
    assert kinds == {
        "large": torch.int8,
        "large" + SCALE: torch.float32,
        "small": torch.float16,
        "huge": torch.float32,
        "bias": torch.float32,
        "count": torch.int64,
    }
    assert torch.equal(stored["bias"], weights["bias"])


def test_weights_that_are_not_finite_are_kept_as_they_are() -> None:
    broken = {"large": torch.full((LEAST_NUMBERS, 1), torch.nan)}
    assert widened(narrowed(broken, 8))["large"].isnan().all()


def test_other_numbers_of_bits_are_refused(weights: dict[str, Tensor]) -> None:
    with pytest.raises(SettingError, match="not in 12"):
        narrowed(weights, 12)


@pytest.mark.parametrize(
    ("numbers", "scale"),
    [
        (torch.zeros(3, 2, dtype=torch.int8), torch.ones(2)),
        (torch.zeros(3, 2, dtype=torch.int8), torch.ones(3, dtype=torch.float64)),
        (torch.zeros(3, 2), torch.ones(3)),
        (torch.zeros((), dtype=torch.int8), torch.ones(())),
    ],
    ids=["too few scales", "scales of another type", "numbers with a fraction", "a single number"],
)
def test_scales_that_do_not_fit_are_refused(numbers: Tensor, scale: Tensor) -> None:
    with pytest.raises(CheckpointError, match="int8 with a float32 for each row"):
        widened({"w": numbers, "w" + SCALE: scale})

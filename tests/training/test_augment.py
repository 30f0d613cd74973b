"""The augmentation by what is known of it: nothing at probability 0, exact turns, a mean that it keeps, gradients."""

import math

import pytest
import torch

from ganatomy.training.augment import (
    INTERVAL,
    SYM6,
    AdaptiveAugmentation,
    coarser,
    colours,
    finer,
    geometric,
    recoloured,
    resampled,
    scaling,
    translation,
    turn,
)
from ganatomy.training.ranks import Ranks

ALL = slice(None)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def waves(turned: torch.Tensor | None = None, size: int = 32) -> torch.Tensor:
    """A smooth image, or where it is after the coordinates of each pixel were changed by a matrix."""
    across = (torch.arange(size) + 0.5) * 2 / size - 1
    y, x = torch.meshgrid(across, across, indexing="ij")
    if turned is not None:
        x, y, _ = torch.einsum("ij,jhw->ihw", turned, torch.stack([x, y, torch.ones_like(x)]))
    return torch.sin(3 * x + 2 * y)[None, None]


def test_nothing_changes_at_probability_0() -> None:
    images = torch.randn(6, 3, 16, 16)
    assert torch.equal(AdaptiveAugmentation(0.6, 1000)(images, 6, ALL), images)


def test_everything_changes_at_probability_1() -> None:
    images, augment = torch.randn(6, 3, 16, 16), AdaptiveAugmentation(0.6, 1000)
    augment.probability.fill_(1.0)
    changed = augment(images, 6, ALL)
    assert all(not torch.allclose(a, b, atol=0.1) for a, b in zip(images, changed, strict=True))


@pytest.mark.parametrize("probability", [0.2, 0.8])
def test_a_share_of_images_changes(probability: float) -> None:
    n, eye = 4000, torch.eye(3)
    matrices = geometric(n, torch.tensor(probability), pixels=32)
    still = (matrices - eye).abs().amax(dim=(1, 2)) < 1e-6
    # Mirroring and quarters of a turn are drawn as nothing half and a quarter of the time; a turn is one in two draws.
    kept = (1 - probability / 2) * (1 - probability * 3 / 4) * (1 - probability) ** 5
    assert float(still.float().mean()) == pytest.approx(kept, abs=0.03)


def test_the_filter_is_orthogonal() -> None:
    taps = torch.tensor(SYM6, dtype=torch.float64)
    for shift in range(0, len(SYM6), 2):
        product = (taps[shift:] * taps[: len(taps) - shift]).sum().item()
        assert product == pytest.approx(0.0 if shift else 1.0, abs=1e-9)
    images = torch.randn(2, 3, 24, 24)
    torch.testing.assert_close(coarser(finer(images))[..., 6:-6, 6:-6], images[..., 6:-6, 6:-6])


def test_shifts_by_whole_pixels_are_exact() -> None:
    image = torch.randn(1, 3, 32, 32)
    by_four = translation(torch.tensor([[4 * 2 / 32, 0.0]]))
    torch.testing.assert_close(resampled(image, by_four)[..., :20], image[..., 4:24], rtol=0, atol=2e-5)


@pytest.mark.parametrize(
    "matrix",
    [
        translation(torch.tensor([[0.21, -0.1]]))[0],
        turn(torch.tensor([0.4]))[0],
        turn(torch.tensor([math.pi / 2]))[0],
        scaling(torch.tensor([-1.0]), torch.tensor([1.0]))[0],
        scaling(torch.tensor([0.8]), torch.tensor([1.1]))[0],
    ],
    ids=["shifted", "turned", "turned by a quarter", "mirrored", "stretched"],
)
def test_a_smooth_image_is_where_the_matrix_says(matrix: torch.Tensor) -> None:
    found, expected = resampled(waves(), matrix[None]), waves(matrix)
    assert (found - expected)[..., 10:-10, 10:-10].abs().max() < 0.015


def test_colours_keep_grey_apart_from_hue_and_saturation() -> None:
    matrices = colours(50, torch.tensor(1.0))
    grey = torch.full((50, 3, 2, 2), 0.3)
    found = recoloured(grey, matrices)
    torch.testing.assert_close(found, found[:, :1].expand_as(found), rtol=0, atol=1e-4)
    one_channel = recoloured(grey[:, :1], matrices)
    torch.testing.assert_close(one_channel, found[:, :1], rtol=0, atol=1e-4)


def test_gradients_reach_the_images() -> None:
    images, augment = torch.randn(4, 3, 16, 16, requires_grad=True), AdaptiveAugmentation(0.6, 1000)
    augment.probability.fill_(0.9)
    augment(images, 4, ALL).square().sum().backward()
    assert images.grad is not None
    assert (images.grad.abs().sum(dim=(1, 2, 3)) > 0).all()


def test_rows_of_a_batch_change_as_in_the_whole_of_it() -> None:
    images, augment = torch.randn(4, 3, 16, 16), AdaptiveAugmentation(0.6, 1000)
    augment.probability.fill_(0.9)
    torch.manual_seed(1)
    whole = augment(images, 4, ALL)
    torch.manual_seed(1)
    half = augment(images[2:], 4, slice(2, 4))
    torch.testing.assert_close(half, whole[2:])


@pytest.mark.parametrize(("logit", "expected"), [(1.0, 0.32), (-1.0, 0.0)])
def test_the_probability_follows_the_critic(logit: float, expected: float) -> None:
    augment = AdaptiveAugmentation(0.6, 100)
    for step in range(2 * INTERVAL):
        augment.adapt(torch.full((4,), logit), step, 4, Ranks())
    assert augment.probability.item() == pytest.approx(expected)

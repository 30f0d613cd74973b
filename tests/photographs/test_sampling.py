from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from photographs.files import gradient
from PIL import Image

from ganatomy.errors import SettingError
from ganatomy.images import to_uint8
from ganatomy.photographs.sampling import cut, locate, place, side, square


def turned(centre: tuple[float, float], half: float, degrees: float) -> torch.Tensor:
    angle = math.radians(degrees)
    direction = torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64)
    return square(torch.tensor(centre, dtype=torch.float64), direction * half)


def pixels(image: torch.Tensor) -> np.ndarray:
    return to_uint8(image[None])[0]


def test_pixels_that_need_no_change_are_left_as_they_are() -> None:
    found = cut(gradient(), turned((30, 20), 10, 0), 20)
    assert np.array_equal(pixels(found), np.asarray(gradient())[10:30, 20:40])


def test_a_shrunk_crop_is_the_mean_of_its_pixels() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    found = pixels(cut(Image.fromarray(noise), turned((20, 20), 16, 0), 16)).astype(float)
    means = noise[4:36, 4:36].reshape(16, 2, 16, 2, 3).mean((1, 3))
    assert np.abs(found - means).max() <= 1


@pytest.mark.parametrize("degrees", [0, 20, 90, -135])
@pytest.mark.parametrize("resolution", [6, 16, 40], ids=["shrunk", "about as large", "enlarged"])
def test_a_ramp_has_the_values_of_the_places_that_are_sampled(degrees: float, resolution: int) -> None:
    quad = turned((30, 20), 8, degrees)
    found = pixels(cut(gradient(), quad, resolution)).astype(float)
    middles = (torch.arange(resolution, dtype=torch.float64) + 0.5) / resolution
    places = place(quad, torch.stack(torch.meshgrid(middles, middles, indexing="xy"), dim=-1))
    # The middle of pixel k lies at k + .5, and its value is 4 k.
    expected = 4 * (places - 0.5)
    assert np.abs(found[..., :2] - expected.numpy()).max() <= 1.5


def test_places_are_located_where_they_came_from() -> None:
    quad = turned((30, 20), 8, 33)
    unit = torch.rand(7, 2, dtype=torch.float64)
    torch.testing.assert_close(locate(quad, place(quad, unit)), unit)
    assert side(quad) == pytest.approx(16)


@pytest.mark.parametrize("centre", [(0, 0), (59, 39), (-20, 20), (30, 60)])
def test_outside_of_a_photograph_is_its_mirror(centre: tuple[float, float]) -> None:
    plain = cut(Image.new("RGB", (60, 40), (200, 100, 50)), turned(centre, 15, 10), 12)
    assert (pixels(plain) == [200, 100, 50]).all()
    found = pixels(cut(gradient(), turned(centre, 15, 10), 12))
    assert (found[..., 2] == 90).all()


def test_a_photograph_of_one_pixel_fills_any_crop() -> None:
    found = cut(Image.new("RGB", (1, 1), (10, 20, 30)), turned((0.5, 0.5), 0.5, 0), 8)
    assert (pixels(found) == [10, 20, 30]).all()


def test_the_memory_of_a_crop_does_not_grow_with_its_distance_from_the_photograph() -> None:
    with pytest.raises(SettingError, match="far outside of a photograph of 60 x 40 px"):
        cut(gradient(), turned((1e6, 0), 15, 0), 12)


@pytest.mark.parametrize(("half", "resolution"), [(0.0, 8), (math.nan, 8), (5.0, 0)])
def test_a_crop_without_pixels_is_refused(half: float, resolution: int) -> None:
    with pytest.raises(SettingError, match="has no area|is none"):
        cut(gradient(), turned((30, 20), half, 0), resolution)

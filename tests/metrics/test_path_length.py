"""Path length against closed forms: of a linear generator, and of one that squares its codes."""

from __future__ import annotations

import math
from importlib import import_module

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import ganatomy as ga
from ganatomy.errors import SettingError, SpaceError, UnknownNameError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.metrics import path_length
from ganatomy.metrics.path_length import FACE, within_outliers
from ganatomy.perception.perceptual import PerceptualDistance, pixel_distance

SQUARED = PerceptualDistance(
    name="pixels", description="squared pixels", embed=lambda images: images.flatten(1).double()
)


def pairs_of(generator: ga.Generator, n: int, seed: int, space: str = "z") -> tuple[Tensor, Tensor]:
    codes = generator.sample(2 * n, seed=seed, space=space).codes.double()
    return codes[::2], codes[1::2]


def test_in_w_a_linear_generator_has_the_squared_distance_of_its_codes() -> None:
    toy = ToyGenerator(w_dim=12)
    a, b = pairs_of(toy, 300, 3, "w")
    expected = (a - b).square().sum(1) * toy.pixels[0].double().square().sum()
    found = path_length(toy, SQUARED, space="w", n=300, seed=3)
    torch.testing.assert_close(found.distances.double(), expected, rtol=5e-3, atol=0)
    assert found.value.value == pytest.approx(float(within_outliers(expected).mean()), rel=1e-3)
    # Over all codes the mean is 2 |B|² tr(A Aᵀ).
    everyone = 2 * float(toy.pixels[0].square().sum() * toy.affine.square().sum())
    assert found.distances.double().mean() == pytest.approx(everyone, rel=0.1)


def test_in_z_the_way_is_a_great_circle_of_radius_root_d() -> None:
    toy = ToyGenerator()
    a, b = pairs_of(toy, 300, 5)
    angle = F.cosine_similarity(a, b).arccos()
    expected = 16 * angle.square() * toy.pixels[0].double().square().sum()
    found = path_length(toy, SQUARED, space="z", n=300, seed=5)
    torch.testing.assert_close(found.distances.double(), expected, rtol=5e-3, atol=0)
    assert found.interpolation == "slerp"
    # Angles between random directions lie around a right one.
    assert float(found.distances.mean() / (16 * toy.pixels[0].square().sum())) == pytest.approx(
        (math.pi / 2) ** 2, rel=0.06
    )


def test_a_generator_that_normalises_z_has_the_same_length_as_one_that_does_not() -> None:
    toy = ToyGenerator()

    class Normalising(nn.Module):
        def forward(self, z: Tensor) -> Tensor:
            return toy(toy.sample(1)[[0] * len(z)].with_codes(F.normalize(z) * math.sqrt(z.shape[1])))

    same = path_length(ga.wrap(Normalising(), z_dim=16), SQUARED, space="z", n=40)
    assert same.value.value == pytest.approx(path_length(toy, SQUARED, space="z", n=40).value.value, rel=5e-3)


def test_codes_of_a_uniform_prior_go_straight_and_stay_in_their_cube() -> None:
    toy = ToyGenerator(prior="uniform")
    a, b = pairs_of(toy, 100, 1)
    found = path_length(toy, SQUARED, space="z", n=100, seed=1)
    expected = (a - b).square().sum(1) * toy.pixels[0].double().square().sum()
    torch.testing.assert_close(found.distances.double(), expected, rtol=1e-2, atol=0)
    assert found.interpolation == "lerp"


def test_end_steps_from_the_end_and_full_from_anywhere() -> None:
    # Images are squared codes: the speed is 2 c(t) (b - a) in each pixel, so it grows with the code.
    squares = ga.wrap(
        lambda z: (z**2 / 30).reshape(-1, 1, 8, 8), z_dim=64, prior="uniform", value_range=(-1, 1)
    )
    a, b = pairs_of(squares, 200, 0)
    end = path_length(squares, SQUARED, space="z", sampling="end", n=200)
    expected = (2 * a * (b - a) / 30).square().sum(1)
    torch.testing.assert_close(end.distances.double(), expected, rtol=2e-2, atol=0)
    full = path_length(squares, SQUARED, space="z", sampling="full", n=200)
    # E[a² (b - a)²] is 1/9 + 1/5 = 14/45 at the end; E[c(t)² (b - a)²] is 14/45 ((1 - t)² + t²) - 4/9 t (1 - t),
    # whose mean over t is 2/15.
    assert full.value.value == pytest.approx(64 * 4 / 900 * 2 / 15, rel=0.06)
    assert end.value.value == pytest.approx(64 * 4 / 900 * 14 / 45, rel=0.06)


def test_the_step_hardly_matters_where_images_are_smooth(monkeypatch: pytest.MonkeyPatch) -> None:
    digits, distance = ga.load("digits"), pixel_distance()
    small = path_length(digits, distance, space="z", n=30).value.value
    monkeypatch.setattr(import_module("ganatomy.metrics.path_length"), "EPSILON", 1e-3)
    assert path_length(digits, distance, space="z", n=30).value.value == pytest.approx(small, rel=0.03)


def test_a_crop_compares_a_part() -> None:
    half = ga.wrap(lambda z: torch.cat([z, 0 * z], 1).reshape(-1, 1, 8, 8) / 8, z_dim=32)
    assert path_length(half, SQUARED, space="z", n=10, crop=(0.5, 1, 0, 1)).value.value == 0
    assert path_length(half, SQUARED, space="z", n=10, crop=FACE).value.value > 0
    assert path_length(half, SQUARED, space="z", n=10, crop=(0, 0.5, 0, 1)).value.value > 0


def test_outliers_do_not_count() -> None:
    values = torch.cat([torch.full((998,), 2.0), torch.tensor([-1e6, 1e6])])
    assert within_outliers(values).unique().tolist() == [2.0]


def test_it_says_what_it_is() -> None:
    text = str(path_length(ToyGenerator(), pixel_distance(), space="z", n=20))
    assert text.startswith("path length in z, full: ")
    assert "mean squared error of pixels; 20 pairs by slerp" in text
    assert text.endswith("lower is better")


def test_what_cannot_be_measured_is_refused() -> None:
    toy = ToyGenerator(w_dim=8, num_layers=2)
    with pytest.raises(SpaceError, match="of z and w, not w\\+"):
        path_length(toy, SQUARED, space="w+")
    with pytest.raises(UnknownNameError, match="'ful'; did you mean 'full'"):
        path_length(toy, SQUARED, sampling="ful")
    with pytest.raises(SettingError, match="1 pairs"):
        path_length(toy, SQUARED, n=1)
    toy.precision = "bfloat16"
    with pytest.raises(SettingError, match="smaller than the rounding of bfloat16"):
        path_length(toy, SQUARED)

"""Measures of single images and walks: identity, reconstruction, the profile of a walk."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

import ganatomy as ga
from ganatomy.errors import SettingError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Latents, Space
from ganatomy.metrics import identity_kept, reconstruction, walk_profile
from ganatomy.metrics.reconstruction import ssim
from ganatomy.perception.perceptual import PerceptualDistance, pixel_distance

SQUARED = PerceptualDistance(
    name="pixels", description="squared pixels", embed=lambda images: images.flatten(1).double()
)


def noise(n: int, *, channels: int = 3, size: int = 24, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_a_constant_error_has_its_mse_and_psnr() -> None:
    targets = noise(3) * 0.5
    found = reconstruction(targets + 0.1, targets, distance=pixel_distance())
    assert found.mse.value == pytest.approx(0.01, rel=1e-4)
    assert found.psnr.value == pytest.approx(10 * np.log10(4 / 0.01), abs=1e-3)
    assert found.perceptual is not None
    assert found.perceptual.value == pytest.approx(0.01, rel=1e-4)
    assert {name: figure.higher_is_better for name, figure in found.figures.items()} == {
        "PSNR": True,
        "SSIM": True,
        "MSE": False,
        "perceptual": False,
    }


def test_ssim_is_that_of_the_paper_by_scipys_filter() -> None:
    a, b = noise(2, seed=1), noise(2, seed=2) * 0.3 + noise(2, seed=1) * 0.7
    for row in range(2):
        planes = []
        for x, y in zip(a[row].double().numpy(), b[row].double().numpy(), strict=True):
            blur = lambda plane: ndimage.gaussian_filter(plane, 1.5, truncate=5 / 1.5)[5:-5, 5:-5]  # noqa: E731
            mx, my = blur(x), blur(y)
            vx, vy, both = blur(x * x) - mx**2, blur(y * y) - my**2, blur(x * y) - mx * my
            top = (2 * mx * my + 0.02**2) * (2 * both + 0.06**2)
            planes.append((top / ((mx**2 + my**2 + 0.02**2) * (vx + vy + 0.06**2))).mean())
        assert float(ssim(a, b)[row]) == pytest.approx(np.mean(planes), abs=1e-9)


def test_equal_images_are_equal() -> None:
    found = reconstruction(noise(2), noise(2))
    assert found.ssim.value == pytest.approx(1)
    assert found.psnr.value == np.inf
    assert found.perceptual is None
    with pytest.raises(SettingError, match="do not match"):
        reconstruction(noise(2), noise(3))
    with pytest.raises(SettingError, match="11 x 11"):
        reconstruction(noise(2, size=8), noise(2, size=8))


def test_identity_is_1_for_the_same_and_0_for_unrelated_images() -> None:
    rng = np.random.default_rng(0)
    rows = torch.from_numpy(np.abs(rng.standard_normal((500, 32)))).float()
    same = identity_kept(rows, 3 * rows)
    assert same.kept.value == pytest.approx(1, abs=1e-6)
    assert same.unrelated.value > 0.5  # features that are never negative
    unrelated = identity_kept(rows, rows.flip(0))
    assert unrelated.kept.value == pytest.approx(0, abs=0.03)
    assert unrelated.kept.low < 0 < unrelated.kept.high
    with pytest.raises(SettingError, match="do not show the same images"):
        identity_kept(rows, rows[:10])


def test_a_straight_walk_of_a_linear_generator_has_constant_speed_and_the_length_of_its_chord() -> None:
    toy = ToyGenerator()
    keys = toy.sample(2, seed=1)
    for frames in (9, 33):
        found = walk_profile(toy, ga.path(keys, frames), SQUARED, batch_size=5)
        chord = float((keys.codes[0] - keys.codes[1]).norm() * toy.pixels[0].norm())
        assert found.length == pytest.approx(chord, rel=1e-4)
        assert found.unevenness == pytest.approx(1, abs=1e-3)
        assert found.transitions == ()


def test_a_jump_is_found_where_it_is() -> None:
    # One number moves evenly; the image moves a little with it, and jumps at .3 and .8 of the walk.
    def draw(z: torch.Tensor) -> torch.Tensor:
        t = z[:, :1]
        jumps = torch.sigmoid((t - 0.3) / 0.005) + torch.sigmoid((t - 0.8) / 0.005)
        return (0.2 * t + jumps).reshape(-1, 1, 1, 1).expand(-1, 1, 8, 8) / 3

    jumping = ga.wrap(draw, z_dim=1)
    frames = Latents(codes=torch.linspace(0, 1, 101)[:, None], space=Space.Z)
    found = walk_profile(jumping, frames, pixel_distance())
    assert [round(step / 100, 1) for step in found.transitions] == [0.3, 0.8]
    assert found.unevenness > 10
    first, last = found.steepest
    assert first <= 30 <= last or first <= 80 <= last
    first, last = found.flattest
    assert not first <= 30 < last
    assert not first <= 80 < last
    # d/dt of the image: 0.2/3 between the jumps, and (1/4/0.005 + 0.2)/3 at their middle.
    assert float(found.speed.median()) == pytest.approx(0.2 / 3, rel=1e-3)
    assert "sharp transitions between frames" in str(found)


def test_a_walk_where_nothing_happens_has_no_profile() -> None:
    still = ga.wrap(lambda z: torch.zeros(len(z), 1, 8, 8), z_dim=2, value_range=(-1, 1))
    found = walk_profile(still, ga.path(still.sample(2), 9), pixel_distance())
    assert found.transitions == ()
    assert np.isnan(found.unevenness)
    with pytest.raises(SettingError, match="4 frames"):
        walk_profile(still, ga.path(still.sample(2), 4), pixel_distance())

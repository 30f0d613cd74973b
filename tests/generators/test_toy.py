"""The toy generator: whatever it says of itself must be true of its images."""

from __future__ import annotations

import pytest
import torch

import ganatomy as ga

MATRIX = [[1.0, 0.8, 0.0], [0.8, 1.0, -0.3], [0.0, -0.3, 1.0]]


@pytest.mark.parametrize(
    "cosine", [0.0, 0.5, -0.2, MATRIX], ids=["orthogonal", "close", "obtuse", "a matrix"]
)
def test_directions_have_the_chosen_cosines(cosine: float | list[list[float]]) -> None:
    toy = ga.ToyGenerator(attributes=("a", "b", "c"), cosine=cosine)
    wanted = torch.tensor(cosine)
    if wanted.ndim == 0:
        wanted = torch.full((3, 3), float(wanted)).fill_diagonal_(1)
    torch.testing.assert_close(toy.truth.gram(), wanted, atol=1e-5, rtol=0)


CHECKSUMS = {
    0: (0.16312, 0.46414, 0.1309, -0.01988),
    1: (0.50756, -0.33503, 0.14795, -0.79283),
    2: (0.49469, -0.60333, -0.45275, 0.45767),
    3: (0.11963, -0.24603, -0.2629, 0.1145),
    4: (-0.8535, -0.21407, -0.01863, -0.02772),
}
"""For each seed the directions and the pixels, each weighed by -1 to 1, the first number of A and the last of b."""


@pytest.mark.parametrize("seed", CHECKSUMS)
def test_a_seed_gives_the_same_toy_on_every_processor(seed: int) -> None:
    toy = ga.ToyGenerator(w_dim=12, seed=seed)
    weighed = [
        float(torch.linspace(-1, 1, array.numel()) @ array.flatten())
        for array in (toy.directions, toy.pixels)
    ]
    corners = [float(toy.affine[0, 0]), float(toy.w_avg[-1])]
    assert [*weighed, *corners] == pytest.approx(CHECKSUMS[seed], abs=1e-4)


@pytest.mark.parametrize("space", ["z", "w", "w+"])
@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_logits_read_from_images_are_those_of_the_known_directions(space: str, prior: str) -> None:
    toy = ga.ToyGenerator(
        z_dim=20, w_dim=24, num_layers=4, prior=prior, intercepts=(0.5, -1.0, 0.0, 2.0), seed=3
    )
    latents = toy.sample(3000, space=space)
    logits = toy.read(toy(latents))
    for k, direction in enumerate(toy.truth_in(space)):
        torch.testing.assert_close(direction.logit(latents), logits[:, k], atol=1e-5, rtol=1e-5)
        spread = (latents.codes * direction.vector).flatten(1).sum(1).std()
        assert direction.sigma == pytest.approx(float(spread), rel=0.05)


def test_moving_along_a_known_direction_changes_the_logits_as_the_gram_matrix_says() -> None:
    toy = ga.ToyGenerator(slope=3.0)
    z = toy.sample(10)
    moved = z.with_codes(z.codes + 0.7 * toy.truth["round"].vector)
    change = toy.read(toy(moved)) - toy.read(toy(z))
    torch.testing.assert_close(change, (3.0 * 0.7 * toy.truth.gram()[1]).expand(10, -1), atol=1e-5, rtol=0)


def test_pixels_stay_in_range_at_eight_standard_deviations() -> None:
    toy = ga.ToyGenerator(z_dim=512, w_dim=512)
    images = toy(toy.sample(500))
    assert images.abs().max() < 1
    assert toy.signature.resolution == 16


def test_truncation_goes_to_the_mean_of_w() -> None:
    toy = ga.ToyGenerator(z_dim=5, w_dim=6, num_layers=4)
    z = toy.sample(8000)
    w = toy.map(z, to="w").codes
    torch.testing.assert_close(w.mean(0), toy.w_avg, atol=0.1, rtol=0)
    torch.testing.assert_close(toy.map(z, truncation_psi=0.0).codes, toy.w_avg.expand(8000, -1))
    half = toy.map(z, to="w+", truncation_psi=0.5, truncation_cutoff=2).codes
    torch.testing.assert_close(half[:, 0], (w + toy.w_avg) / 2)
    torch.testing.assert_close(half[:, 2], w)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cosine": -0.9}, "no 4 vectors have these cosines"),
        ({"cosine": [[1.0, 0.5], [0.5, 1.0]]}, "symmetric 4 x 4"),
        ({"z_dim": 3}, "at least 4 dimensions"),
        ({"num_layers": 3}, "needs a w space"),
        ({"intercepts": (1.0,)}, "4 attributes need as many intercepts, got 1"),
        ({"prior": "gaussian"}, "'gaussian' is not a prior"),
    ],
    ids=["too obtuse", "matrix too small", "too few dimensions", "layers without w", "intercepts", "prior"],
)
def test_impossible_settings_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(ga.SettingError, match=message):
        ga.ToyGenerator(**settings)


def test_a_space_that_the_toy_lacks_has_no_truth() -> None:
    with pytest.raises(ga.SpaceError, match="no space w"):
        ga.ToyGenerator().truth_in("w")

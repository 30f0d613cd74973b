"""What is learnt about a generator: that it is right, and that it is learnt once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import ganatomy as ga
from ganatomy.inversion.coordinates import coordinates_of
from ganatomy.inversion.lbfgs import minimise
from ganatomy.inversion.likeness import Likeness, default_perceptual
from ganatomy.inversion.metric import DAMPING, measure_metric
from ganatomy.inversion.prior import Prior
from ganatomy.inversion.ridge import fit_ridge


def test_coordinates_lead_to_codes_and_back(toy: ga.Generator) -> None:
    coordinates = coordinates_of(toy)
    latents = toy.sample(5, seed=3, space=coordinates.space)
    again = coordinates.latents(coordinates.of(latents))
    assert again.space is latents.space
    assert torch.allclose(again.codes, latents.codes, atol=1e-4)


def test_coordinates_of_drawn_codes_are_standard_normal(toy: ga.Generator) -> None:
    u = coordinates_of(toy).drawn(toy, 4000, seed=3)[:, 0]
    assert torch.allclose(u.mean(0), torch.zeros(u.shape[1]), atol=0.1)
    assert torch.allclose(torch.cov(u.T), torch.eye(u.shape[1]), atol=0.12)


def test_the_metric_of_a_linear_generator_is_its_gram_matrix() -> None:
    toy = ga.ToyGenerator(z_dim=6)
    metric = measure_metric(toy, coordinates_of(toy), Likeness(), products=4000, rank=100)
    exact = toy.pixels @ toy.pixels.T / 192
    found = metric.basis @ metric.values.diag() @ metric.basis.T
    assert torch.allclose(found, exact, atol=0.1 * float(exact.max()))


def test_the_inverse_of_the_metric_equals_the_dense_one() -> None:
    toy = ga.ToyGenerator(z_dim=6, w_dim=8, num_layers=3)
    metric = measure_metric(toy, coordinates_of(toy), Likeness(), products=64, rank=5)
    prior = Prior.of(0.5, variance=0.1)
    rows, r = coordinates_of(toy).shape
    dense = metric.basis @ metric.values.diag() @ metric.basis.T
    dense = dense + DAMPING * metric.values[0] * torch.eye(rows * r)
    u = torch.zeros(1, rows, r, requires_grad=True)
    (half,) = torch.autograd.functional.hessian(lambda x: prior(x).sum() / 2, u).reshape(
        1, rows * r, rows * r
    )
    gradients = torch.randn(4, rows * r)
    expected = torch.linalg.solve(dense + half, gradients.T).T
    assert torch.allclose(
        metric.inverse(prior)(gradients), expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max())
    )


def test_the_optimiser_finds_the_minimum_of_every_bowl_and_of_a_bent_valley() -> None:
    scales = torch.tensor([[1.0, 10.0, 100.0], [3.0, 0.1, 30.0]], dtype=torch.float64)

    def bowls(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return (scales * (x - 1).square()).sum(1), 2 * scales * (x - 1)

    def valley(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = x.detach().requires_grad_()
        with torch.enable_grad():
            values = (1 - x[:, 0]).square() + 100 * (x[:, 1] - x[:, 0].square()).square()
            (gradients,) = torch.autograd.grad(values.sum(), x)
        return values.detach(), gradients

    start = torch.zeros(2, 3, dtype=torch.float64)
    assert minimise(bowls, start, precondition=lambda g: g, evaluations=60).values.max() < 1e-8
    start = torch.tensor([[-1.2, 1.0], [0.0, 0.0]], dtype=torch.float64)
    found = minimise(valley, start, precondition=lambda g: g, evaluations=200)
    assert found.values.max() < 1e-6


def test_the_optimiser_survives_values_that_are_not_numbers() -> None:
    def broken(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        values = x.square().sum(1).sqrt()
        return torch.where(values > 4, torch.nan, values), x / values[:, None]

    found = minimise(broken, torch.full((1, 2), 2.5), precondition=lambda g: 100 * g, evaluations=30)
    assert found.values.isfinite().all()
    assert found.values[0] < 3.5


def test_ridge_recovers_a_linear_map_and_says_how_well() -> None:
    random = torch.Generator().manual_seed(0)
    features, weight = torch.randn(200, 5, generator=random), torch.randn(3, 5, generator=random)
    encoder = fit_ridge(features, features @ weight.T + 1)
    assert encoder.explained > 0.999
    assert torch.allclose(encoder(features), features @ weight.T + 1, atol=0.01)
    assert fit_ridge(features, torch.randn(200, 3, generator=random)).explained < 0.1
    with pytest.raises(ga.SettingError, match="cannot be fitted to 5 images"):
        fit_ridge(features[:5], features[:5])


def test_what_was_learnt_is_read_again(
    toy: ga.Generator, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ga.prepare_inversion(toy)
    assert len(list((cache / "inversion").iterdir())) == 1
    monkeypatch.setattr("ganatomy.inversion.prepare._learn", None)
    again = ga.prepare_inversion(toy)
    images = toy(toy.sample(2, seed=9))
    one, two = (ga.invert(toy, images, preparation=p, budget=10) for p in (first, again))
    assert torch.allclose(one.images, two.images, atol=1e-2)
    assert torch.allclose(one.likelihood.percentile, two.likelihood.percentile, atol=0.1)


def test_another_generator_is_learnt_anew(cache: Path) -> None:
    for seed in (0, 1):
        ga.prepare_inversion(ga.ToyGenerator(z_dim=6, seed=seed))
    assert len(list((cache / "inversion").iterdir())) == 2


def test_held_out_images_are_kept_with_what_was_learnt() -> None:
    toy = ga.ToyGenerator(z_dim=6)
    held_out = toy(toy.sample(4, seed=8)) + 0.01 * torch.randn(4, 3, 8, 8)
    assert len(ga.prepare_inversion(toy, held_out=held_out).held_out_errors) == 4
    assert len(ga.prepare_inversion(toy).held_out_errors) == 4


def test_a_cache_that_cannot_be_written_stops_nothing_but_a_path_does(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    toy = ga.ToyGenerator(z_dim=6)
    assert ga.prepare_inversion(toy).encoder.explained > 0.9
    with pytest.raises(ga.OutputError):
        ga.prepare_inversion(toy, path=tmp_path / "cache" / "inside" / "toy.safetensors")


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    toy = ga.ToyGenerator(z_dim=6)
    path = ga.save_latents(toy.sample(1), tmp_path / "some.latents")
    with pytest.raises(ga.CheckpointError, match="holds latents, not inversion"):
        ga.prepare_inversion(toy, path=path)


def test_the_loss_of_a_bundled_model_has_its_scorers_distance_and_that_of_others_has_none() -> None:
    assert "scorer" in Likeness(perceptual=default_perceptual(ga.load("digits"))).description
    assert default_perceptual(ga.ToyGenerator(z_dim=6)) is None


def test_eigenvectors_are_the_same_from_either_gram_matrix() -> None:
    from ganatomy.inversion.metric import _principal

    wide = torch.randn(5, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    values, vectors = _principal(wide)
    assert torch.allclose(vectors @ values.diag() @ vectors.T, wide.T @ wide / 5)
    values, vectors = _principal(wide.T)
    assert torch.allclose(vectors @ values.diag() @ vectors.T, wide @ wide.T / 12)

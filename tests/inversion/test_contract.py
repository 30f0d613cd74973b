"""What holds for every method of inversion, on generators whose codes can be read back from their images."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import ganatomy as ga
from ganatomy.inversion import METHODS
from ganatomy.inversion.invert import invert_watched
from ganatomy.inversion.result import UNEXPLAINED, judge_fit
from ganatomy.latents import Space

CLOSE = 45.0
"""dB; the toys' images lie within a hundredth of grey."""


@pytest.fixture(params=METHODS, ids=str)
def method(request: pytest.FixtureRequest) -> str:
    return request.param


def test_own_images_are_found_again(toy: ga.Generator, method: str) -> None:
    images = toy(toy.sample(3, seed=5))
    found = ga.invert(toy, images, method=method, editability=0, budget=120)
    relative = found.mse / images.var()
    assert relative.max() < 1e-3
    assert len(found) == 3
    assert found.images.shape == found.targets.shape == images.shape
    assert torch.allclose(found.images, toy(found.latents).clamp(-1, 1))
    assert found.latents.fingerprint == toy.fingerprint


def test_images_of_a_batch_do_not_influence_each_other(toy: ga.Generator, method: str) -> None:
    images = toy(toy.sample(3, seed=5))
    together = ga.invert(toy, images, method=method, budget=20)
    alone = ga.invert(toy, images, method=method, budget=20, batch_size=1)
    if method != "projector":  # whose noise is drawn for the whole batch
        assert torch.allclose(together.latents.codes, alone.latents.codes, atol=1e-3)
    assert together.evaluations <= 20


def test_codes_have_the_space_that_was_asked_for() -> None:
    toy = ga.ToyGenerator(z_dim=6, w_dim=8, num_layers=3)
    images = toy(toy.sample(2, seed=5))
    for space in ("z", "w", "w+"):
        found = ga.invert(toy, images, space=space, budget=15)
        assert found.latents.space is Space.parse(space)
        assert found.mse.max() < 0.01 * images.var()
    assert ga.invert(toy, images, budget=15).latents.space is Space.W_PLUS


def test_bounded_codes_stay_inside_even_for_images_that_need_others() -> None:
    toy = ga.ToyGenerator(z_dim=6, prior="uniform")
    beyond = toy.sample(2, seed=5)
    images = toy(beyond.with_codes(3 * beyond.codes))
    for method in METHODS:
        found = ga.invert(toy, images, method=method, budget=40, editability=0)
        assert found.latents.codes.abs().max() <= 1


def test_editability_gives_likelier_codes_for_larger_errors() -> None:
    toy = ga.ToyGenerator(z_dim=6, w_dim=8, num_layers=3)
    far = toy.sample(4, seed=5, space="w")
    images = toy(far.with_codes(toy.w_avg + 4 * (far.codes - toy.w_avg)))
    dial = [ga.invert(toy, images, editability=e, budget=40) for e in (0.0, 0.5, 1.0)]
    errors = [float(found.mse.mean()) for found in dial]
    distances = [float(found.likelihood.distance.mean()) for found in dial]
    assert errors == sorted(errors)
    assert distances == sorted(distances, reverse=True)


def test_layers_differ_less_as_editability_rises() -> None:
    torch.manual_seed(0)
    toy = ga.ToyGenerator(z_dim=6, w_dim=8, num_layers=3)
    images = toy(toy.sample(2, seed=1)) + 0.02 * torch.randn(2, 3, 8, 8)
    assert ga.invert(toy, images, editability=1).layer_spread.max() < 1e-2


def test_the_result_says_what_was_found() -> None:
    toy = ga.ToyGenerator(z_dim=6)
    found = ga.invert(toy, toy(toy.sample(2, seed=1)), budget="quick")
    assert "2 images by fast: PSNR" in str(found)
    assert found.remarks == ("", "")
    assert found.perceptual is None
    assert found.fit.held_out_percentile is None
    assert not found.likelihood.unusual.any()


def test_progress_ends_at_the_whole() -> None:
    toy, calls = ga.ToyGenerator(z_dim=6), []
    ga.invert(
        toy, toy(toy.sample(3, seed=1)), method="projector", budget=5, batch_size=2,
        progress=lambda done, total: calls.append((done, total)),
    )  # fmt: skip
    assert calls[-1] == (15, 15)
    assert calls == sorted(calls)


def test_watched_codes_come_nearer_and_are_those_of_invert(toy: ga.Generator) -> None:
    images = toy(toy.sample(1, seed=5))
    preparation, errors = ga.prepare_inversion(toy), []

    def watch(done: int, total: int, latents: ga.Latents) -> None:
        assert 1 < done <= total == 20
        errors.append(float((toy(latents) - images).square().mean()))

    watched = invert_watched(toy, images, preparation=preparation, watch=watch, budget=20)
    alone = ga.invert(toy, images, preparation=preparation, budget=20)
    assert torch.equal(watched.latents.codes, alone.latents.codes)
    assert errors[-1] <= errors[0]
    assert len(errors) == watched.evaluations - 1


def test_a_search_that_is_watched_can_be_ended(toy: ga.Generator) -> None:
    def watch(*_: object) -> None:
        raise InterruptedError

    images = toy(toy.sample(1, seed=5))
    with pytest.raises(InterruptedError):
        invert_watched(toy, images, preparation=ga.prepare_inversion(toy), watch=watch)
    assert all(weight.requires_grad for weight in toy.parameters())


def test_weights_keep_their_gradients_afterwards() -> None:
    decoder = torch.nn.Sequential(torch.nn.Linear(4, 192), torch.nn.Tanh(), torch.nn.Unflatten(1, (3, 8, 8)))
    generator = ga.wrap(decoder, z_dim=4)
    ga.invert(generator, generator(generator.sample(1, seed=3)).detach(), budget=5)
    assert all(weight.requires_grad and weight.grad is None for weight in decoder.parameters())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "fats"}, "no method of inversion 'fats'; did you mean 'fast'"),
        ({"budget": "quik"}, "no budget 'quik'; did you mean 'quick'"),
        ({"budget": 0}, "budget=0 evaluates nothing"),
        ({"editability": 1.5}, "editability is from 0"),
        ({"batch_size": 0}, "batch_size 0 is out of range"),
        ({"space": "s"}, "cannot be inverted in s"),
        ({"space": "w"}, "cannot be inverted in w"),
        ({"perceptual": "nice"}, "is not a distance"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict, message: str) -> None:
    toy = ga.ToyGenerator(z_dim=6)
    with pytest.raises(ga.GanatomyError, match=message):
        ga.invert(toy, toy(toy.sample(1, seed=1)), **settings)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(1, 3, 16, 16), "images are \\[3, 16, 16\\], those of this generator \\[3, 8, 8\\]"),
        (torch.zeros(1, 1, 8, 8), "images are \\[1, 8, 8\\]"),
        (torch.zeros(0, 3, 8, 8), "there are no images"),
        (torch.full((1, 3, 8, 8), torch.nan), "not numbers"),
    ],
)
def test_images_that_cannot_be_inverted_are_refused(images: torch.Tensor, message: str) -> None:
    with pytest.raises(ga.SettingError, match=message):
        ga.invert(ga.ToyGenerator(z_dim=6), images)


def test_a_generator_without_gradients_is_refused() -> None:
    generator = ga.wrap(lambda z: z.detach()[:, :1, None, None].expand(-1, 3, 8, 8).sin(), z_dim=2)
    with pytest.raises(ga.SettingError, match="gradients do not flow"):
        ga.prepare_inversion(generator)


def test_images_unlike_the_models_own_are_remarked_upon() -> None:
    toy = ga.ToyGenerator(z_dim=6)
    prepared = ga.prepare_inversion(toy)
    own = toy(toy.sample(1, seed=1))
    noise = own + 0.5 * torch.randn(own.shape)
    for images, remark in (
        (own - 0.9, "is darker"),
        (own + 0.9, "is brighter"),
        (torch.full_like(own, float(own.mean())), "less contrast"),
        (noise.clamp(-1, 1), "does not fit this model: it leaves"),
    ):
        (text,) = ga.invert(toy, images, preparation=prepared, budget=5).remarks
        assert remark in text
    worse = replace(prepared, held_out_errors=torch.linspace(0, 1e-9, 10))
    (text,) = ga.invert(toy, noise.clamp(-1, 1), preparation=worse, budget=5).remarks
    assert "larger than that of 100 % of held-out images" in text


def test_what_is_missed_in_one_place_is_remarked_upon() -> None:
    toy = ga.prepare_inversion(ga.ToyGenerator(z_dim=6))
    prepared = replace(toy, pixel_variance=torch.full((35, 35), float(toy.pixel_variance.mean())))
    spread = float(toy.pixel_variance.mean()) ** 0.5
    images = (0.5 * spread * torch.randn(3, 3, 35, 35, generator=torch.Generator().manual_seed(0))).clamp(
        -1, 1
    )
    targets = images.clone()
    targets[0, :, 28:34, 1:7] += spread  # a square in the lower left corner
    targets[1] += 0.2 * spread  # everywhere a little
    fit = judge_fit(prepared, targets, images)
    assert fit.places[0] == "lower left"
    assert [round(share, 2) for share in fit.missed.tolist()] == [1.0, 0.04, 0.0]
    assert float(fit.unexplained[0]) < UNEXPLAINED
    assert "missed at the lower left" in fit.remarks[0]
    assert fit.remarks[1:] == ("", "")

"""Pivotal tuning: the photograph is reached, and what lies around it stays."""

from __future__ import annotations

import pytest
import torch

import ganatomy as ga


def decoder() -> ga.Generator:
    torch.manual_seed(3)
    layers = [torch.nn.Linear(4, 32), torch.nn.Tanh(), torch.nn.Linear(32, 192), torch.nn.Tanh()]
    return ga.wrap(torch.nn.Sequential(*layers, torch.nn.Unflatten(1, (3, 8, 8))), z_dim=4)


def found_in(generator: ga.Generator) -> ga.Inversion:
    """An inversion of two images that the generator cannot make."""
    with torch.no_grad():
        images = generator(generator.sample(2, seed=5))
    torch.manual_seed(1)
    return ga.invert(generator, (images + 0.2 * torch.randn(images.shape)).clamp(-1, 1), budget=20)


def test_tuning_reaches_the_photographs_and_leaves_the_generator_alone() -> None:
    generator = decoder()
    found, before = found_in(generator), generator.fingerprint
    calls = []
    tuned = ga.tune(generator, found, steps=150, progress=lambda *call: calls.append(call))
    assert (tuned.after > tuned.before + 3).all()
    assert generator.fingerprint == before != tuned.generator.fingerprint
    assert tuned.latents.fingerprint == tuned.generator.fingerprint
    assert torch.equal(tuned.latents.codes, found.latents.codes)
    assert calls[-1] == (150, 150)
    assert "2 fitted: PSNR" in str(tuned)


def test_locality_keeps_the_images_around_the_pivot() -> None:
    generator = decoder()
    found = found_in(generator)
    direction = ga.Direction(name="right", vector=torch.tensor([1.0, 0, 0, 0]), space=ga.Space.Z,
                             fingerprint=generator.fingerprint)  # fmt: skip
    directions = ga.Directions([direction])
    drift = {}
    for locality in (0.0, 2.0):
        tuned = ga.tune(generator, found, steps=150, locality=locality, directions=directions)
        own = tuned.adopt(directions)["right"]
        with torch.no_grad():
            now = tuned.generator(ga.move(tuned.latents, own, 2.0))
            then = generator(ga.move(found.latents, direction, 2.0))
        drift[locality] = float((now - then).square().mean())
    assert drift[2.0] < 0.7 * drift[0.0]


def test_what_cannot_be_tuned_is_refused() -> None:
    toy = ga.ToyGenerator(z_dim=6)
    found = ga.invert(toy, toy(toy.sample(1, seed=1)), budget=5)
    with pytest.raises(ga.SettingError, match="has no weights to tune"):
        ga.tune(toy, found)
    with pytest.raises(ga.SettingError, match="steps=0"):
        ga.tune(toy, found, steps=0)
    with pytest.raises(ga.FingerprintError, match="another generator"):
        ga.tune(decoder(), found)

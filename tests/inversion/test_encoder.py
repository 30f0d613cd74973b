"""A trained encoder: it learns, goes on where it stopped, and is read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import ganatomy as ga
from ganatomy.inversion import EncoderNetwork

SETTINGS = ga.EncoderSettings(steps=200, batch=16, passes=2, width=8, learning_rate=5e-3, editability=0)


def decoder() -> ga.Generator:
    """A generator that is not linear, so that ridge regression leaves something to learn."""
    torch.manual_seed(3)
    layers = [torch.nn.Linear(4, 32), torch.nn.Tanh(), torch.nn.Linear(32, 192), torch.nn.Tanh()]
    network = torch.nn.Sequential(*layers, torch.nn.Unflatten(1, (3, 8, 8)))
    with torch.no_grad():
        network[0].weight.mul_(6)
    return ga.wrap(network, z_dim=4)


def images_of(generator: ga.Generator) -> torch.Tensor:
    with torch.no_grad():
        return generator(generator.sample(32, seed=11))


def test_an_untrained_encoder_gives_the_codes_of_ridge_regression_and_a_trained_one_better_ones(
    tmp_path: Path,
) -> None:
    generator = decoder()
    images, prepared = images_of(generator), ga.prepare_inversion(generator)
    untrained = EncoderNetwork.untrained(generator, prepared, width=8)
    before = ga.invert(generator, images, method=untrained, budget="quick")
    network = ga.train_encoder(generator, SETTINGS)
    after = ga.invert(generator, images, method=network, budget="quick")
    assert after.method == "encoder"
    assert after.evaluations == 3
    assert after.mse.mean() < 0.8 * before.mse.mean()
    again = EncoderNetwork.load(network.save(tmp_path / "encoder.safetensors"))
    assert torch.equal(
        ga.invert(generator, images, method=again, budget="quick").latents.codes, after.latents.codes
    )


def test_a_search_goes_on_where_the_passes_end() -> None:
    generator = decoder()
    images, prepared = images_of(generator), ga.prepare_inversion(generator)
    network = EncoderNetwork.untrained(generator, prepared, width=8)  # its passes change nothing
    alone = ga.invert(generator, images, budget=10)
    seen: list[int] = []
    after = ga.invert(
        generator, images, method=network, budget=13, progress=lambda done, _: seen.append(done)
    )
    assert torch.equal(after.latents.codes, alone.latents.codes)
    assert after.evaluations == alone.evaluations + 3
    assert seen == sorted(seen)
    assert ga.invert(generator, images, method=network, budget=2).evaluations == 2


def test_a_stopped_run_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    generator, short = decoder(), replace(SETTINGS, steps=6)
    given = images_of(generator)
    whole = ga.train_encoder(generator, short, images=given)

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "encoder" and (done, total) == (3, 6):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ga.train_encoder(generator, short, images=given, folder=tmp_path, progress=stop)
    resumed = ga.train_encoder(generator, short, images=given, folder=tmp_path)
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, resumed.state_dict()[name]), name
    with pytest.raises(ga.CheckpointError, match="other settings"):
        ga.train_encoder(generator, replace(short, seed=1), images=given, folder=tmp_path)


def test_encoders_of_other_generators_and_spaces_are_refused(tmp_path: Path) -> None:
    toy = ga.ToyGenerator(z_dim=6, w_dim=8, num_layers=3)
    images = toy(toy.sample(1, seed=1))
    network = EncoderNetwork.untrained(toy, ga.prepare_inversion(toy))
    assert ga.invert(toy, images, method=network).latents.space == "w+"
    with pytest.raises(ga.SettingError, match="finds codes in w\\+"):
        ga.invert(toy, images, method=network, space="w")
    other = ga.ToyGenerator(z_dim=6, w_dim=8, num_layers=3, seed=1)
    with pytest.raises(ga.FingerprintError, match="was trained for generator"):
        ga.invert(other, images, method=network)
    with pytest.raises(ga.SettingError, match="cannot train in 0 steps"):
        ga.EncoderSettings(steps=0)
    path = network.save(tmp_path / "encoder.safetensors")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ga.CheckpointError):
        EncoderNetwork.load(path)

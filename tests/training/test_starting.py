"""Training that starts from a generator: the same images at first, a critic that catches up, runs that go on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ganatomy.critics import critic
from ganatomy.errors import CheckpointError, MissingFileError, SettingError
from ganatomy.generators import save_generator
from ganatomy.training.bundled import TRAININGS
from ganatomy.training.families import FAMILIES, showing
from ganatomy.training.images import array_images
from ganatomy.training.loop import train_gan
from ganatomy.training.run import GanRun, finish
from ganatomy.training.schedules import kept_share
from ganatomy.training.settings import GanSettings
from ganatomy.training.starting import Start, open_start, settings_from
from ganatomy.training.steps import train_step


def narrow(family: str) -> GanSettings:
    settings = FAMILIES[family](16, 3)
    return replace(
        settings,
        widths=(8,) * len(settings.widths),
        stages=(replace(settings.stages[-1], images=64, batch=8),),
        precision="float32",
        z_dim=8,
        w_dim=8,
        mapping_layers=2,
        seed=5,
    )


IMAGES = array_images(np.random.default_rng(0).integers(0, 256, (32, 16, 16, 3), dtype=np.uint8))


@pytest.fixture(params=["stylegan2", "stylegan2-ada", "progan", "stylegan", "dcgan-r1"])
def family(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def start(family: str) -> Start:
    return Start(generator=finish(GanRun(narrow(family))))


def test_a_run_draws_at_first_what_its_generator_draws(family: str, start: Start) -> None:
    settings = settings_from(start, replace(narrow(family), seed=6), critic_images=16)
    run = GanRun(settings)
    run.start_from(start.generator, start.networks)
    codes = start.generator.sample(4, seed=0)
    expected = start.generator.synthesize(codes)
    for _ in range(2):
        assert set(train_step(run, torch.zeros(8, 3, 16, 16))) == {"critic"}
    # Batch norms are measured anew on random images.
    tolerance = 0.02 if family == "dcgan-r1" else 1e-5
    torch.testing.assert_close(
        finish(run).synthesize(replace(codes, fingerprint="")), expected, atol=tolerance, rtol=0.0
    )
    assert set(train_step(run, torch.zeros(8, 3, 16, 16))) == {"critic", "generator"}
    assert not torch.equal(finish(run).synthesize(replace(codes, fingerprint="")), expected)


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    start = Start(generator=finish(GanRun(narrow("stylegan2"))))
    # Where the rate falls at the end, a run whose end is put off is another one.
    settings = settings_from(start, replace(narrow("stylegan2"), settling=0.0), critic_images=16)
    whole = train_gan(settings, IMAGES, tmp_path / "whole", start=start)
    half = replace(settings, stages=(replace(settings.stages[0], images=32),))
    train_gan(half, IMAGES, tmp_path / "halves", start=start)
    assert train_gan(settings, IMAGES, tmp_path / "halves", start=start).fingerprint == whole.fingerprint

    other = Start(generator=finish(GanRun(replace(narrow("stylegan2"), seed=9))))
    others = settings_from(other, narrow("stylegan2"), critic_images=16)
    with pytest.raises(CheckpointError, match="start differ"):
        train_gan(others, IMAGES, tmp_path / "halves", start=other)


@pytest.mark.parametrize("family", ["stylegan2", "stylegan2-ada", "progan", "dcgan-r1"])
def test_a_folder_gives_the_critic_as_well(family: str, tmp_path: Path) -> None:
    generator = train_gan(narrow(family), IMAGES, tmp_path)
    save_generator(generator, tmp_path / "generator.safetensors")
    ended = GanRun.resume(tmp_path / "checkpoint.pt", narrow(family))
    start = open_start(str(tmp_path))
    settings = settings_from(start, narrow(family))
    assert settings.critic_images == 0
    run = GanRun(settings)
    run.start_from(start.generator, start.networks)
    for name in ("generator", "average", "critic"):
        for key, tensor in ended.networks[name].state_dict().items():
            torch.testing.assert_close(run.networks[name].state_dict()[key], tensor, atol=0, rtol=0)
    assert set(train_step(run, torch.zeros(8, 3, 16, 16))) == {"critic", "generator"}


def test_averages_look_back_at_once_on_a_generator_that_is_trained() -> None:
    settings = narrow("stylegan2")
    stage = settings.stages[0]
    started = replace(settings, start="abc")
    assert kept_share(started, stage, 1) == 0.5 ** (8 / settings.ema_images) > kept_share(settings, stage, 1)


def test_a_bundled_model_brings_its_critic_where_it_has_one() -> None:
    start = open_start("digits")
    settings = settings_from(start, TRAININGS["digits"].gan)
    assert settings.critic_images == 0
    run = GanRun(settings)
    run.start_from(start.generator, start.networks)
    images = start.generator(start.generator.sample(8, seed=0))
    torch.testing.assert_close(run.critic.eval()(images), critic("digits")(images))


def test_sizes_are_those_of_the_generator() -> None:
    sizes = {"widths": (16, 8, 4), "z_dim": 12, "mapping_layers": 3}
    start = Start(generator=finish(GanRun(replace(narrow("stylegan2"), **sizes))))
    settings = settings_from(start, narrow("stylegan2"))
    assert (settings.widths, settings.z_dim, settings.w_dim, settings.mapping_layers) == (
        (16, 8, 4),
        12,
        8,
        3,
    )


def test_the_critic_is_alone_for_a_fifth_of_the_images_at_most() -> None:
    settings = replace(narrow("stylegan2"), critic_images=20_000)
    assert showing(settings, 50_000).critic_images == 10_000
    assert showing(settings, 500_000).critic_images == 20_000


def test_what_a_run_cannot_start_from_is_said(tmp_path: Path) -> None:
    start = Start(generator=finish(GanRun(narrow("progan"))))
    with pytest.raises(SettingError, match="stylegan2 cannot go on with this ProGAN of 16 px"):
        settings_from(start, narrow("stylegan2"))
    with pytest.raises(SettingError, match="draws 16 px, the settings are for 32 px"):
        settings_from(start, FAMILIES["progan"](32, 3))
    with pytest.raises(MissingFileError, match=r"has no generator.safetensors"):
        open_start(str(tmp_path))

    run = GanRun(narrow("stylegan2"))
    networks = {name: network.state_dict() for name, network in run.networks.items()}
    other_critic = replace(narrow("stylegan2"), critic="residual")
    with pytest.raises(SettingError, match="critic of that run is of another kind"):
        settings_from(Start(generator=finish(run), networks=networks), other_critic)

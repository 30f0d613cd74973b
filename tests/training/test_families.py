"""Every family at the smallest size: it trains, resumes exactly, grows, and comes out as a generator that loads."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ganatomy.critics.equalised import EqualisedCritic
from ganatomy.generators import load, save_generator
from ganatomy.generators.progan import ProGAN
from ganatomy.generators.stylegan import StyleGAN
from ganatomy.training.fading import Fading
from ganatomy.training.families import FAMILIES, family_settings
from ganatomy.training.images import TrainingImages, array_images
from ganatomy.training.loop import train_gan
from ganatomy.training.run import GanRun, finish
from ganatomy.training.settings import CONFIGURATIONS, GanSettings, TrainingStage
from ganatomy.training.steps import train_step

GROWING = (TrainingStage(resolution=8, images=16, batch=8), TrainingStage(resolution=16, images=24, batch=8))


def tiny(family: str, *, num_classes: int = 0) -> GanSettings:
    """The recipe of a family, at 16 px and of 6 channels."""
    settings = family_settings(family, resolution=16, num_classes=num_classes)
    grows = settings.architecture in {"progan", "stylegan"}
    return replace(
        settings,
        widths=(6,) * len(settings.widths),
        stages=GROWING if grows else (TrainingStage(resolution=16, images=32, batch=8),),
        z_dim=6,
        w_dim=6,
        mapping_layers=2,
        penalty_interval=2,
        path_interval=2,
        precision="float32",
        sheet_images=1_000,
    )


def images_of(num_classes: int = 0) -> TrainingImages:
    rng = np.random.default_rng(0)
    images = array_images(rng.integers(0, 256, (64, 16, 16, 3), dtype=np.uint8))
    if not num_classes:
        return images
    names = tuple("abcdefghij"[:num_classes])
    return replace(images, labels=rng.integers(num_classes, size=64), classes=names)


def state_of(folder: Path) -> dict[str, torch.Tensor]:
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    networks = {f"{n}.{k}": t for n, network in state["networks"].items() for k, t in network.items()}
    moments = {
        f"{n}.{i}.{k}": t
        for n, own in state["optimizers"].items()
        for i, moment in own["state"].items()
        for k, t in moment.items()
    }
    return networks | moments


NEW = ["progan", "stylegan", "stylegan:C", "stylegan2-ada", "infogan"]


@pytest.mark.parametrize("family", NEW)
def test_a_run_that_was_stopped_ends_as_one_that_was_not(family: str, tmp_path: Path) -> None:
    settings = tiny(family)
    generator = train_gan(settings, images_of(), tmp_path / "unbroken")

    def stop(stage: str, done: int, total: int) -> None:
        if stage.endswith("16 px") and done == 16:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_gan(settings, images_of(), tmp_path / "broken", progress=stop)
    train_gan(settings, images_of(), tmp_path / "broken")
    unbroken, broken = state_of(tmp_path / "unbroken"), state_of(tmp_path / "broken")
    assert unbroken.keys() == broken.keys()
    assert [name for name in unbroken if not torch.equal(unbroken[name], broken[name])] == []

    path = save_generator(generator, tmp_path / "generator.safetensors")
    codes = generator.sample(2, seed=3)
    again = load(path)
    assert again.signature == generator.signature
    with torch.no_grad():
        assert torch.equal(again(codes), generator(codes))


@pytest.mark.parametrize("family", ["progan", "stylegan", "stylegan2", "stylegan2-ada", "dcgan-r1"])
def test_a_conditional_generator_learns_from_classes(family: str, tmp_path: Path) -> None:
    settings = tiny(family, num_classes=3)
    run = GanRun(settings, len(settings.stages) - 1)
    critic = run.critic
    assert isinstance(critic, EqualisedCritic)
    assert critic.embed is not None
    embedding = critic.embed.weight.clone()
    labels = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])
    real = torch.randn(8, 3, 16, 16, generator=torch.Generator().manual_seed(0)).tanh()
    train_step(run, real, labels)
    assert not torch.equal(critic.embed.weight, embedding)
    generator = finish(run)
    assert generator.signature.num_classes == 3
    one, other = (generator(replace(generator.sample(2, seed=0, label=k), fingerprint=None)) for k in (0, 1))
    assert not torch.allclose(one, other)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_configurations_add_what_the_paper_says(name: str) -> None:
    settings = tiny(f"stylegan:{name}")
    generator = finish(GanRun(settings))
    assert settings.loss == ("wasserstein" if name == "A" else "non-saturating")
    assert (settings.interpolation_gamma > 0) == (name == "A")
    if name in "AB":
        assert isinstance(generator, ProGAN)
        assert generator.config.blur == (name == "B")
        return
    assert isinstance(generator, StyleGAN)
    assert generator.config.start == ("dense" if name == "C" else "constant")
    assert (settings.noise == "random") == (name in "EF")
    assert (settings.mixing > 0) == (name == "F")


@pytest.mark.parametrize("family", ["progan", "stylegan"])
def test_a_new_resolution_comes_in_from_nothing(family: str) -> None:
    run = GanRun(tiny(family))
    run.images = 16
    grown = run.grown()
    codes = run.generator.sample(3, seed=0)
    real = torch.randn(4, 3, 16, 16)
    with torch.no_grad():
        small = run.generator(codes)
        for share in (0.0, 1e-4, 1.0):
            for network in (grown.generator, grown.critic):
                assert isinstance(network, Fading)
                network.fade = share
            image, logits = grown.generator(replace(codes, fingerprint=None)), grown.critic(real)
            enlarged, before = F.interpolate(small, scale_factor=2), run.critic(F.avg_pool2d(real, 2))
            close = torch.allclose(image, enlarged, atol=1e-2) and torch.allclose(logits, before, atol=1e-2)
            assert close == (share < 1)
            if not share:
                torch.testing.assert_close(image, enlarged)
                torch.testing.assert_close(logits, before)


def test_a_resolution_fades_in_over_half_of_the_stage_before() -> None:
    stages = (replace(GROWING[0], images=32), GROWING[1])
    run = GanRun(replace(tiny("progan"), stages=stages)).grown()
    shares = []
    for _ in range(4):
        train_step(run, torch.zeros(8, 3, 16, 16))
        shares.append((run.generator.fade, run.critic.fade, run.average.fade))
    assert shares == [(share,) * 3 for share in (0.0, 0.5, 1.0, 1.0)]


def test_every_family_is_within_reach_of_a_name() -> None:
    assert {name.partition(":")[0] for name in FAMILIES} == {
        "stylegan2", "stylegan2-ada", "stylegan", "progan", "dcgan", "dcgan-r1", "infogan",
    }  # fmt: skip

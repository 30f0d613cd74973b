"""Training runs, at sizes that take a second: what matters is that they resume, grow and refuse as they say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ganatomy.critics.multiscale import HalvingConv, MultiscaleCritic
from ganatomy.errors import CheckpointError, OutputError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.ops import upsample_2x
from ganatomy.images import from_uint8
from ganatomy.training import stylegan2
from ganatomy.training.loop import GanRun, critic_step, finish, follow, train_gan, train_step
from ganatomy.training.regularisers import gradient_penalty
from ganatomy.training.settings import GanSettings, TrainingStage

TINY = GanSettings(
    architecture="stylegan2",
    widths=(8, 8, 8),
    stages=(
        TrainingStage(resolution=8, images=32, batch=8),
        TrainingStage(resolution=16, images=32, batch=8),
    ),
    z_dim=6,
    w_dim=6,
    mapping_layers=2,
    sheet_images=16,
    penalty_interval=2,
)


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (64, 16, 16, 3), dtype=np.uint8)


def images_of(generator: Generator) -> torch.Tensor:
    with torch.no_grad():
        return generator(generator.sample(4, seed=1))


def test_a_run_that_was_stopped_ends_as_one_that_was_not(pixels: np.ndarray, tmp_path: Path) -> None:
    unbroken = train_gan(TINY, pixels, tmp_path / "unbroken")

    def stop(stage: str, done: int, total: int) -> None:
        if stage.endswith("16 px") and done == 16:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_gan(TINY, pixels, tmp_path / "broken", progress=stop)
    resumed = train_gan(TINY, pixels, tmp_path / "broken")
    torch.testing.assert_close(images_of(resumed), images_of(unbroken), rtol=1e-4, atol=1e-5)


def test_a_run_leaves_sheets_and_losses(pixels: np.ndarray, tmp_path: Path) -> None:
    train_gan(TINY, pixels, tmp_path)
    assert len(list(tmp_path.glob("samples-*.png"))) == 4
    assert (tmp_path / "losses.csv").read_text().splitlines()[0] == "images,network,loss"


def test_growing_changes_neither_the_images_nor_the_judgement(pixels: np.ndarray) -> None:
    run = GanRun(TINY)
    for _ in range(3):
        train_step(run, pixels)
    grown = run.grown()
    codes = run.generator.eval().sample(3, seed=0)
    before = run.generator(codes)
    after = grown.generator.eval()(replace(codes, fingerprint=None))
    torch.testing.assert_close(after, upsample_2x(before))
    real = from_uint8(pixels[:8])
    torch.testing.assert_close(grown.critic(real), run.critic(F.avg_pool2d(real, 2)))


def test_a_halving_convolution_is_a_convolution_and_a_mean() -> None:
    conv, x = HalvingConv(3, 5, 3), torch.randn(2, 3, 8, 8)
    plain = F.avg_pool2d(F.conv2d(x, conv.weight * conv.gain, padding=1), 2)
    torch.testing.assert_close(conv(x), F.leaky_relu(plain, 0.2) * 2**0.5)


def test_the_critic_sees_that_all_images_are_one() -> None:
    critic = MultiscaleCritic((4, 4), 3)
    images = torch.randn(4, 3, 8, 8)
    same = images[:1].expand(4, -1, -1, -1)
    assert not torch.allclose(critic(images)[0], critic(same)[0])


def test_averaged_weights_halve_their_distance_in_a_half_life() -> None:
    model, average = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    gap = average.weight - model.weight
    follow(average, model, keep=0.5)
    torch.testing.assert_close(average.weight - model.weight, gap / 2)


def test_the_finished_generator_knows_its_mean_w() -> None:
    generator = finish(GanRun(TINY))
    w = generator.map(generator.sample(5_000, seed=9), to="w").codes
    torch.testing.assert_close(generator.mapping.w_avg, w.mean(dim=0), rtol=0.1, atol=0.05)


def test_mixed_images_take_their_first_layers_from_one_code() -> None:
    generator, _ = stylegan2.build(TINY, 16)
    torch.manual_seed(0)
    plain = stylegan2.draw(generator, 4, replace(TINY, mixing=0.0, noise="none"))
    torch.manual_seed(0)
    mixed = stylegan2.draw(generator, 4, replace(TINY, mixing=1.0, noise="none"))
    assert not torch.allclose(plain, mixed)


def test_a_dcgan_trains_too(pixels: np.ndarray, tmp_path: Path) -> None:
    settings = replace(TINY, architecture="dcgan", stages=(TrainingStage(resolution=16, images=32, batch=8),))
    generator = train_gan(settings, pixels, tmp_path)
    assert images_of(generator).shape == (4, 3, 16, 16)
    assert not any(module.training for module in generator.modules())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"stages": (TrainingStage(resolution=16, images=8), TrainingStage(resolution=8, images=8))},
            "must grow",
        ),
        ({"stages": (TrainingStage(resolution=8, images=8),)}, "end at 16 px"),
        ({"architecture": "dcgan"}, "cannot grow"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(change: dict, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        replace(TINY, **change)


def test_images_of_another_size_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="8 px and 3"):
        train_gan(TINY, np.zeros((4, 8, 8, 3), dtype=np.uint8), tmp_path)


def test_a_run_with_other_settings_is_not_continued(pixels: np.ndarray, tmp_path: Path) -> None:
    train_gan(TINY, pixels, tmp_path)
    with pytest.raises(CheckpointError, match="z_dim differ"):
        GanRun.resume(tmp_path / "checkpoint.pt", replace(TINY, z_dim=7))


def test_a_file_that_is_no_checkpoint_is_refused(pixels: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"nothing of the kind")
    with pytest.raises(CheckpointError, match="another folder"):
        train_gan(TINY, pixels, tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(pixels: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        train_gan(TINY, pixels, tmp_path / "file" / "run")


def test_half_precision_is_of_images_not_of_weights(pixels: np.ndarray) -> None:
    run = GanRun(replace(TINY, precision="bfloat16", loss="relativistic", r2_gamma=1.0))
    plain = GanRun(replace(TINY, loss="relativistic", r2_gamma=1.0))
    for _ in range(3):
        losses = {own: train_step(own, pixels) for own in (run, plain)}
    for network in run.networks.values():
        assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    torch.testing.assert_close(losses[run], losses[plain], rtol=0.05, atol=0.05)
    assert run.average.precision == "float32"


@pytest.mark.parametrize("kind", ["r1_gamma", "r2_gamma"])
def test_a_penalty_flattens_the_critic_around_its_images(kind: str, pixels: np.ndarray) -> None:
    real, fake = (F.avg_pool2d(from_uint8(pixels[k : k + 8]), 2) for k in (0, 8))
    slopes, often = [], replace(TINY, penalty_interval=1, learning_rate=0.01)
    for gamma in (0.0, 1000.0):
        run = GanRun(replace(often, **({"r1_gamma": 0.0, kind: gamma})))
        for _ in range(40):
            critic_step(run, real, fake.detach())
        images = (real if kind == "r1_gamma" else fake).clone().requires_grad_(True)
        slopes.append(gradient_penalty(run.critic(images), images).item())
    assert slopes[1] < slopes[0] / 10

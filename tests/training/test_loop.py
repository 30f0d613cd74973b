"""Training runs, at sizes that take a second: what matters is that they resume, grow and refuse as they say."""

import csv
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ganatomy.critics.equalised import HalvingConv
from ganatomy.critics.multiscale import MultiscaleCritic
from ganatomy.errors import CheckpointError, OutputError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.precision import Precision
from ganatomy.generators.upsampling import upsample_2x
from ganatomy.perception.features import features_of
from ganatomy.training import stylegan2
from ganatomy.training.images import TrainingImages, array_images, as_images
from ganatomy.training.interrupts import heard_between_steps
from ganatomy.training.loop import train_gan
from ganatomy.training.ranks import Ranks
from ganatomy.training.records import Records
from ganatomy.training.regularisers import gradient_penalty
from ganatomy.training.run import GanRun, finish
from ganatomy.training.settings import GanSettings, TrainingStage
from ganatomy.training.steps import StepImages, critic_step, follow, settle, train_step

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
def images() -> TrainingImages:
    return array_images(np.random.default_rng(0).integers(0, 256, (64, 16, 16, 3), dtype=np.uint8))


def real_of(images: TrainingImages, resolution: int = 8, first: int = 0) -> torch.Tensor:
    return as_images(images.read(np.arange(first, first + 8)), resolution=resolution)


def state_of(run: GanRun) -> dict[str, torch.Tensor]:
    networks = {f"{name}.{key}": t for name, n in run.networks.items() for key, t in n.state_dict().items()}
    moments = {
        f"{name}.{i}.{key}": value
        for name, optimizer in run.optimizers.items()
        for i, state in optimizer.state_dict()["state"].items()
        for key, value in state.items()
    }
    return networks | moments


def images_of(generator: Generator) -> torch.Tensor:
    with torch.no_grad():
        return generator(generator.sample(4, seed=1))


def test_a_run_that_was_stopped_ends_as_one_that_was_not(images: TrainingImages, tmp_path: Path) -> None:
    unbroken = train_gan(TINY, images, tmp_path / "unbroken")

    def stop(stage: str, done: int, total: int) -> None:
        if stage.endswith("16 px") and done == 16:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_gan(TINY, images, tmp_path / "broken", progress=stop)
    resumed = train_gan(TINY, images, tmp_path / "broken")
    assert torch.equal(images_of(resumed), images_of(unbroken))


def test_a_step_that_was_broken_off_is_taken_again(
    images: TrainingImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = train_gan(TINY, images, tmp_path / "unbroken")
    train_gan(replace(TINY, stages=(TINY.stages[0], replace(TINY.stages[1], images=16))), images, tmp_path)

    def broken(*_: object) -> torch.Tensor:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ganatomy.training.steps.generator_step", broken)
        with pytest.raises(KeyboardInterrupt):
            train_gan(TINY, images, tmp_path)
    assert torch.equal(images_of(train_gan(TINY, images, tmp_path)), images_of(unbroken))


def test_a_run_leaves_sheets_and_a_table(images: TrainingImages, tmp_path: Path) -> None:
    train_gan(TINY, images, tmp_path)
    assert len(list(tmp_path.glob("samples-*.png"))) == 4
    rows = list(csv.DictReader((tmp_path / "progress.csv").read_text().splitlines()))
    assert [row["images"] for row in rows] == ["16", "32", "48", "64"]
    assert all(float(row["critic"]) > 0 and float(row["variety"]) > 0 for row in rows)
    assert {row["distance"] for row in rows} == {""}


def test_the_best_generator_is_kept_where_features_tell_it(
    images: TrainingImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(TINY, snapshot_images=16)
    distances = iter([5.0, 1.0, 4.0, 3.0])
    monkeypatch.setattr(Records, "_distance", lambda *_: next(distances))
    kept = train_gan(settings, images, tmp_path / "a", features=features_of("pixels"))
    half = replace(settings, stages=TINY.stages[:1], widths=(8, 8), r1_gamma=TINY.r1_gamma / 4)
    best = train_gan(half, images, tmp_path / "b")
    torch.testing.assert_close(images_of(kept), images_of(best))
    again = train_gan(settings, images, tmp_path / "a", features=features_of("pixels"))
    assert torch.equal(images_of(kept), images_of(again))


def test_distances_of_features_are_written(images: TrainingImages, tmp_path: Path) -> None:
    train_gan(replace(TINY, snapshot_images=32), images, tmp_path, features=features_of("pixels"))
    rows = list(csv.DictReader((tmp_path / "progress.csv").read_text().splitlines()))
    assert [bool(row["distance"]) for row in rows] == [False, True, False, True]


def test_images_that_become_alike_are_said_in_one_line(images: TrainingImages, tmp_path: Path) -> None:
    said: list[str] = []
    records = Records(folder=tmp_path, images=images, say=said.append)
    run = GanRun(TINY)
    run.losses = {"critic": torch.tensor(1.0), "generator": torch.tensor(1.0)}
    with torch.no_grad():
        run.average.mapping.fc1.weight.mul_(100)
        records.note(run, compare=False)
        run.average.mapping.fc1.weight.zero_()
        records.note(run, compare=False)
    assert [("collapsing" in line, "\n" in line) for line in said] == [(True, False)]


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_the_checkpoint(
    images: TrainingImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_gan(TINY, images, tmp_path)
    before = (tmp_path / "checkpoint.pt").read_bytes()

    def broken(run: GanRun, real: torch.Tensor, labels: None) -> dict[str, torch.Tensor]:
        run.images += len(real)
        return {"critic": torch.tensor(float("nan")), "generator": torch.tensor(0.0)}

    monkeypatch.setattr("ganatomy.training.loop.train_step", broken)
    longer = replace(TINY, stages=(TINY.stages[0], replace(TINY.stages[1], images=64)))
    with pytest.raises(SettingError, match="critic is not a number"):
        train_gan(longer, images, tmp_path)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before


def test_a_full_disk_is_said_and_training_goes_on(
    images: TrainingImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    full = iter([True])
    save = GanRun.save

    def try_to_save(run: GanRun, path: Path) -> None:
        if next(full, False):
            raise OutputError(f"{path} cannot be written: No space left on device")
        save(run, path)

    monkeypatch.setattr(GanRun, "save", try_to_save)
    train_gan(replace(TINY, checkpoint_seconds=0.0), images, tmp_path, say=said.append)
    assert len(said) == 1
    assert "No space left" in said[0]
    assert (tmp_path / "checkpoint.pt").exists()


def test_ctrl_c_waits_for_the_end_of_a_step() -> None:
    with heard_between_steps() as between:
        between()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            between()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_growing_changes_neither_the_images_nor_the_judgement(images: TrainingImages) -> None:
    run = GanRun(TINY)
    for _ in range(3):
        train_step(run, real_of(images))
    grown = run.grown()
    codes = run.generator.eval().sample(3, seed=0)
    before = run.generator(codes)
    after = grown.generator.eval()(replace(codes, fingerprint=None))
    torch.testing.assert_close(after, upsample_2x(before))
    real = real_of(images, 16)
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
    plain = stylegan2.codes(generator, 4, replace(TINY, mixing=0.0)).codes
    torch.manual_seed(0)
    mixed = stylegan2.codes(generator, 4, replace(TINY, mixing=1.0)).codes
    assert torch.equal(plain[:, 0], mixed[:, 0])
    assert not torch.isclose(plain[:, -1], mixed[:, -1]).any()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_dcgan_trains_too(precision: Precision, images: TrainingImages, tmp_path: Path) -> None:
    stage = TrainingStage(resolution=16, images=32, batch=8)
    settings = replace(TINY, architecture="dcgan-r1", stages=(stage,), precision=precision)
    generator = train_gan(settings, images, tmp_path)
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
        ({"architecture": "dcgan-r1"}, "cannot grow"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(change: dict, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        replace(TINY, **change)


def test_images_of_another_size_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="8 px and 3"):
        train_gan(TINY, array_images(np.zeros((40, 8, 8, 3), dtype=np.uint8)), tmp_path)
    with pytest.raises(SettingError, match="24 px cannot be averaged down to 16"):
        train_gan(TINY, array_images(np.zeros((40, 24, 24, 3), dtype=np.uint8)), tmp_path)


def test_too_few_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="4 images are too few to learn from; give at least 16"):
        train_gan(TINY, array_images(np.zeros((4, 16, 16, 3), dtype=np.uint8)), tmp_path)


def test_a_run_with_other_settings_is_not_continued(images: TrainingImages, tmp_path: Path) -> None:
    train_gan(TINY, images, tmp_path)
    with pytest.raises(CheckpointError, match="z_dim differ"):
        GanRun.resume(tmp_path / "checkpoint.pt", replace(TINY, z_dim=7))


def test_a_file_that_is_no_checkpoint_is_refused(images: TrainingImages, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"nothing of the kind")
    with pytest.raises(CheckpointError, match="another folder"):
        train_gan(TINY, images, tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(images: TrainingImages, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        train_gan(TINY, images, tmp_path / "file" / "run")


def test_half_precision_is_of_images_not_of_weights(images: TrainingImages) -> None:
    run = GanRun(replace(TINY, precision="bfloat16", loss="relativistic", r2_gamma=1.0))
    plain = GanRun(replace(TINY, loss="relativistic", r2_gamma=1.0))
    for _ in range(3):
        losses = {own: train_step(own, real_of(images)) for own in (run, plain)}
    for network in run.networks.values():
        assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    torch.testing.assert_close(losses[run], losses[plain], rtol=0.05, atol=0.05)
    assert run.average.precision == "float32"


def test_rate_and_penalties_fall_along_half_a_cosine_at_the_end(
    images: TrainingImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    penalties: list[float] = []

    def noted(optimizer: torch.optim.Optimizer, total: torch.Tensor, ranks: Ranks) -> None:
        penalties.append(total.item())

    monkeypatch.setattr("ganatomy.training.steps.update", noted)
    flat = replace(TINY, learning_rate=0.0, r1_gamma=1000.0, penalty_interval=1)
    shown = StepImages(real=real_of(images, 16), fake=real_of(images, 16, first=8))
    plain = critic_step(GanRun(replace(flat, r1_gamma=0.0), 1), shown)
    shares, rates = {}, {}
    for settling in (0.0, 0.5):
        for done in (0, 8, 16, 32):
            run = GanRun(replace(flat, learning_rate=0.01, settling=settling), 1)
            run.images = done
            settle(run)
            critic_step(run, shown)
            shares[settling, done] = penalties[-1] - plain.item()
            rates[settling, done] = run.optimizers["generator"].param_groups[0]["lr"]
    for done, share in ((0, 1.0), (8, 0.8609), (16, 0.525), (32, 0.05)):  # of 32 + 32 images
        assert rates[0.0, done] == 0.01
        assert rates[0.5, done] == pytest.approx(0.01 * share, rel=1e-3)
        assert shares[0.5, done] == pytest.approx(shares[0.0, done] * share, rel=1e-3)


@pytest.mark.parametrize("kind", ["r1_gamma", "r2_gamma"])
def test_a_penalty_flattens_the_critic_around_its_images(kind: str, images: TrainingImages) -> None:
    real, fake = real_of(images), real_of(images, first=8)
    slopes, often = [], replace(TINY, penalty_interval=1, learning_rate=0.01)
    for gamma in (0.0, 1000.0):
        run = GanRun(replace(often, **({"r1_gamma": 0.0, kind: gamma})))
        for _ in range(40):
            critic_step(run, StepImages(real=real, fake=fake))
        around = (real if kind == "r1_gamma" else fake).clone().requires_grad_(True)
        slopes.append(gradient_penalty(run.critic(around), around).item())
    assert slopes[1] < slopes[0] / 10

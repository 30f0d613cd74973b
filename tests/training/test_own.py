"""Families on a person's own images: from a folder to a generator that loads, with a plan before the start."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganatomy.datasets.files import Framing
from ganatomy.errors import CheckpointError, SettingError, UnknownNameError
from ganatomy.generators import load
from ganatomy.training.families import FAMILIES, family_settings, showing, stepping
from ganatomy.training.images import array_images
from ganatomy.training.own import train_own
from ganatomy.training.planning import TrainingBudget, TrainingPlan, plan_training
from ganatomy.training.run import GanRun
from ganatomy.training.settings import GanSettings
from ganatomy.training.starting import open_start
from ganatomy.training.steps import train_step


def narrow(settings: GanSettings) -> GanSettings:
    return replace(
        settings,
        widths=(8,) * len(settings.widths),
        stages=tuple(replace(stage, batch=8) for stage in settings.stages),
        precision="float32",
        z_dim=8,
        w_dim=8,
    )


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, family in FAMILIES.items():
        monkeypatch.setitem(FAMILIES, name, lambda r, c, family=family: narrow(family(r, c)))
    monkeypatch.setattr("ganatomy.training.planning.ENOUGH", 0.0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(20):
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(folder / f"{index}.png")
    return folder


@pytest.mark.parametrize("family", ["stylegan2", "dcgan", "dcgan-r1"])
def test_a_generator_of_a_folder_comes_out(family: str, data: Path, tmp_path: Path) -> None:
    said: list[str] = []
    framing = Framing(resolution=16, mirrored=True)
    path = train_own(
        family, data, tmp_path / "run", framing=framing, budget=TrainingBudget(images=64), say=said.append
    )
    generator = load(path)
    assert generator.signature.resolution == 16
    assert said[0].startswith(f"{family} of 16 px, 0.0 million parameters")
    assert "show each of 20 about 3.2 times; too few for shapes" in said[0]
    assert len(said) == 1
    assert json.loads((tmp_path / "run" / "settings.json").read_text())["data"] == "photos"


def test_the_same_command_goes_on_and_more_images_lengthen_the_run(data: Path, tmp_path: Path) -> None:
    def train(images: int | None, **changed: object) -> list[str]:
        said: list[str] = []
        options = {"framing": Framing(resolution=16), "say": said.append} | changed
        train_own("stylegan2", data, tmp_path / "run", budget=TrainingBudget(images=images), **options)
        return said

    train(32)
    assert train(None) == [f"going on with the run in {tmp_path / 'run'}"]
    train(64)
    assert (tmp_path / "run" / "progress.csv").read_text().splitlines()[-1].startswith("64,")
    with pytest.raises(CheckpointError, match="seed differ"):
        train(64, seed=3)


def test_minutes_become_images(data: Path) -> None:
    settings = family_settings("stylegan2", resolution=64)
    plan = TrainingPlan(
        settings=showing(settings, 100_000), parameters=(1, 1), rates=(40.0, 10.0), available=5
    )
    assert plan.seconds == pytest.approx(1.1 * (20_000 / 40 + 80_000 / 10), rel=0.01)
    pixels = np.zeros((20, 64, 64, 3), dtype=np.uint8)
    fitted = plan_training(settings, array_images(pixels), TrainingBudget(minutes=5))
    assert fitted.seconds == pytest.approx(300, rel=0.2)


def test_few_images_are_shown_in_small_steps_and_batch_norms_keep_theirs() -> None:
    def batches(family: str, images: int) -> set[int]:
        settings = family_settings(family, resolution=64)
        settings = replace(settings, stages=tuple(replace(stage, batch=64) for stage in settings.stages))
        return {stage.batch for stage in stepping(settings, images).stages}

    assert batches("stylegan2", 10_000_000) == {64}
    assert batches("stylegan2", 160_000) == {32}
    assert batches("stylegan2", 159_000) == {16}
    assert batches("stylegan2", 64) == {8}
    assert batches("dcgan-r1", 64) == {64}


def test_minutes_are_planned_with_the_batch_that_they_allow() -> None:
    settings = family_settings("stylegan2", resolution=16)
    settings = replace(settings, stages=tuple(replace(stage, batch=32) for stage in settings.stages))
    pixels = np.zeros((40, 16, 16, 3), dtype=np.uint8)
    plan = plan_training(settings, array_images(pixels), TrainingBudget(minutes=0.05))
    assert {stage.batch for stage in plan.settings.stages} == {8}
    assert plan.seconds == pytest.approx(3, rel=0.2)
    assert "in steps of 8, and show each of 40" in str(plan)


def test_a_width_narrows_every_layer_and_stays_with_the_run(data: Path, tmp_path: Path) -> None:
    def train(width: int | None) -> Path:
        budget = TrainingBudget(images=32, width=width)
        return train_own("stylegan2", data, tmp_path / "run", framing=Framing(resolution=16), budget=budget)

    generator = load(train(16))
    assert tuple(generator.config.widths) == (16, 16, 16)
    with pytest.raises(CheckpointError, match="widths differ"):
        train(None)


def test_a_run_that_starts_from_a_generator_has_its_width(data: Path, tmp_path: Path) -> None:
    options = {"framing": Framing(resolution=16), "budget": TrainingBudget(images=32, width=16)}
    begun = open_start(str(train_own("dcgan-r1", data, tmp_path / "run", **options)))
    with pytest.raises(SettingError, match="leave the width out"):
        train_own("dcgan-r1", data, tmp_path / "more", start=begun, **options)
    assert not (tmp_path / "more").exists()


def test_what_does_not_exist_is_said(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'stylegan'"):
        train_own("stylgan", data, tmp_path, framing=Framing(resolution=16))
    with pytest.raises(SettingError, match="48 px cannot be trained"):
        train_own("stylegan2", data, tmp_path, framing=Framing(resolution=48))
    with pytest.raises(SettingError, match="widest layer has 2 channels"):
        train_own("stylegan2", data, tmp_path, framing=Framing(resolution=16), budget=TrainingBudget(width=2))
    with pytest.raises(SettingError, match="device cuda:7 cannot be used"):
        train_own("stylegan2", data, tmp_path, framing=Framing(resolution=16), device="cuda:7")


def test_the_published_dcgan_is_that_of_the_paper() -> None:
    settings = replace(FAMILIES["dcgan"](64, 3), widths=(1024, 512, 256, 128), z_dim=100)
    run = GanRun(settings)
    shapes = [tuple(p.shape) for p in run.generator.parameters() if p.ndim == 4]
    assert shapes == [
        (100, 1024, 4, 4),
        (1024, 512, 4, 4),
        (512, 256, 4, 4),
        (256, 128, 4, 4),
        (128, 3, 4, 4),
    ]
    shapes = [tuple(p.shape) for p in run.critic.parameters() if p.ndim == 4]
    assert shapes == [(128, 3, 4, 4), (256, 128, 4, 4), (512, 256, 4, 4), (1024, 512, 4, 4)]
    (group,) = run.optimizers["critic"].param_groups
    assert (group["lr"], group["betas"]) == (0.0002, (0.5, 0.999))
    assert run.critic(torch.zeros(2, 3, 64, 64)).shape == (2,)


def test_a_published_dcgan_takes_a_step(data: Path) -> None:
    run = GanRun(FAMILIES["dcgan"](16, 1))
    before = [p.clone() for p in run.generator.parameters()]
    real = torch.randn(8, 1, 16, 16, generator=torch.Generator().manual_seed(0)).tanh()
    losses = train_step(run, real)
    assert 0 < losses["critic"].item() < 10
    assert all(not torch.equal(a, b) for a, b in zip(before, run.generator.parameters(), strict=True))

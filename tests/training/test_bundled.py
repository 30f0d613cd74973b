"""`train`, with settings that are cut down to seconds."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganatomy.datasets import ATTRIBUTES
from ganatomy.errors import MissingFileError, SettingError, UnknownNameError
from ganatomy.generators import load
from ganatomy.perception import scorer
from ganatomy.perception.network import AttributeNetwork
from ganatomy.training.bundled import TRAININGS, calibrate, train
from ganatomy.training.settings import TrainingStage
from ganatomy.zoo import FOLDER, BundledModel


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real settings, with a handful of images each."""
    for name, settings in TRAININGS.items():
        gan = replace(
            settings.gan,
            widths=(8,) * len(settings.gan.widths),
            stages=tuple(replace(stage, images=16, batch=8) for stage in settings.gan.stages[-1:]),
        )
        short = [
            replace(own, images=128, batch=64, held_out=40)
            for own in (settings.scorer, settings.judge, *settings.companions)
        ]
        cut = replace(settings, gan=gan, scorer=short[0], judge=short[1], companions=tuple(short[2:]))
        monkeypatch.setitem(TRAININGS, name, replace(cut, drawn=400 if settings.drawn else 0))


@pytest.mark.slow
def test_faces_are_drawn_and_a_generator_and_its_classifiers_come_out(short: None, tmp_path: Path) -> None:
    made = train("faces", None, tmp_path)
    kinds = ["generator", "scorer", "judge", "companion-1", "companion-2"]
    assert [path.name for path in made] == [f"{kind}.safetensors" for kind in kinds]
    assert len({AttributeNetwork.load(path).fingerprint for path in made[1:]}) == 4
    again = []
    for _ in range(2):
        calibrate(load(made[0]), [made[1], *made[3:]])
        again.append(AttributeNetwork.load(made[1]).temperature)
    assert torch.equal(*again), "calibrated networks are calibrated from the start"
    assert not torch.equal(again[0], torch.ones_like(again[0]))
    assert load(made[0]).signature.resolution == 64
    assert scorer(made[1]).names == ATTRIBUTES
    assert "Smiling" in (tmp_path / "scorer.txt").read_text()


def test_a_folder_of_images_with_labels_trains_both(short: None, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    rng = np.random.default_rng(0)
    for index in range(40):
        Image.fromarray(rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(data / f"{index:02d}.png")
    rows = [f"{index:02d}.png,{index % 2},{index % 3 == 0:d}" for index in range(40)]
    (data / "labels.csv").write_text("\n".join(["file,Odd,Third", *rows]))
    made = train("digits", data, tmp_path / "run")
    assert scorer(made[1]).names == ("Odd", "Third")


@pytest.mark.slow
def test_bundled_files_are_replaced_on_demand(
    short: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo = tmp_path / "zoo"
    shutil.copytree(FOLDER, zoo, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setattr("ganatomy.zoo.FOLDER", zoo)
    before = {path.name: path.read_bytes() for path in zoo.iterdir()}
    data = tmp_path / "data"
    data.mkdir()
    for index in range(16):
        Image.new("L", (32, 32), 10 * index).save(data / f"{index}.png")
    train("digits", data, tmp_path / "run", bundle=True)
    changed = {path.name for path in zoo.iterdir() if before[path.name] != path.read_bytes()}
    kinds = ("generator", "critic", "inversion")
    assert changed == {f"digits-{kind}.safetensors" for kind in kinds}


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="'faces'"):
        train("face", None, tmp_path)
    with pytest.raises(SettingError, match="needs data"):
        train("digits", None, tmp_path)
    with pytest.raises(MissingFileError):
        train("digits", tmp_path / "none", tmp_path)


@pytest.mark.parametrize("name", TRAININGS)
def test_settings_agree_with_themselves(name: str) -> None:
    settings = TRAININGS[name]
    assert isinstance(settings.gan.stages[-1], TrainingStage)
    assert settings.scorer.network.channels == settings.gan.channels
    assert BundledModel(name=settings.bundle).generator.name == f"{settings.bundle}-generator.safetensors"

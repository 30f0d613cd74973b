"""Two small generators, a scorer and a survey on disk, and a way to run commands in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from perception import tiny_clip

import ganatomy as ga
from ganatomy.cli import main
from ganatomy.generators import save_generator
from ganatomy.generators.dcgan import DCGAN
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config

SCORER = """
import torch

def see(images):
    rows = images.flatten(1)
    half = rows.shape[1] // 2
    top, bottom = rows[:, :half].mean(1), rows[:, half:].mean(1)
    return torch.sigmoid(200 * torch.stack([top - bottom, rows[:, ::2].mean(1) - rows[:, 1::2].mean(1)], 1))

def break_down(images):
    return torch.full((len(images), 1), float("nan"))

def see_nothing(images):
    return torch.zeros(len(images), 1)

see.names = ["Smiling", "Male"]
break_down.names = ["Smiling"]
see_nothing.names = ["Smiling"]
"""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line that a refused command leaves."""
        assert self.code == 2, (self.code, self.out, self.err)
        assert self.out == ""
        assert self.err.count("\n") == 1, self.err
        return self.err.rstrip("\n")


Run = Callable[..., Outcome]


@dataclass(frozen=True, kw_only=True)
class Files:
    style: str
    stack: str
    scorer: str
    survey: str
    directions: str


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing is fetched by a test of a command, not even the text-image model that looks for words by default."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr("ganatomy.photographs.detectors.YUNET_URL", "http://127.0.0.1:1/yunet.onnx")
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Outcome(code=code, out=out, err=err)

    return call


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("cli")
    torch.manual_seed(0)
    config = StyleGAN2Config(widths=(8, 8, 8), z_dim=8, w_dim=8, mapping_layers=2)
    torch.save(StyleGAN2(config).state_dict(), folder / "style.pt")
    save_generator(DCGAN.build(z_dim=12, widths=(8, 8, 8)), folder / "stack.safetensors")
    (folder / "scorer.py").write_text(SCORER)
    style, scorer = str(folder / "style.pt"), f"{folder / 'scorer.py'}:see"
    survey, directions = str(folder / "my.survey"), str(folder / "my.directions")
    assert main(["survey", style, "--scorer", scorer, "-n", "200", "--space", "w", "-o", survey]) == 0
    assert main(["directions", survey, "-o", directions]) == 0
    return Files(
        style=style,
        stack=str(folder / "stack.safetensors"),
        scorer=scorer,
        survey=survey,
        directions=directions,
    )


@pytest.fixture(scope="session")
def folder_below_a_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place where nobody can write, not even root."""
    file = tmp_path_factory.mktemp("blocked") / "file"
    file.write_text("")
    return file / "folder"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"clip:{tiny_clip.write(tmp_path_factory.mktemp('clip') / 'tiny')}"


@pytest.fixture(scope="session")
def my_words(files: Any, tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("words") / "my.words"
    G = ga.load(files.style)
    eye = ga.words(["smiling", "wearing glasses|without glasses"], model=tiny)
    return eye.centred(ga.survey(G, eye, n=40, space="w", seed=5).scores).save(out)


@pytest.fixture(scope="module")
def other_scorer(files: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A classifier of the same attributes that gives other probabilities."""
    path = tmp_path_factory.mktemp("judge") / "judge.py"
    text = Path(files.scorer.partition(":")[0]).read_text()
    path.write_text(text.replace("200 *", "100 *"))
    return f"{path}:see"

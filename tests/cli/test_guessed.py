"""What a file does not say: each command tells what it assumed, `info` all of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from ganatomy.cli import main
from ganatomy.cli.subject import SETTINGS
from ganatomy.recipes.recipe import LOADING


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Dense layers, which leave everything open but their sizes."""
    torch.manual_seed(0)
    torch.save(
        nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 256)).state_dict(), tmp_path / "net.pt"
    )
    return tmp_path / "net.pt"


def test_commands_say_what_they_assumed(plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = plain.with_name("samples.png")
    assert main(["sample", str(plain), "-n", "2", "-o", str(out)]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert "guessed: prior normal (--prior), hidden activations leaky_relu 0.2 (--hidden)" in line
    assert main(["render", str(out), "-o", str(plain.with_name("again.png"))]) == 0


def test_nothing_is_said_of_what_was_given(plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--prior", "uniform01", "--hidden", "relu", "--output", "none", "--num-classes", "2"]
    command = ["sample", str(plain), "-n", "2", "-o", str(plain.with_name("s.png")), *given, "--label", "1"]
    assert main([*command, "--class-join", "first"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["render", str(plain.with_name("s.png")), "-o", str(plain.with_name("again.png"))]) == 0
    first, again = (plain.with_name(name).read_bytes() for name in ("s.png", "again.png"))
    assert first == again


def test_info_lists_every_guess(plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(plain)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "guess: output activation tanh is assumed" in printed.out
    assert main(["info", str(plain), "--json"]) == 0
    guesses = json.loads(capsys.readouterr().out)["guesses"]
    assert [guess["option"] for guess in guesses] == ["prior", "hidden", "output"]
    assert {guess["sure"] for guess in guesses} == {False}


def test_recipes_record_every_option_that_reads_a_model() -> None:
    assert set(SETTINGS) == set(LOADING)


def test_info_draws_a_sheet_and_says_how_images_differ(
    plain: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = plain.with_name("sheet.png")
    assert main(["info", str(plain), "-o", str(sheet), "--json"]) == 0
    variety = json.loads(capsys.readouterr().out)["variety"]
    assert (variety["n"], variety["finite"]) == (16, 16)
    assert sheet.exists()


@pytest.mark.parametrize(
    ("scale", "bias", "words"),
    [
        (1e-6, 1.0, "hardly depend on their codes"),
        (1e-6, 0.0, "of one colour"),
        (1e25, 0.0, "16 of 16 images are not finite numbers"),
    ],
    ids=["collapsed", "black", "overflow"],
)
def test_info_tells_of_images_that_show_nothing(
    scale: float, bias: float, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    state = {"0.weight": torch.randn(32, 12) * scale, "2.weight": torch.randn(256, 32) * scale}
    state["2.bias"] = torch.randn(256) * bias
    torch.save(state, tmp_path / "net.pt")
    given = ["--output", "none", "--hidden", "relu", "--prior", "normal"]
    assert main(["info", str(tmp_path / "net.pt"), *given]) == 0
    assert words in capsys.readouterr().out
    if scale > 1:
        assert main(["sample", str(tmp_path / "net.pt"), "-o", str(tmp_path / "s.png"), *given]) == 2
        assert "16 of 16 images are not finite numbers" in capsys.readouterr().err

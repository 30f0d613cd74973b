"""What commands leave out, assume or refuse is said in one line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ganatomy as ga
from ganatomy.errors import CheckpointError
from ganatomy.storage import save_directions

Run = Callable[..., Any]


def test_attributes_that_are_too_rare_for_a_direction_are_named(run: Run, files: Any, tmp_path: Path) -> None:
    (tmp_path / "scorer.py").write_text(
        "import torch\ndef see(images):\n    seen = images.mean((1, 2, 3))\n"
        "    return torch.stack([seen > seen.median(), seen > 9], 1).float() * .8 + .1\n"
        "see.names = ['Bright', 'Rare']\n"
    )
    survey, out = tmp_path / "s", tmp_path / "a.directions"
    assert (
        run("survey", files.style, "--scorer", f"{tmp_path}/scorer.py:see", "-n", 60, "-o", survey).code == 0
    )
    done = run("directions", survey, "-o", out)
    assert done.code == 0
    assert "no direction of Rare: fewer than" in done.err


def test_a_survey_that_is_larger_already_says_so(run: Run, files: Any) -> None:
    done = run("survey", files.style, "--scorer", files.scorer, "-n", 100, "--space", "w", "-o", files.survey)
    assert done.code == 0
    assert "holds 200 codes already, and keeps them; the shares below are of the first 100" in done.err


@pytest.mark.parametrize("name", ["a.csv", "report.png", "some.pt"])
def test_a_folder_is_not_named_like_a_file(run: Run, files: Any, tmp_path: Path, name: str) -> None:
    words = ["survey", files.style, "--scorer", files.scorer, "-n", 3, "-o", tmp_path / name]
    assert "ends like a file, and a folder is written" in run(*words).complaint


def test_truncation_of_codes_from_a_file_is_refused(run: Run, files: Any, tmp_path: Path) -> None:
    assert run("sample", files.style, "-n", 2, "--space", "w", "-o", tmp_path / "two.latents").code == 0
    line = run(
        "edit", files.style, tmp_path / "two.latents", "--truncation-psi", 0.5, "--directions", files.directions,
        "--move", "Smiling=1", "-o", tmp_path / "a.png",
    ).complaint  # fmt: skip
    assert "--truncation-psi" in line
    assert "leave it out" in line


def test_extreme_moves_are_doubted_and_nonsense_is_refused(run: Run, files: Any, tmp_path: Path) -> None:
    edit = ["edit", files.style, "--seed", 1, "--directions", files.directions, "-o", tmp_path / "a.png"]
    far = run(*edit, "--move", "Smiling=30")
    assert far.code == 0
    assert "unusual" in far.out + far.err
    assert run(*edit, "--move", "Smiling=1e300").code == 2


WORDS = {
    "a command that is misspelt": (["compar"], "there is no command 'compar'; did you mean 'compare'? See"),
    "a GPU": (["info", "STYLE", "--device", "gpu"], "a GPU is called cuda or mps"),
    "the folder that one is in": (["sample", "STYLE", "-o", "."], ". is a folder; give -o a file"),
    "a path of Windows": (
        ["walk", "STYLE", "--seed", "1", "--along", "C:\\my.directions", "-o", "a.png"],
        "does not say which direction; write FILE:NAME",
    ),
    "a name behind a path of Windows": (
        ["walk", "STYLE", "--seed", "1", "--along", "C:\\my.directions:Smiling", "-o", "a.png"],
        "C:\\my.directions does not exist",
    ),
    "an image as a model": (["sample", "PNG", "-o", "a.png"], "is a PNG image, not a file of weights"),
    "a model as directions": (
        ["directions", "STYLE", "-o", "a.directions"],
        "is a model; regression learns from",
    ),
}


@pytest.mark.parametrize("case", WORDS)
def test_words_say_what_is_wrong(
    run: Run, files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8)).save("edited.png")
    line, words = WORDS[case]
    names = {"STYLE": files.style, "PNG": "edited.png"}
    assert words in run(*(names.get(word, word) for word in line)).complaint


def test_names_from_files_do_not_steer_the_terminal(run: Run, files: Any, tmp_path: Path) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07Smiling"
    toy = ga.load(files.style)
    survey = ga.load_survey(files.survey)
    found = ga.regression(survey)
    from dataclasses import replace

    path = tmp_path / "evil.directions"
    save_directions(ga.Directions([replace(found[0], name=evil)]), path)
    assert toy.fingerprint == found[0].fingerprint
    done = run(
        "edit",
        files.style,
        "--seed",
        1,
        "--directions",
        path,
        "--move",
        "Nothing=1",
        "-o",
        tmp_path / "a.png",
    )
    assert done.code == 2
    assert "\x1b" not in done.out + done.err
    assert "\x07" not in done.out + done.err


@pytest.mark.parametrize(
    "read", [ga.load, ga.load_latents, ga.load_directions, ga.read_labels, ga.open_photograph, ga.read_recipe]
)
def test_a_pipe_is_not_waited_for(read: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(CheckpointError):
        read(path)


def test_exports_of_one_model_are_equal_to_the_byte(run: Run, files: Any, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run("export", files.style, "-o", tmp_path / f"{name}.safetensors").code == 0
    one, two = ((tmp_path / f"{name}.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two

"""Names with commas, colons, equals signs and slashes can be said on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ganatomy as ga

Run = Callable[..., Any]

SCORER = """
import torch

def see(images):
    rows = images.flatten(1)
    half = rows.shape[1] // 2
    seen = [rows[:, :half].mean(1) - rows[:, half:].mean(1), rows[:, ::2].mean(1) - rows[:, 1::2].mean(1)]
    seen += [rows[:, ::3].mean(1) - rows[:, 1::3].mean(1), rows[:, :9].mean(1) - rows[:, 9:].mean(1)]
    return torch.sigmoid(200 * torch.stack(seen, 1))

see.names = NAMES
"""
NAMES = ["a:b,c=d/e", "a/b", "a b", "é" * 300]


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory, files: Any) -> tuple[str, Path]:
    """A scorer with such names, and the directions of a survey by it."""
    from ganatomy.cli import main

    folder = tmp_path_factory.mktemp("names")
    (folder / "scorer.py").write_text(SCORER.replace("NAMES", repr(NAMES)))
    scorer = f"{folder / 'scorer.py'}:see"
    survey, directions = folder / "my.survey", folder / "my.directions"
    assert main(["survey", files.style, "--scorer", scorer, "-n", "200", "-o", str(survey)]) == 0
    assert main(["directions", str(survey), "-o", str(directions)]) == 0
    return scorer, directions


def test_every_name_is_kept(awkward: tuple[str, Path]) -> None:
    assert list(ga.load_directions(awkward[1]).names) == NAMES


def test_a_comma_in_a_list_of_names_has_a_backslash_before_it(
    run: Run, awkward: tuple[str, Path], tmp_path: Path
) -> None:
    survey, out = awkward[1].with_name("my.survey"), tmp_path / "two.directions"
    assert run("directions", survey, "--attributes", r"a:b\,c=d/e,a b", "-o", out).code == 0
    assert list(ga.load_directions(out).names) == ["a:b,c=d/e", "a b"]


@pytest.mark.parametrize(
    "options",
    [
        ["edit", "--move", "a:b,c=d/e=2", "--hold", "a/b,a b"],
        ["edit", "--move", "a b=-2", "--hold", r"a:b\,c=d/e,a/b"],
        ["walk", "--steps", 3, "--hold", r"a:b\,c=d/e", "--along", "DIRECTIONS:a/b"],
        ["walk", "--steps", 3, "--hold", "all", "--along", "DIRECTIONS:a:b,c=d/e"],
    ],
    ids=lambda options: " ".join(map(str, options)),
)
def test_awkward_names_are_moved_and_held(
    run: Run, files: Any, awkward: tuple[str, Path], tmp_path: Path, options: list[Any]
) -> None:
    command, *rest = (str(option).replace("DIRECTIONS", str(awkward[1])) for option in options)
    found = ["--directions", awkward[1]] if command == "edit" else []
    assert run(command, files.style, "--seed", 1, *found, *rest, "-o", tmp_path / "a.png").code == 0


def test_a_goal_has_its_number_behind_the_last_sign(
    run: Run, files: Any, awkward: tuple[str, Path], tmp_path: Path
) -> None:
    goal = ["--to", "a:b,c=d/e=+.1", "--hold", r"a/b,a b"]
    done = run(
        "edit", files.style, "--seed", 1, "--scorer", awkward[0], *goal, "--json", "-o", tmp_path / "a.png"
    )
    assert done.code == 0
    assert "a:b,c=d/e" in json.dumps(json.loads(done.out), ensure_ascii=False)


def test_a_comma_without_a_backslash_names_the_parts(
    run: Run, awkward: tuple[str, Path], tmp_path: Path
) -> None:
    survey = awkward[1].with_name("my.survey")
    line = run("directions", survey, "--attributes", "a:b,c=d/e", "-o", tmp_path / "a.directions").complaint
    assert "there is no attribute 'a:b'" in line

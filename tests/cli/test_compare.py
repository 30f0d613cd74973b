from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def arguments(files: Any) -> list[Any]:
    small = ["-n", 120, "--images", 4, "--methods", "centroid,stylespace,guided-hold"]
    return ["compare", files.style, "--scorer", files.scorer, *small]


@pytest.mark.slow
def test_compare_writes_a_page_and_figures_and_says_who_is_best(
    run: Run, arguments: list[Any], tmp_path: Path
) -> None:
    out = tmp_path / "compare"
    outcome = run(*arguments, "-o", out)
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0].startswith("Best is ")
    assert lines[-1] == str(out / "report.html")
    assert {path.name for path in out.iterdir()} == {
        "report.html", "summary.json", "selectivity.csv", "figures"
    }  # fmt: skip
    numbers = json.loads((out / "summary.json").read_text())
    assert set(numbers["methods"]) | set(numbers["left_out"]) == {"centroid", "stylespace", "guided-hold"}
    assert (numbers["n"], numbers["images"], list(numbers["attributes"])) == (120, 4, ["Smiling", "Male"])
    assert set(numbers["not_measured"]) == {"factor selectivity", "identity", "perceptual distance"}


def test_compare_gives_the_same_as_json(run: Run, arguments: list[Any], tmp_path: Path) -> None:
    outcome = run(*arguments[:-1], "centroid", "--seed", 3, "--json", "-o", tmp_path)
    data = json.loads(outcome.out)
    assert data.pop("report") == str(tmp_path / "report.html")
    assert data == json.loads((tmp_path / "summary.json").read_text())
    assert data["seed"] == 3


def test_a_misspelt_method_is_refused_before_anything_is_done(run: Run, files: Any, tmp_path: Path) -> None:
    complaint = run(
        "compare", files.style, "--scorer", files.scorer, "--methods", "guided-holt", "-o", tmp_path
    ).complaint
    assert "did you mean 'guided-hold'" in complaint
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_behind_when_the_scorer_breaks_down(run: Run, files: Any, tmp_path: Path) -> None:
    broken = files.scorer.replace(":see", ":break_down")
    complaint = run("compare", files.style, "--scorer", broken, "-n", 100, "-o", tmp_path / "out").complaint
    assert "nan" in complaint
    assert not (tmp_path / "out").exists()

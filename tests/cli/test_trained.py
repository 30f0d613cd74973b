"""`ganatomy calibrate` and `ganatomy train student`: classifiers that are made from others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ganatomy as ga

Run = Callable[..., Any]


def test_a_calibrated_scorer_is_taken_by_every_command(
    run: Run, files: Any, other_scorer: str, tmp_path: Path
) -> None:
    out = tmp_path / "my.calibrated"
    arguments = ["calibrate", files.style, "--scorer", files.scorer, "-n", 60, "-o", out]
    told = json.loads(run(*arguments, "--reader", other_scorer, "--json").out)
    assert list(told["temperatures"]) == list(ga.scorer(out).names)
    assert all(value > 0 for value in told["temperatures"].values())
    assert "temperatures" in run(*arguments, "--reader", other_scorer).out
    survey = run("survey", files.style, "--scorer", out, "-n", 20, "-o", tmp_path / "s", "--json")
    assert survey.code == 0, survey.err
    assert "the scorer itself" in run(*arguments, "--reader", files.scorer).complaint


@pytest.mark.slow
def test_a_student_reads_and_confirms_nothing(run: Run, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "student.safetensors"
    told = run(
        "train", "student", files.style, "--scorer", files.scorer, "-n", 200, "--images", 640, "-o", out, "--json"
    )  # fmt: skip
    assert told.code == 0, told.err
    assert json.loads(told.out)["student"] == str(out)
    edit = ["edit", files.style, "--seed", "7,8", "--to", "Smiling=+0.1", "--scorer", files.scorer]
    lines = run(*edit, "--judge", out, "-o", tmp_path / "a.png").out.splitlines()
    (line,) = [line for line in lines if line.startswith("  smoothed reading Smiling ")]
    assert line.endswith("confirms nothing")

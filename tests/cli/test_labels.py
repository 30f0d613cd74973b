"""`ganatomy directions --yes ROWS --no ROWS`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import ganatomy as ga

Run = Callable[..., Any]


def test_labels_give_the_direction_of_the_library(run: Run, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "sunny.directions"
    outcome = run("directions", files.survey, "--yes", "3,5,9", "--no", "0:3", "--name", "sunny", "-o", out)
    assert outcome.code == 0
    found = ga.few_labels(ga.load_survey(files.survey), [3, 5, 9], [0, 1, 2], name="sunny")
    written = ga.load_directions(out)
    assert written.names == ["sunny"]
    assert torch.equal(written[0].vector, found.direction.vector)
    assert outcome.out == f"{out}: {found}\n"


def test_json_has_every_figure(run: Run, files: Any, tmp_path: Path) -> None:
    arguments = ["--yes", "3,5,9", "--no", "0:3", "-o", tmp_path / "a.directions", "--json"]
    data = json.loads(run("directions", files.survey, *arguments).out)
    assert (data["method"], data["name"], data["yes"], data["no"]) == ("few labels", "labelled", 3, 3)
    assert data["auc"]["low"] <= data["auc"]["value"] <= data["auc"]["high"]
    assert len(data["next_rows"]) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--yes", "3,5", "--no", "5,6"], "row 5 is labelled yes and no"),
        (["--yes", "3,5"], "0 row(s) are labelled no"),
        (["--yes", "3,5", "--no", "1,2", "--method", "svm"], "a method of their own"),
        (["--yes", "3,5", "--no", "1,2", "--components", "3"], "a method of their own"),
        (["--yes", "3,first", "--no", "1,2"], "'first' is not a seed"),
    ],
)
def test_labels_that_make_no_sense_are_refused(
    run: Run, files: Any, tmp_path: Path, arguments: list[str], message: str
) -> None:
    assert message in run("directions", files.survey, *arguments, "-o", tmp_path / "a.directions").complaint


def test_labels_need_a_survey(run: Run, files: Any, tmp_path: Path) -> None:
    arguments = ["--yes", "3,5", "--no", "1,2", "-o", tmp_path / "a.directions"]
    assert "whose rows could be labelled" in run("directions", files.style, *arguments).complaint

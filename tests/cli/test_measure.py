from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from ganatomy.images import save_image, to_pil
from ganatomy.metrics import MEASURES

Run = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw = torch.Generator().manual_seed(0)
    for row in range(30):
        save_image(to_pil(torch.rand(3, 16, 16, generator=draw) * 2 - 1), tmp_path / "real" / f"{row}.png")
    return tmp_path / "real"


def test_without_names_it_lists_what_can_be_measured_and_what_is_missing(run: Run, files: Any) -> None:
    lines = run("measure", files.style).out.splitlines()
    assert [line.split()[0] for line in lines[: len(MEASURES)]] == list(MEASURES)
    told = {line.split()[0]: line for line in lines}
    assert "needs" not in told["path-length"]
    assert told["dci"].endswith("needs an attribute classifier for new images")
    assert told["frechet"].endswith("needs real images")
    assert told["lpips"].startswith("lpips is not here")
    data = json.loads(run("measure", files.style, "--scorer", files.scorer, "--json").out)
    assert data["measures"]["dci"]["needs"] == []
    assert data["measures"]["dci"]["higher_is_better"] is True
    assert data["published"] == {"lpips": False, "inception": False}


def test_each_result_is_a_line(run: Run, files: Any, folder: Path) -> None:
    outcome = run("measure", files.style, "path-length", "kid", "-n", 200, "--data", folder)
    assert outcome.code == 0, outcome.err
    names = [line.split("  ")[0].strip() for line in outcome.out.splitlines()]
    assert names[:5] == [
        "path-length z full",
        "path-length z end",
        "path-length w full",
        "path-length w end",
        "kid",
    ]
    assert "lower is better" in outcome.out.splitlines()[0]
    assert outcome.out.splitlines()[-1].startswith("note: ")


def test_json_has_figures_units_and_what_was_taken_for_perception(run: Run, files: Any) -> None:
    arguments = ("cosines", "linearity", "--attributes", "Smiling,Male", "--scorer", files.scorer)
    data = json.loads(run("measure", files.style, *arguments, "-n", 200, "--json").out)
    assert list(data["measures"]) == ["cosines", "linearity"]
    assert list(data["measures"]["linearity"]) == ["z", "w"]
    assert set(data["measures"]["linearity"]["w"]["figures"]) == {"mean", "Smiling", "Male"}
    assert data["n"] == 200
    assert data["perceptual"].startswith("the 2 logits of")
    assert set(data["seconds"]) == {"cosines", "linearity"}


def test_a_matrix_of_correlations_is_taken_from_a_file(run: Run, files: Any, tmp_path: Path) -> None:
    matrix = tmp_path / "matrix.csv"
    matrix.write_text("attribute,Smiling,Male\nSmiling,1,-.2\nMale,-.2,1\n")
    outcome = run(
        "measure", files.style, "correlations", "--scorer", files.scorer, "-n", 200, "--correlations", matrix
    )
    assert "difference from the data" in outcome.out
    assert "matrix.csv" in outcome.out


def test_what_cannot_be_measured_is_one_line(run: Run, files: Any, tmp_path: Path) -> None:
    assert "did you mean 'walks'" in run("measure", files.style, "wlks").complaint
    assert "frechet needs real images" in run("measure", files.style, "frechet").complaint
    assert "10 images" in run("measure", files.style, "walks", "-n", 10).complaint
    assert "holds no images" in run("measure", files.style, "kid", "--data", tmp_path).complaint
    missing = run("measure", files.style, "correlations", "--correlations", tmp_path / "no.csv").complaint
    assert "an attribute classifier" in missing or "does not exist" in missing

"""`ganatomy study z-against-w`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
SMALL = ["-n", 200, "--images", 6, "--refits", 2]


def test_it_prints_five_sentences_and_the_page(run: Run, files: Any, tmp_path: Path) -> None:
    outcome = run(
        "study", "z-against-w", files.style, "--scorer", files.scorer, *SMALL, "-o", tmp_path / "study"
    )
    assert outcome.code == 0, outcome.err
    *sentences, page = outcome.out.splitlines()
    assert len(sentences) == 5
    assert page == str(tmp_path / "study" / "report.html")
    assert {path.name for path in (tmp_path / "study").iterdir()} == {
        "report.html",
        "summary.json",
        "figures",
    }
    assert json.loads((tmp_path / "study" / "summary.json").read_text())["sentences"] == sentences


def test_json_is_the_summary(run: Run, files: Any, tmp_path: Path) -> None:
    table = tmp_path / "known.csv"
    table.write_text("attribute,Smiling,Male\nSmiling,1,-0.2\nMale,-0.2,1\n")
    outcome = run(
        "study", "z-against-w", files.style, "--scorer", files.scorer, *SMALL,
        "--correlations", table, "--attributes", "Male", "--method", "centroid", "--json", "-o", tmp_path / "study",
    )  # fmt: skip
    data = json.loads(outcome.out)
    assert data.pop("report") == str(tmp_path / "study" / "report.html")
    assert data == json.loads((tmp_path / "study" / "summary.json").read_text())
    assert (data["method"], list(data["attributes"])) == ("centroid", ["Male"])
    assert data["correlations"]["reference"]["description"] == "known.csv"
    assert data["correlations"]["reference"]["matrix"][0][1] == pytest.approx(-0.2)


def test_a_model_without_w_is_studied_by_half(run: Run, tmp_path: Path) -> None:
    outcome = run("study", "z-against-w", "digits", *SMALL, "--attributes", "3,7", "-o", tmp_path)
    assert outcome.out.startswith("This model has no w (DCGAN takes z alone)")


def test_a_judge_says_its_own_verdict(run: Run, files: Any, tmp_path: Path) -> None:
    judge = tmp_path / "judge.py"
    judge.write_text(Path(files.scorer.partition(":")[0]).read_text().replace("200 *", "100 *"))
    outcome = run(
        "study", "z-against-w", files.style, "--scorer", files.scorer, *SMALL,
        "--judge", f"{judge}:see", "-o", tmp_path / "study",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert outcome.out.splitlines()[1].startswith("The judge, see (function, 2 attributes), took no part")


def test_bad_settings_are_one_line_and_leave_nothing(run: Run, files: Any, tmp_path: Path) -> None:
    start = ["study", "z-against-w", files.style, "--scorer", files.scorer, "-o", tmp_path]
    assert "did you mean 'Smiling'" in run(*start, "--attributes", "Smilin").complaint
    assert "0, or 2 or more" in run(*start, "--refits", 1).complaint
    assert "does not exist" in run(*start, "--correlations", tmp_path / "none.csv").complaint
    assert not list(tmp_path.iterdir())

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def judge(files: Any, tmp_path: Path) -> str:
    """Another network in the eyes of the product: the same function in another file."""
    text = Path(files.scorer.removesuffix(":see")).read_text()
    (tmp_path / "judge.py").write_text(f"# the judge\n{text}")
    return f"{tmp_path / 'judge.py'}:see"


@pytest.fixture
def arguments(files: Any) -> list[Any]:
    return ["study", "trust", files.style, "--scorer", files.scorer, "-n", 120, "--images", 4]


@pytest.mark.slow
def test_the_study_is_written_and_answers_to_its_sheet_are_compared(
    run: Run, arguments: list[Any], judge: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    outcome = run(*arguments, "--judge", judge, "--attributes", "Smiling", "--blind", 6, "--json", "-o", out)
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert found.pop("report") == str(out / "report.html")
    assert found == json.loads((out / "summary.json").read_text())
    assert (found["codes"], found["images"], list(found["goals"])) == (120, 4, ["Smiling"])
    assert found["attributes"] == ["Smiling", "Male"]
    key = json.loads((out / "blind-key.json").read_text())["images"]
    answers = tmp_path / "answers.csv"
    answers.write_text(
        "id,answer\n" + "".join(f"{one['id']},{'yes' if one['scorer'] > 0.5 else 'no'}\n" for one in key)
    )
    outcome = run("study", "trust", arguments[2], "--answers", answers, "-o", out)
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("unedited, 2 images: a person answers as the scorer in 100")


def test_without_a_judge_the_first_line_says_that_nothing_is_confirmed(
    run: Run, arguments: list[Any], tmp_path: Path
) -> None:
    outcome = run(*arguments, "--attributes", "Male", "-o", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("No judge was given, so nothing here can be confirmed")


def test_a_judge_that_is_the_scorer_is_refused_before_anything_is_made(
    run: Run, files: Any, arguments: list[Any], judge: str, tmp_path: Path
) -> None:
    outcome = run(*arguments, "--judge", f"{judge},{files.scorer}", "-o", tmp_path / "out")
    assert "took part itself" in outcome.complaint
    assert not (tmp_path / "out").exists()


def test_a_sheet_of_too_few_images_is_refused_before_anything_is_made(
    run: Run, arguments: list[Any], tmp_path: Path
) -> None:
    complaint = run(*arguments, "--blind", 1, "-o", tmp_path / "out").complaint
    assert "ask for at least 3" in complaint
    assert not (tmp_path / "out").exists()


def test_answers_without_a_sheet_are_refused(run: Run, files: Any, tmp_path: Path) -> None:
    complaint = run(
        "study", "trust", files.style, "--answers", tmp_path / "answers.csv", "-o", tmp_path
    ).complaint
    assert "make the sheet first, with --blind" in complaint

"""Results as tables: in a prompt one line, in a notebook a small table, in files everything."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
import torch

import ganatomy as ga
from ganatomy.latents import Latents, Space
from ganatomy.perception import OracleScorer, Scores
from ganatomy.tabular import SHOWN, Frame, Tabular


@pytest.fixture(scope="module")
def results() -> dict[str, Tabular]:
    toy = ga.ToyGenerator(seed=0)
    survey = ga.survey(toy, OracleScorer(toy), n=300)
    return {
        "latents": toy.sample(20, seed=0),
        "scores": survey.scores,
        "survey": survey,
        "directions": ga.regression(survey),
        "entanglement": ga.entanglement(toy, OracleScorer(toy), toy.truth, n=40),
        "separability": ga.separability(survey),
    }


def test_results_are_one_line_in_a_prompt_and_a_small_table_in_a_notebook(
    results: dict[str, Tabular],
) -> None:
    for name, result in results.items():
        assert "\n" not in repr(result), name
        assert len(repr(result)) < 200, name
        page = result._repr_html_()
        assert page.count("<tr>") <= SHOWN + 2, name
        assert len(page) < 10_000, name


def test_files_hold_every_row_and_column(results: dict[str, Tabular], tmp_path: Path) -> None:
    for name, result in results.items():
        path = result.to_csv(tmp_path / f"{name}.csv")
        with path.open(newline="") as file:
            head, *rows = csv.reader(file)
        assert head == list(result.frame().columns), name
        assert len(rows) == len(result.frame()), name


def test_data_frames_have_the_same_cells(results: dict[str, Tabular]) -> None:
    pytest.importorskip("pandas")
    survey = results["survey"]
    found = survey.to_pandas()
    assert list(found.columns) == ["row", "red", "round", "large", "bright"]
    assert ((found["red"] > 0.5).mean()) == pytest.approx(survey.prevalence["red"])


def test_what_is_not_finite_is_empty_and_names_are_no_markup() -> None:
    frame = Frame(title="<b>", columns={"a<b": [math.nan, 1.0], "c": ["<i>", None]})
    assert frame.csv() == "a<b,c\n,<i>\n1.0,\n"
    assert "&lt;b&gt;" in frame.html()
    assert "<i>" not in frame.html()


def test_wide_and_long_tables_show_their_ends() -> None:
    codes = Latents(codes=torch.arange(3000.0).view(100, 30), space=Space.Z)
    page = codes._repr_html_()
    assert "<th>z0</th>" in page
    assert "<th>z29</th>" in page
    assert "<th>z15</th>" not in page
    assert "<td>2999</td>" in page


def test_an_empty_table_is_one_too() -> None:
    empty = Scores(names=("a",), logits=torch.zeros(0, 1))
    assert empty.frame().csv() == "a\n"
    assert "<thead>" in empty._repr_html_()

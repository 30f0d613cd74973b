"""The folder of any study."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganatomy.errors import OutputError
from ganatomy.plots.charts import matrix_chart
from ganatomy.report import Document, Drawing, Section, write_document
from ganatomy.report.elements import Cell, Number, Row, Table
from ganatomy.statistics.intervals import Estimate


@pytest.fixture
def document() -> Document:
    chart = matrix_chart(np.eye(2), rows=["a", "b"], columns=["a", "b"], title="Two", unit="change")
    table = Table(
        title="Both",
        caption="Both of them.",
        first="name",
        headings=["value"],
        rows=[Row(name="a", cells=[Cell(text="1 < 2", interval="0 to 3")])],
    )
    return Document(
        title="Two & more",
        eyebrow="a model",
        sentences=[f"Sentence {k}." for k in range(5)],
        numbers=[Number(value="2", label="of them")],
        sections=[
            Section(
                name="first",
                title="The first",
                paragraphs=["One.", "Two."],
                draw=[
                    lambda: Drawing(name="matrix", image=chart, alt="a matrix", caption="What to see."),
                    lambda: [
                        Drawing(name="images", image=Image.new("L", (8, 4)), alt="grey", caption="Images.")
                    ],
                ],
            ),
            Section(name="second", title="The second", tables=[table], html="<b>ours</b>"),
        ],
        data={"value": 0.5},
        footer="Made here.",
    )


def test_the_folder_holds_the_page_the_numbers_and_every_figure(document: Document, tmp_path: Path) -> None:
    page = write_document(document, tmp_path / "study")
    found = {str(path.relative_to(page.parent)) for path in page.parent.rglob("*") if path.is_file()}
    assert found == {"report.html", "summary.json", "figures/matrix.png", "figures/images.png"}
    data = json.loads((page.parent / "summary.json").read_text())
    assert data["sentences"] == [f"Sentence {k}." for k in range(5)]
    assert (data["format"], data["value"]) == (2, 0.5)


def test_the_page_says_all_and_escapes_what_is_not_markup(document: Document, tmp_path: Path) -> None:
    page = write_document(document, tmp_path).read_text()
    for text in (
        "Two &amp; more",
        "Sentence 4.",
        "What to see.",
        "Two.",
        "1 &lt; 2",
        "0 to 3",
        "<b>ours</b>",
    ):
        assert text in page
    assert page.count('src="data:image/') == 2
    assert "http" not in page.replace("http-equiv", "")


def test_what_is_not_finite_is_null_and_estimates_have_one_form(document: Document, tmp_path: Path) -> None:
    data = {"value": float("nan"), "auc": Estimate(value=0.9, low=0.8, high=float("inf"))}
    write_document(replace(document, data=data), tmp_path)
    found = json.loads((tmp_path / "summary.json").read_text())
    assert (found["value"], found["auc"]) == (None, {"value": 0.9, "low": 0.8, "high": None})


def test_a_chart_that_cannot_be_drawn_leaves_a_note_and_loses_nothing(
    document: Document, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def league() -> Drawing:
        raise ValueError("a logarithmic axis over zeros")

    first, second = document.sections
    page = write_document(
        replace(document, sections=[replace(first, draw=[league, *first.draw]), second]), tmp_path
    )
    assert "could not be drawn: a logarithmic axis over zeros" in page.read_text()
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"matrix.png", "images.png"}
    assert json.loads((tmp_path / "summary.json").read_text())["value"] == 0.5


def test_data_are_written_before_anything_is_drawn(document: Document, tmp_path: Path) -> None:
    def interrupted() -> Drawing:
        raise KeyboardInterrupt

    first, second = document.sections
    broken = replace(
        document,
        sections=[replace(first, draw=[interrupted]), second],
        files={"more.txt": lambda path: path.write_text("more")},
    )
    with pytest.raises(KeyboardInterrupt):
        write_document(broken, tmp_path)
    assert (tmp_path / "summary.json").exists()
    assert (tmp_path / "more.txt").read_text() == "more"


def test_a_folder_that_cannot_be_written_is_one_clear_error(document: Document, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match="choose another folder"):
        write_document(document, tmp_path / "taken")

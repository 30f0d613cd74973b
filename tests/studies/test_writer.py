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
from ganatomy.report.elements import Cell, Number, Row, Table
from ganatomy.studies import Account, Drawing, Section, write_study


@pytest.fixture
def account() -> Account:
    chart = matrix_chart(np.eye(2), rows=["a", "b"], columns=["a", "b"], title="Two", unit="change")
    table = Table(
        title="Both",
        caption="Both of them.",
        first="name",
        headings=["value"],
        rows=[Row(name="a", cells=[Cell(text="1 < 2", interval="0 to 3")])],
    )
    return Account(
        title="Two & more",
        eyebrow="a model",
        sentences=[f"Sentence {k}." for k in range(5)],
        numbers=[Number(value="2", label="of them")],
        sections=[
            Section(
                name="first",
                title="The first",
                paragraphs=["One.", "Two."],
                drawings=[
                    Drawing(name="matrix", image=chart, alt="a matrix", caption="What to see."),
                    Drawing(name="pictures", image=Image.new("L", (8, 4)), alt="grey", caption="Pictures."),
                ],
            ),
            Section(name="second", title="The second", tables=[table], html="<b>ours</b>"),
        ],
        summary={"value": 0.5},
        footer="Made here.",
    )


def test_the_folder_holds_the_page_the_numbers_and_every_figure(account: Account, tmp_path: Path) -> None:
    page = write_study(account, tmp_path / "study")
    found = {str(path.relative_to(page.parent)) for path in page.parent.rglob("*") if path.is_file()}
    assert found == {"report.html", "summary.json", "figures/matrix.png", "figures/pictures.png"}
    assert json.loads((page.parent / "summary.json").read_text()) == {
        "sentences": [f"Sentence {k}." for k in range(5)],
        "value": 0.5,
    }


def test_the_page_says_all_and_escapes_what_is_not_markup(account: Account, tmp_path: Path) -> None:
    page = write_study(account, tmp_path).read_text()
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


def test_nothing_is_written_where_numbers_are_not_finite(account: Account, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_study(replace(account, summary={"value": float("nan")}), tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_folder_that_cannot_be_written_is_one_clear_error(account: Account, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match="choose another folder"):
        write_study(account, tmp_path / "taken")

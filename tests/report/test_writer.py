"""The folder of any study."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reader import Reader

from ganatomy.errors import OutputError
from ganatomy.plots.matrices import matrix_chart
from ganatomy.report import Card, Document, Drawing, Section, Strip, write_document
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


def test_a_chart_that_cannot_be_rendered_leaves_a_note_too(document: Document, tmp_path: Path) -> None:
    chart = matrix_chart(np.eye(2), rows=["a", "b"], columns=["a", "b"], title="Two", unit="change")
    chart.axes[0].set_title("$\\nonsense{$")

    def formula() -> Drawing:
        return Drawing(name="formula", image=chart, alt="a formula that is none")

    first, second = document.sections
    page = write_document(
        replace(document, sections=[replace(first, draw=[formula, *first.draw]), second]), tmp_path
    )
    assert "The figure “formula” could not be drawn" in page.read_text()
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"matrix.png", "images.png"}


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


def rich(document: Document) -> Document:
    """Every part that a section can have."""

    def images(columns: int) -> Image.Image:
        return Image.new("RGB", (8 * columns, 8))

    strip = Strip(image=images(2), alt="two", title="Alone", notes=["clean", "b +.1"], values=["0.1", "0.9"])
    parts = [
        Section(
            name="model",
            title="The model & more",
            link="The model",
            items=["One < two."],
            facts=[("Codes", "z 512")],
            numbers=[Number(value="3.2", label="of <them>")],
            draw=[
                lambda: Drawing(
                    name="rows/a", image=images(3), alt="three", title="As drawn", caption="0 <> 1"
                )
            ],
        ),
        Section(
            name="cards",
            title="Cards",
            draw=[
                lambda: Card(
                    name="cards/a",
                    image=images(2),
                    title="a & b",
                    note="noted",
                    columns=["−1", "1"],
                    strips=[strip],
                ),
                lambda: Drawing(name="b", image=images(1), alt="one"),
            ],
        ),
        Section(name="use", title="Use", code=[lambda folder: f"cd {folder.name} < x"]),
    ]
    return replace(document, sections=parts)


def test_a_section_can_have_items_facts_numbers_cards_and_code(document: Document, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    page = Reader(write_document(rich(document), folder).read_text())
    for text in (
        "One < two.",
        "Codes",
        "z 512",
        "of <them>",
        "As drawn 0 <> 1",
        "a & b",
        "noted",
        "Alone, clean",
        "b +.1",
    ):
        assert text in page.text
    assert "cd here < x" in page.text
    assert [link["href"] for link in page.all("a")] == ["#model", "#cards", "#use"]
    written = {
        path.relative_to(folder / "figures").as_posix() for path in (folder / "figures").rglob("*.png")
    }
    assert written == {"rows/a.png", "cards/a.png", "b.png"}
    assert [image["alt"] for image in page.all("img")] == ["three", "one", "two"]


def test_facts_stand_beside_drawings_and_drawings_in_pairs_unless_one_is_wide(
    document: Document, tmp_path: Path
) -> None:
    beside = rich(document).sections[0]
    broad = matrix_chart(np.eye(40), rows=["a"] * 40, columns=["a"] * 40, title="Forty", unit="change")
    first = document.sections[0]
    wide = replace(first, pairs=True, draw=[*first.draw, lambda: Drawing(name="w", image=broad, alt="wide")])
    classes = {}
    for name, section in {"beside": beside, "pair": replace(first, pairs=True), "wide": wide}.items():
        text = write_document(replace(document, sections=[section]), tmp_path / name).read_text()
        classes[name] = [tag.get("class") for tag in Reader(text).all("div")]
    assert "beside" in classes["beside"]
    assert "pair" in classes["pair"]
    assert "pair" not in classes["wide"]
    assert "chart scroll wide" in classes["wide"]

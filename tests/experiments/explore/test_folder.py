"""The folder of a report: what is in it, for programs and for people, and what happens where it cannot be written."""

from __future__ import annotations

import csv
import html
import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from experiments.explore.reported import Reported
from PIL import Image

from ganatomy.cli import main
from ganatomy.errors import OutputError
from ganatomy.experiments.documents import document
from ganatomy.experiments.explore.document import data
from ganatomy.experiments.explore.exploration import BASE, HELD
from ganatomy.experiments.explore.usage import commands, script
from ganatomy.metrics import FORMS
from ganatomy.report import as_json, prepare_folder, write_document
from ganatomy.report.elements import file_name
from ganatomy.storage import load_directions

METHODS = ("linear", "penalty", "lowdin", "dual", "svm", "logistic", "centroid", "held")


@pytest.fixture(scope="session")
def numbers(reported: Reported) -> dict[str, Any]:
    return json.loads((reported.folder / "summary.json").read_text(encoding="utf-8"))


def test_the_folder_holds_page_summary_directions_and_figures_and_nothing_half_written(
    reported: Reported,
) -> None:
    files = {
        path.relative_to(reported.folder).as_posix() for path in reported.folder.rglob("*") if path.is_file()
    }
    assert files == {
        "report.html",
        "summary.json",
        "directions.safetensors",
        "held.safetensors",
        "panel.safetensors",
        "changes.csv",
        *(f"figures/{name}.png" for name in ("samples", "entanglement", "entanglement-held", "selectivity")),
        *(f"figures/{name}.png" for name in ("cosines", "attributes", "factors", "factors-held")),
        *(f"figures/strips/{name}.png" for name in ("red", file_name("round & <large>"), "Young")),
    }
    for path in reported.folder.rglob("*.png"):
        with Image.open(path) as image:
            image.verify()


def test_the_summary_says_what_was_explored_and_how(reported: Reported, numbers: dict[str, Any]) -> None:
    assert (numbers["model"], numbers["scorer"]) == (str(reported.model), "oracle")
    assert (numbers["n"], numbers["measured"], numbers["seed"], numbers["space"]) == (400, 12, 0, "w")
    assert numbers["seconds"] == pytest.approx(sum(numbers["stages"].values()))
    assert numbers["generator"]["fingerprint"] == reported.experiment.generator.fingerprint
    assert numbers["skipped"]["rare"]["why"].startswith("too few images")


def test_the_summary_has_prevalence_and_held_out_auc_of_every_attribute(
    reported: Reported, numbers: dict[str, Any]
) -> None:
    assert list(numbers["attributes"]) == ["red", "round & <large>", "Young"]
    for name, facts in numbers["attributes"].items():
        labels = reported.exploration.survey.scores.column(name) > 0
        assert facts["prevalence"] == pytest.approx(float(labels.double().mean()))
        assert facts["auc"] == reported.exploration.directions["logistic"][name].auc


def test_every_change_is_in_the_table_and_in_the_summary(reported: Reported, numbers: dict[str, Any]) -> None:
    found = reported.exploration
    with (reported.folder / "changes.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(found.entanglement) * 3 * 3
    judged = found.entanglement[HELD].judged
    assert judged is not None
    for line in lines:
        if line["method"] != HELD:
            continue
        k, a = (found.attributes.index(line[column]) for column in ("edited", "attribute"))
        change = float(found.entanglement[HELD].mean_change[k, a])
        assert float(line["change"]) == pytest.approx(change)
        told = numbers["methods"][HELD]["attributes"][line["edited"]]["changes"][line["attribute"]]
        assert told == pytest.approx(change)
        known = line["edited"] in judged.names and line["attribute"] in judged.attributes
        assert bool(line["change_by_judge"]) == known


@pytest.mark.parametrize("method", METHODS)
def test_the_summary_has_the_selectivity_of_every_method_with_its_interval(
    numbers: dict[str, Any], method: str
) -> None:
    figures = numbers["methods"][method]
    assert (
        0 < figures["selectivity"]["low"] <= figures["selectivity"]["value"] <= figures["selectivity"]["high"]
    )
    assert set(figures["selectivity_forms"]) == set(FORMS)
    assert figures["selectivity_forms"]["mean_abs_all"] == figures["selectivity"]
    assert figures["target_change"]["mean"] == pytest.approx(0.25, abs=0.05)
    assert set(figures["attributes"]) == set(numbers["attributes"])


def test_a_judge_reads_the_same_edits(reported: Reported, numbers: dict[str, Any]) -> None:
    assert numbers["judge"].endswith("red_and_young (function, 2 attributes)")
    judged = reported.exploration.entanglement[HELD].judged
    assert judged is not None
    assert judged.names == judged.attributes == ("red", "Young")
    assert numbers["methods"][HELD]["judged_selectivity"] == judged.selectivity().mean.data()


def test_without_a_judge_there_is_nothing_of_one(reported: Reported) -> None:
    found = reported.exploration
    alone = {name: replace(result, judged=None) for name, result in found.entanglement.items()}
    text = document(replace(found, entanglement=alone, judge=None), reported.experiment)
    assert text.data["methods"][HELD]["judged_selectivity"] is None
    assert "judge" not in str([section.items for section in text.sections])
    assert "by the judge" not in str([section.tables for section in text.sections])


def test_what_could_not_be_measured_is_null_in_json(reported: Reported) -> None:
    found = reported.exploration
    result = replace(found.entanglement[HELD], changes=torch.zeros_like(found.entanglement[HELD].changes))
    broken = replace(found, entanglement={**found.entanglement, HELD: result})
    figures = json.loads(json.dumps(as_json(data(broken, model="m", scorer="s")), allow_nan=False))
    assert figures["methods"][HELD]["selectivity"]["value"] is None


def test_the_saved_directions_are_those_that_the_page_shows(reported: Reported) -> None:
    saved = load_directions(reported.folder / "directions.safetensors")
    shown = reported.exploration.directions[BASE]
    assert saved.names == shown.names
    assert saved.matrix.equal(shown.matrix)
    assert {direction.fingerprint for direction in saved} == {reported.experiment.generator.fingerprint}


@pytest.fixture
def lines(reported: Reported) -> dict[str, Any]:
    """What lines to copy are made of."""
    return {"model": str(reported.model), "opened_with": {"prior": "normal", "device": "cpu"}}


def test_the_commands_on_the_page_work_as_they_stand(
    reported: Reported, lines: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = commands(reported.folder, attribute="red", **lines).replace("\\\n", " ")
    found = [shlex.split(line) for line in text.splitlines()]
    assert [(words[0], main(words[1:])) for words in found] == [("ganatomy", 0)] * 2
    assert {path.name for path in tmp_path.iterdir()} == {"edited.png", "walk.gif"}


@pytest.mark.parametrize("attribute", ["red", "round & <large>"])
def test_the_script_on_the_page_works_as_it_stands(
    reported: Reported,
    lines: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    attribute: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(script(reported.folder, attribute=attribute, space=reported.exploration.space, **lines), {})
    assert (tmp_path / "edited.png").is_file()


def test_a_model_that_is_no_file_has_a_script_but_no_commands(reported: Reported) -> None:
    sections = document(reported.exploration, reported.experiment).sections
    (code,) = next(section.code for section in sections if section.name == "use")
    assert "G = ...  # the generator that was explored" in code(reported.folder)


def test_the_lines_to_copy_move_the_cleanest_attribute_and_hold_the_others(reported: Reported) -> None:
    page = html.unescape(reported.page)
    cleanest = reported.exploration.by_selectivity[0]
    assert shlex.quote(f"{cleanest}=2") in page
    assert f"ga.move(codes, found[{cleanest!r}], 2.0" in page
    assert "held.safetensors" in page


def test_a_folder_that_cannot_be_made_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file cannot be written.*choose another folder"):
        prepare_folder(tmp_path / "file")


def test_a_report_that_cannot_be_finished_leaves_the_old_page_as_it_was(
    reported: Reported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_folder(tmp_path)
    (tmp_path / "report.html").write_text("the page of yesterday")
    monkeypatch.setattr("ganatomy.report.writer.fill", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_document(document(reported.exploration, reported.experiment), tmp_path)
    assert (tmp_path / "report.html").read_text() == "the page of yesterday"
    assert not list(tmp_path.rglob("*.part"))

"""The folder of a report: what is in it, for programs and for people, and what happens where it cannot be written."""

from __future__ import annotations

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
from ganatomy.experiments.explore.findings import Findings
from ganatomy.experiments.explore.run import BASE, HELD
from ganatomy.experiments.explore.summary import summary
from ganatomy.experiments.explore.usage import Usage
from ganatomy.metrics import FORMS
from ganatomy.report import as_json, prepare_folder, write_document
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
        *(f"figures/{name}.png" for name in ("samples", "entanglement", "entanglement-held", "selectivity")),
        *(f"figures/{name}.png" for name in ("cosines", "attributes", "truth", "truth-held")),
        *(f"figures/strips/{name}.png" for name in ("red", "round-large", "Young")),
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


def test_what_could_not_be_measured_is_null_in_json(reported: Reported) -> None:
    found = reported.exploration
    result = replace(found.entanglement[HELD], changes=torch.zeros_like(found.entanglement[HELD].changes))
    broken = replace(found, entanglement={**found.entanglement, HELD: result})
    data = summary(Findings(exploration=broken), model="m", scorer="s")
    figures = json.loads(json.dumps(as_json(data), allow_nan=False))
    assert figures["methods"][HELD]["selectivity"]["value"] is None


def test_the_saved_directions_are_those_that_the_page_shows(reported: Reported) -> None:
    saved = load_directions(reported.folder / "directions.safetensors")
    shown = reported.exploration.directions[BASE]
    assert saved.names == shown.names
    assert saved.matrix.equal(shown.matrix)
    assert {direction.fingerprint for direction in saved} == {reported.experiment.generator.fingerprint}


def used(reported: Reported, attribute: str = "red", **changed: Any) -> Usage:
    settings: dict[str, Any] = {
        "model": str(reported.model),
        "space": reported.exploration.space,
        "attribute": attribute,
        "loaded_with": {"prior": "normal"},
    }
    return Usage(**{**settings, **changed})


def commands(usage: Usage, folder: Path) -> list[list[str]]:
    lines = usage.shell(folder).replace("\\\n", " ").splitlines()
    return [words[1:] for line in lines if (words := shlex.split(line))[0] == "ganatomy"]


def test_the_commands_on_the_page_work_as_they_stand(
    reported: Reported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert [main(command) for command in commands(used(reported), reported.folder)] == [0, 0]
    assert {path.name for path in tmp_path.iterdir()} == {"edited.png", "walk.gif"}


@pytest.mark.parametrize("attribute", ["red", "round & <large>"])
def test_the_script_on_the_page_works_as_it_stands(
    reported: Reported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attribute: str
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(used(reported, attribute).python(reported.folder), {})
    assert (tmp_path / "edited.png").is_file()


def test_a_model_that_is_no_file_has_a_script_but_no_commands(reported: Reported) -> None:
    usage = used(reported, model=None)
    assert usage.shell(reported.folder) == ""
    assert "G = ...  # the generator that was explored" in usage.python(reported.folder)
    sections = document(reported.exploration, reported.experiment).sections
    assert [len(section.code) for section in sections if section.name == "use"] == [1]


def test_the_lines_to_copy_move_the_cleanest_attribute_and_hold_the_others(reported: Reported) -> None:
    page = html.unescape(reported.page)
    cleanest = Findings(exploration=reported.exploration).cleanest
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

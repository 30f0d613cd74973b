"""The command that opens the studio: it prints its address, ends at Ctrl-C, and refuses impossible options."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

import ganatomy as ga
from ganatomy.cli import main
from ganatomy.experiments.explore.panel_file import PANEL_FILE
from ganatomy.report import write_document
from ganatomy.report.writer import SUMMARY_FILE
from ganatomy.zoo import MODELS


def start(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ganatomy", "studio", *map(str, arguments), "--port", "0"],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def address_of(process: subprocess.Popen[str]) -> str:
    """What a studio that was started with --json prints once it is open."""
    assert process.stdout is not None
    return json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")["address"]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small report on the digits, without its figures."""
    experiment = ga.Experiment(ga.load("digits"), ga.scorer("digits"))
    found = ga.explore(experiment, n=120, methods=(), measured=4)
    page = ga.document(found, experiment, model="digits", opened_with={"prior": "normal"})
    folder = tmp_path_factory.mktemp("reports") / "digits-report"
    write_document(replace(page, sections=()), folder)
    return folder


def test_it_prints_its_address_answers_there_and_ends_cleanly_at_ctrl_c() -> None:
    process = start("digits")
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        (address,) = re.findall(r"http://127\.0\.0\.1:\d+/", line)
        with urllib.request.urlopen(f"{address}api/models") as answer:
            (model,) = json.load(answer)["models"]
        assert model["name"] == "digits"
    finally:
        process.send_signal(signal.SIGINT)
        _, printed = process.communicate(timeout=60)
    assert process.returncode == 0, printed
    assert "Traceback" not in printed
    assert "the studio is closed" in printed


def test_a_film_that_is_being_made_does_not_keep_it_from_ending() -> None:
    process = start("digits", "--json")
    try:
        address = address_of(process)
        keys = [{"codes": {"seeds": [seed], "space": "z"}} for seed in (1, 2)]
        with ThreadPoolExecutor(1) as pool:
            posted = pool.submit(
                httpx.post,
                f"{address}api/film",
                json={"what": "gif", "keys": keys * 6, "frames": 600},
                timeout=60,
            )
            time.sleep(0.3)
            for _ in range(2):  # people press it twice
                process.send_signal(signal.SIGINT)
            posted.exception()
    finally:
        _, printed = process.communicate(timeout=60)
    assert process.returncode == 0, printed
    assert "Traceback" not in printed


def test_files_go_by_their_names_and_no_visitor_learns_of_folders(tmp_path: Path) -> None:
    files = [tmp_path / folder / "gan.safetensors" for folder in ("first", "second")]
    for file in files:
        file.parent.mkdir()
        shutil.copy(MODELS["digits"].generator, file)
    process = start(*files, "--json", GANATOMY_CACHE=str(tmp_path))
    try:
        address = address_of(process)
        with urllib.request.urlopen(f"{address}api/models") as answer:
            printed = answer.read().decode()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert [model["name"] for model in json.loads(printed)["models"]] == [
        "gan.safetensors",
        "gan.safetensors (2)",
    ]
    assert str(tmp_path) not in printed


def test_a_report_opens_at_once_with_the_figures_that_it_has(report: Path, tmp_path: Path) -> None:
    process = start("--from", report, "--json", GANATOMY_CACHE=str(tmp_path))
    try:
        address = address_of(process)
        (model,) = httpx.get(f"{address}api/models").json()["models"]
        panel = httpx.get(f"{address}api/panel").json()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert (model["name"], model["ready"], model["truncation_psi"]) == ("digits", True, 1.0)
    summary = json.loads((report / SUMMARY_FILE).read_text())
    served = {direction["name"]: direction["measured"]["held"]["value"] for direction in panel["directions"]}
    expected = summary["methods"]["held"]["attributes"]
    assert set(served) == set(expected)
    for name, value in served.items():
        assert value == pytest.approx(expected[name]["selectivity"]["value"], abs=1e-3)
    assert len(panel["map"]["x"]) == 120
    assert not list(tmp_path.iterdir()), "a panel was measured, and kept in the cache"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


def rewritten(**changed: object) -> Callable[[Path], object]:
    """Changes the options that a report was opened with."""

    def write(folder: Path) -> None:
        path = folder / SUMMARY_FILE
        summary = json.loads(path.read_text())
        path.write_text(json.dumps({**summary, "opened_with": {**summary["opened_with"], **changed}}))

    return write


@pytest.mark.parametrize(
    ("damage", "arguments", "expected"),
    [
        (lambda folder: (folder / PANEL_FILE).unlink(), [], "has no panel.safetensors; give a folder"),
        (lambda folder: (folder / SUMMARY_FILE).unlink(), [], "has no summary.json; give a folder"),
        (lambda folder: cut(folder / PANEL_FILE), [], "panel.safetensors is not a whole safetensors file"),
        (lambda folder: cut(folder / SUMMARY_FILE), [], "summary.json is damaged"),
        (lambda folder: (folder / SUMMARY_FILE).write_text("{}"), [], "summary.json is damaged"),
        (rewritten(colour="red"), [], "summary.json is damaged"),
        (rewritten(model="digitz"), [], "did you mean 'digits'"),
        (rewritten(model="faces"), [], "was made with generator"),
        (lambda _: None, ["faces"], "was made with generator"),
        (lambda _: None, ["--scorer", "faces"], "was made with classifier"),
        (lambda _: None, ["digits", "faces"], "--from opens one model"),
        (lambda _: None, ["--measure", "x.panel"], "--from opens one model"),
    ],
    ids=[
        "no panel",
        "no summary",
        "a panel that is cut off",
        "a summary that is cut off",
        "a summary of something else",
        "an option that does not exist",
        "a model that does not exist",
        "another model in its place",
        "another model on the command line",
        "another classifier",
        "two models",
        "a model that is measured already",
    ],
)
def test_a_report_that_cannot_be_opened_is_one_clear_line(
    damage: Callable[[Path], object],
    arguments: list[str],
    expected: str,
    report: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = shutil.copytree(report, tmp_path / "report")
    damage(folder)
    assert main(["studio", "--from", str(folder), *arguments]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert expected in line


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["studio"], "ganatomy studio faces"),
        (["studio", "digits", "digits"], "named twice"),
        (["studio", "digits", "faces", "--critic", "digits"], "--critic goes with one model"),
        (["studio", "digits", "--host", "0.0.0.0"], "--token"),
        (["studio", "digits", "--host", "0.0.0.0", "--token", ""], "--token is empty"),
        (["studio", "digits", "--token", "seven77"], "--token cannot be used; give 8"),
        (["studio", "digits", "--token", "letters+more"], "a-z, A-Z, 0-9, - and _"),
        (["studio", "digits", "--token", "пароль-пароль"], "a-z, A-Z, 0-9, - and _"),
        (["studio", "digits", "--port", "99999"], "choose another --port"),
        (["studio", "digits", "--host", "not.a.host.here", "--token", "new"], "cannot be used"),
        (["studio", "digitz"], "did you mean 'digits'"),
        (["studio", "digits", "faces", "--measure", "x.panel"], "one model at a time"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert expected in capsys.readouterr().err


def test_a_port_that_is_taken_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken.listen()
        assert main(["studio", "digits", "--port", str(taken.getsockname()[1])]) == 2
    assert "choose another --port" in capsys.readouterr().err

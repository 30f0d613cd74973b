"""The command that opens the studio: it says where, ends at Ctrl-C, and refuses what cannot be."""

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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from ganatomy.cli import main
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
        _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert "Traceback" not in told
    assert "the studio is closed" in told


def test_a_film_that_is_being_made_does_not_keep_it_from_ending() -> None:
    process = start("digits", "--json")
    try:
        address = address_of(process)
        keys = [{"codes": {"seeds": [seed], "space": "z"}} for seed in (1, 2)]
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(
                httpx.post,
                f"{address}api/film",
                json={"what": "gif", "keys": keys * 6, "frames": 600},
                timeout=60,
            )
            time.sleep(0.3)
            for _ in range(2):  # people press it twice
                process.send_signal(signal.SIGINT)
            asked.exception()
    finally:
        _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert "Traceback" not in told


def test_files_go_by_their_names_and_no_visitor_learns_of_folders(tmp_path: Path) -> None:
    files = [tmp_path / folder / "gan.safetensors" for folder in ("first", "second")]
    for file in files:
        file.parent.mkdir()
        shutil.copy(MODELS["digits"].generator, file)
    process = start(*files, "--json", GANATOMY_CACHE=str(tmp_path))
    try:
        address = address_of(process)
        with urllib.request.urlopen(f"{address}api/models") as answer:
            told = answer.read().decode()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert [model["name"] for model in json.loads(told)["models"]] == [
        "gan.safetensors",
        "gan.safetensors (2)",
    ]
    assert str(tmp_path) not in told


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["studio"], "ganatomy studio faces"),
        (["studio", "digits", "digits"], "named twice"),
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

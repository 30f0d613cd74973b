"""The command that opens the studio: it says where, ends at Ctrl-C, and refuses what cannot be."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from ganatomy.cli import main


def test_it_prints_its_address_answers_there_and_ends_cleanly_at_ctrl_c() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ganatomy", "studio", "digits", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
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


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["studio"], "ganatomy studio faces"),
        (["studio", "digits", "digits"], "named twice"),
        (["studio", "digits", "--host", "0.0.0.0"], "--token"),
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

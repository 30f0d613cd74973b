"""The page about few labels: every command and every block of Python in it is run, in its order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ganatomy.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "few-labels.md"
BLOCKS = re.findall(r"^```(python|console)\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for language, block in BLOCKS:
        if language == "python":
            exec(block, names)
            continue
        for line in re.findall(r"^\$ ganatomy (.+)", block, re.MULTILINE):
            assert main(line.split()) == 0, f"{line}\n{capsys.readouterr().err}"
    told = capsys.readouterr().out
    assert "sunny, from 5 yes and 5 no" in told
    assert "glasses, from 12 yes and 12 no" in told
    assert "of the squared gradient" in told
    assert {"look.png", "sunny.png", "glasses.png"} <= {path.name for path in tmp_path.iterdir()}

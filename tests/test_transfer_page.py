"""The page about transfer: every command and every block of Python in it is run, in its order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ganatomy.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "transfer.md"
BLOCKS = re.findall(r"^```(python|console)\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    assert {language for language, _ in BLOCKS} == {"python", "console"}
    for language, block in BLOCKS:
        if language == "python":
            exec(block, names)
            continue
        for line in re.findall(r"^\$ ganatomy (.+)", block, re.MULTILINE):
            assert main(line.split()) == 0, f"{line}\n{capsys.readouterr().err}"
    told = capsys.readouterr().out
    assert "smile.png: 2 of 2 reached: Smiling" in told
    assert '"held_drift"' in told
    assert "by linear" in told
    assert "by network" in told
    written = {path.name for path in tmp_path.iterdir()}
    assert {"smile.png", "both.latents", "linear.png", "learned.png", "smile.safetensors"} <= written

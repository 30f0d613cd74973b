"""The page about few labels: every command and every block of Python in it is run, in its order."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import run_page


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    told, _ = run_page("few-labels.md", capsys)
    assert "sunny, from 5 yes and 5 no" in told
    assert "glasses, from 12 yes and 12 no" in told
    assert "of the squared gradient" in told
    assert {"look.png", "sunny.png", "glasses.png"} <= {path.name for path in tmp_path.iterdir()}

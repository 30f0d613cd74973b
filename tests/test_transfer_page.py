"""The page about transfer: every command and every block of Python in it is run, in its order."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import run_page


@pytest.mark.slow
def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    told, _ = run_page("transfer.md", capsys)
    assert "smile.png: 2 of 2 reached: Smiling" in told
    assert '"held_drift"' in told
    assert "by linear" in told
    assert "by network" in told
    written = {path.name for path in tmp_path.iterdir()}
    assert {"smile.png", "both.latents", "linear.png", "learned.png", "smile.safetensors"} <= written

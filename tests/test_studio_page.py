"""The page about the studio: its command and its block of Python are run, in their order."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import run_page


@pytest.mark.slow
def test_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    told, names = run_page("studio.md", capsys)
    assert "digits.panel" in told
    assert "one step of 3 is" in told
    assert set(names["panel"].names) == set("0123456789")

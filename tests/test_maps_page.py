"""The page about maps: every command and every block of Python in it is run, in its order."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import run_page


@pytest.mark.slow
def test_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    told, names = run_page("maps.md", capsys)
    assert {path.name for path in tmp_path.iterdir()} >= {
        "digits.png",
        "digits.html",
        "faces.html",
        "classes.png",
        "classes.html",
    }
    assert "trustworthiness 0.9" in told
    assert "of the variance" in told
    assert list(names["found"].results) == ["critic", "untrained critic", "pixels", "scorer"]

"""The page about z against w: every command and every block of Python in it is run, in its order."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pages import DOCS, run_page


@pytest.mark.slow
def test_the_page_runs_and_names_every_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    out, names = run_page("study-z-against-w.md", capsys)
    assert names["found"].comparison is None
    assert "linearity in z" in out
    faces = json.loads((tmp_path / "z-against-w" / "summary.json").read_text())
    assert faces["spaces"] == ["z", "w"]
    assert list(faces["attributes"]) == ["Smiling", "Young", "Eyeglasses", "Male"]
    assert faces["correlations"]["reference"] == "labels of 20000 drawn faces"
    drawn = {path.stem for path in (tmp_path / "z-against-w" / "figures").iterdir()}
    assert drawn <= set(re.findall(r"`([\w-]+)`", (DOCS / "study-z-against-w.md").read_text()))

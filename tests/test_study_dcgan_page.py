"""The page about the journey: every command and every block of Python in it is run, in its order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pages import run_page


@pytest.mark.slow
def test_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    told, names = run_page("study-dcgan.md", capsys)
    for folder in ("journey", "digits-journey"):
        files = {path.name for path in (tmp_path / folder).iterdir()}
        assert files == {"report.html", "summary.json", "figures"}
    data = json.loads((tmp_path / "journey" / "summary.json").read_text())
    assert data["sentences"] == told.splitlines()[:5]
    assert str(names["found"].sums[0].exhibit.sum) == "7 − 1 + 4"

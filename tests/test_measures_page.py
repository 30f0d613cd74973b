"""The page about measures: every command and every block of Python in it is run, in its order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import DOCS, run_page

from ganatomy.metrics import MEASURES

PAGE = (DOCS / "measures.md").read_text()


@pytest.mark.slow
def test_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    told, names = run_page("measures.md", capsys)
    assert "path-length w full" in told
    assert "walk of 48 frames" in told
    assert len(names["profile"].speed) == 47


def test_the_page_names_every_measure() -> None:
    assert set(MEASURES) <= set(re.findall(r"\*\*([a-z-]+)\*\*", PAGE))
    assert set(MEASURES) <= set(re.findall(r"`([a-z-]+)(?:\(|`)", PAGE))

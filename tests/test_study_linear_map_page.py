"""The page about the linear map: every command and every block of Python in it is run, in its order."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pages import DOCS, run_page

from ganatomy.experiments.studies.linear_map import WAYS

PAGE = (DOCS / "study-linear-map.md").read_text()


@pytest.mark.slow
def test_the_page_runs_and_names_every_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    out, names = run_page("study-linear-map.md", capsys)
    assert str(names["found"].verdict) in out
    numbers = json.loads((tmp_path / "linear-map" / "summary.json").read_text())
    assert (numbers["attributes"], numbers["shown"]) == (["3", "5", "8"], "3")
    drawn = {path.stem for path in (tmp_path / "linear-map" / "figures").iterdir()}
    assert drawn <= set(re.findall(r"`([\w-]+)`", PAGE))


def test_the_page_names_every_way() -> None:
    assert set(WAYS) <= set(re.findall(r"`([\w-]+)`", PAGE))

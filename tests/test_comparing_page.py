"""The page about comparing: every command and every block of Python in it is run, in its order."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pages import DOCS, run_page

from ganatomy.experiments.compare import CONTESTANTS
from ganatomy.experiments.compare.standing import MEASURES

PAGE = (DOCS / "comparing.md").read_text()


@pytest.mark.slow
def test_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run_page("comparing.md", capsys)
    for folder in ("compare", "digits-compare"):
        assert {path.name for path in (tmp_path / folder).iterdir()} == {"compare.html", "compare.json"}
    faces = json.loads((tmp_path / "compare" / "compare.json").read_text())
    assert list(faces["methods"]) == ["regression", "few-labels", "sefa", "dual"]
    assert all(faces["methods"]["dual"][measure] for measure in MEASURES)


def test_the_page_names_every_method_and_every_measure() -> None:
    named = set(re.findall(r"`([\w-]+)`", PAGE))
    assert set(CONTESTANTS) <= named
    assert set(MEASURES) <= set(re.findall(r"\*\*(\w+)\*\*", PAGE))

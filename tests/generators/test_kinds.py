"""The table of kinds in the documentation is what becomes of a file of each kind."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the ways in which kinds are saved
def test_the_page_says_what_becomes_of_each_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("kinds_of_files", ROOT / "benchmarks/kinds.py")
    assert spec is not None
    assert spec.loader is not None
    kinds = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "kinds_of_files", kinds)
    spec.loader.exec_module(kinds)
    page = (ROOT / "docs/kinds.md").read_text()
    listed = [line.split(" | ")[0].removeprefix("| ") for line in page.splitlines() if line.startswith("| ")]
    assert listed[1:] == list(kinds.KINDS), "run python benchmarks/kinds.py --table"
    found = {name: kinds.outcome(kind, tmp_path) for name, kind in kinds.KINDS.items()}
    assert [name for name, it in found.items() if it.word == "WRONG"] == []
    assert kinds.table(found) in page, "run python benchmarks/kinds.py --table"

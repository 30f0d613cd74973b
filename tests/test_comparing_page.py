"""The page about comparing: every command and every block of Python in it is run, in its order."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ganatomy.cli import main
from ganatomy.comparison import CONTESTANTS
from ganatomy.comparison.standing import MEASURES

PAGE = (Path(__file__).parents[1] / "docs" / "comparing.md").read_text()
BLOCKS = re.findall(r"^```(python|console)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    assert [language for language, _ in BLOCKS] == ["console", "python"]
    for language, block in BLOCKS:
        if language == "python":
            exec(block, names)
            continue
        for line in re.findall(r"^\$ ganatomy (.+)", block, re.MULTILINE):
            assert main(line.split()) == 0, f"{line}\n{capsys.readouterr().err}"
    for folder in ("compare", "digits-compare"):
        assert {path.name for path in (tmp_path / folder).iterdir()} == {"compare.html", "compare.json"}
    faces = json.loads((tmp_path / "compare" / "compare.json").read_text())
    assert list(faces["methods"]) == ["regression", "few-labels", "sefa", "dual"]
    assert all(faces["methods"]["dual"][measure] for measure in MEASURES)


def test_the_page_names_every_method_and_every_measure() -> None:
    named = set(re.findall(r"`([\w-]+)`", PAGE))
    assert set(CONTESTANTS) <= named
    assert set(MEASURES) <= set(re.findall(r"\*\*(\w+)\*\*", PAGE))

"""The page about measures: every command and every block of Python in it is run, in its order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ganatomy.cli import main
from ganatomy.metrics import MEASURES

PAGE = (Path(__file__).parents[1] / "docs" / "measures.md").read_text()
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
    told = capsys.readouterr().out
    assert "path-length w full" in told
    assert "walk of 48 frames" in told
    assert len(names["profile"].speed) == 47


def test_the_page_names_every_measure() -> None:
    assert set(MEASURES) <= set(re.findall(r"\*\*([a-z-]+)\*\*", PAGE))
    assert set(MEASURES) <= set(re.findall(r"`([a-z-]+)(?:\(|`)", PAGE))

"""The page about words: every command and every block of Python in it is run, with a tiny model for the real one."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from perception import tiny_clip

from ganatomy.cli import main
from ganatomy.perception import clip

PAGE = Path(__file__).parents[1] / "docs" / "from-words.md"
BLOCKS = re.findall(r"^```(python|console)\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(clip, "DEFAULT", f"clip:{tiny_clip.write(tmp_path / 'tiny')}")
    names: dict[str, Any] = {}
    assert {language for language, _ in BLOCKS} == {"python", "console"}
    for language, block in BLOCKS:
        if language == "python":
            exec(block, names)
            continue
        for line in re.findall(r"^\$ ganatomy (.+)", block, re.MULTILINE):
            assert main(shlex.split(line)) == 0, f"{line}\n{capsys.readouterr().err}"
    told = capsys.readouterr().out
    assert "centred on 60 pictures of faces" in told
    assert "a photo of a person smiling / a photo of a person\n" in told
    assert {"smiling.png", "my.words", "mine.words"} <= {path.name for path in tmp_path.iterdir()}


def test_the_default_of_the_page_is_the_default() -> None:
    assert f"| `clip` | `{clip.DEFAULT}`" in PAGE.read_text()

"""The page about words: every command and every block of Python in it is run, with a tiny model for the real one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import DOCS, run_page
from perception import tiny_clip

from ganatomy.perception import clip

PAGE = DOCS / "from-words.md"


@pytest.mark.slow
def test_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(clip, "DEFAULT", f"clip:{tiny_clip.write(tmp_path / 'tiny')}")
    told, _ = run_page("from-words.md", capsys)
    assert "centred on 60 images of faces" in told
    assert "a photo of a person smiling / a photo of a person\n" in told
    assert {"smiling.png", "my.words", "mine.words"} <= {path.name for path in tmp_path.iterdir()}


def test_the_default_of_the_page_is_the_default() -> None:
    assert f"| `clip` | `{clip.DEFAULT}`" in PAGE.read_text()

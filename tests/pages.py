"""Running the pages of the documentation."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from ganatomy.cli import main

DOCS = Path(__file__).parents[1] / "docs"


def run_page(name: str, capsys: pytest.CaptureFixture[str]) -> tuple[str, dict[str, Any]]:
    """Run every command and every block of Python of a page, in its order, in the folder that the test is in.

    Returns what they print, and the names that the blocks of Python leave behind.
    """
    blocks = re.findall(
        r"^```(python|console)\n(.*?)^```", (DOCS / name).read_text(), re.MULTILINE | re.DOTALL
    )
    names: dict[str, Any] = {}
    assert {language for language, _ in blocks} == {"python", "console"}
    for language, block in blocks:
        if language == "python":
            exec(block, names)
            continue
        for line in re.findall(r"^\$ ganatomy (.+)", block, re.MULTILINE):
            assert main(shlex.split(line)) == 0, f"{line}\n{capsys.readouterr().err}"
    return capsys.readouterr().out, names

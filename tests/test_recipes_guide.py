"""The page about recipes: every command and every block of Python in it is run, in its order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganatomy.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "recipes.md"
BLOCKS = re.findall(r"^```(python|console)\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    assert {language for language, _ in BLOCKS} == {"python", "console"}
    for language, block in BLOCKS:
        if language == "python":
            exec(block, names)
            continue
        for line in re.findall(r"^\$ ganatomy (.+)", block, re.MULTILINE):
            assert main(line.split()) == 0, f"{line}\n{capsys.readouterr().err}"
    pixels = {path.stem: np.asarray(Image.open(path)) for path in tmp_path.glob("*.png")}
    assert np.array_equal(pixels["samples"], pixels["again"])
    assert np.array_equal(pixels["smiling"], pixels["smiling-again"])
    assert not np.array_equal(pixels["smiling"], pixels["broader"])

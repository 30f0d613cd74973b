"""The page about recipes: every command and every block of Python in it is run, in its order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pages import run_page
from PIL import Image


@pytest.mark.slow
def test_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run_page("recipes.md", capsys)
    pixels = {path.stem: np.asarray(Image.open(path)) for path in tmp_path.glob("*.png")}
    assert np.array_equal(pixels["samples"], pixels["again"])
    assert np.array_equal(pixels["smiling"], pixels["smiling-again"])
    assert not np.array_equal(pixels["smiling"], pixels["broader"])

"""Walks as pages with a slider: small, whole, and safe to open."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganatomy.cli import main
from ganatomy.errors import SettingError
from ganatomy.plots import slider_page
from ganatomy.plots.slider_pages import read_page_text
from ganatomy.recipes import read_recipe


def noise(count: int, side: int) -> list[Image.Image]:
    chance = np.random.default_rng(0)
    return [Image.fromarray(chance.integers(0, 255, (side, side, 3), dtype=np.uint8)) for _ in range(count)]


def captions(count: int) -> list[str]:
    return [str(k) for k in range(count)]


def test_images_that_would_take_too_much_are_made_smaller(tmp_path: Path) -> None:
    path = slider_page(noise(20, 512), tmp_path / "noise.html", captions=captions(20), title="Noise")
    assert path.stat().st_size < 3_000_000
    assert path.read_text().count("data:image/webp") == 20


def test_text_of_a_page_cannot_become_part_of_it(tmp_path: Path) -> None:
    harm = "</script><script>alert(1)</script>"
    page = slider_page(
        noise(2, 16), tmp_path / "x.html", captions=[harm, "b"], title=harm, text=json.dumps({"a": harm})
    ).read_text()
    assert "<script>alert" not in page
    assert json.loads(read_page_text(page) or "")["a"] == harm


@pytest.mark.parametrize(("count", "given", "start"), [(1, 1, 0), (3, 2, 0), (3, 3, 3)])
def test_what_cannot_be_a_slider_is_refused(tmp_path: Path, count: int, given: int, start: int) -> None:
    with pytest.raises(SettingError, match="cannot be shown"):
        slider_page(noise(count, 8), tmp_path / "x.html", captions=captions(given), title="x", start=start)


def test_the_command_writes_a_page_that_can_be_read_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "edit.html"
    assert main(["walk", "digits", "--seed", "3,4", "--steps", "5", "-o", str(out)]) == 0, capsys.readouterr()
    assert out.read_text().count("data:image/webp") == 5
    again = tmp_path / "again.png"
    assert main(["render", str(out), "-o", str(again)]) == 0, capsys.readouterr()
    assert read_recipe(out).image == read_recipe(again).image

"""The three kinds of use, from a cold start and by clicking alone: a photo team, a researcher, a student on a phone."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from studio.visiting import PATIENCE, Page, drawn, expect, open_tab, press, wait_until

from ganatomy.cli import main

pytestmark = pytest.mark.slow

Visit = Callable[..., Page]

NARROW = {"width": 360, "height": 740}


def begin(page: Page) -> None:
    """Past the first steps, which do not come back."""
    page.get_by_role("button", name="Got it").click()
    expect(page.get_by_text("Move a slider: the image follows.")).to_have_count(0)


def taken(page: Page, label: str) -> bytes:
    """What a button of the export gives."""
    page.get_by_role("button", name="Export", exact=True).click()
    dialog = page.get_by_role("dialog", name="Export")
    if label in {"Directions", "Script"}:
        dialog.get_by_text("For code: recipe").click()
        expect(dialog.locator("pre")).to_contain_text("import ganatomy")
    with page.expect_download(timeout=4 * PATIENCE) as got:
        dialog.get_by_role("button", name=label, exact=True).click()
    data = Path(got.value.path()).read_bytes()
    page.get_by_role("button", name="Close", exact=True).click()
    return data


def test_a_smile_without_gender_becomes_a_film_and_a_file(visit: Visit) -> None:
    page = visit()
    begin(page)
    first = drawn(page)
    # The first thing that people try shows on the first face.
    slider = page.get_by_role("slider", name="Smiling", exact=True)
    slider.focus()
    press(page, "ArrowRight", 20)
    drawn(page, first)
    expect(page.locator(".verdict .done")).to_contain_text(re.compile(r"Smiling \d+\s% → \d+\s%"))
    expect(page.get_by_role("button", name="Hold Male", exact=True)).to_have_attribute("aria-pressed", "true")
    # The same score by an edit that changes the others less, as a slider of its own.
    page.get_by_role("button", name="Refine", exact=True).click()
    use = page.get_by_role("button", name="Use refined")
    expect(use).to_be_visible(timeout=6 * PATIENCE)
    expect(page.get_by_role("region", name="Refined edit")).to_contain_text(re.compile(r"others \d"))
    use.click()
    expect(page).to_have_url(re.compile(r"mv=Smiling%20to%200\.\d\d:1"))
    expect(slider).to_have_value("0")
    # The film of this edit, a page for others, and the face beside another one.
    assert taken(page, "Film of this edit, MP4")[4:8] == b"ftyp"
    shared = taken(page, "Page with a slider")
    assert shared.startswith(b"<!doctype html>")
    assert len(shared) < 3_000_000
    page.get_by_role("button", name="Keep this face").click()
    page.get_by_role("button", name="Next seed").click()
    page.get_by_role("button", name="Keep this face").click()
    expect(page.get_by_role("region", name="Kept faces").get_by_role("listitem")).to_have_count(2)
    with page.expect_download() as got:
        page.get_by_role("region", name="Kept faces").get_by_role("button", name="Sheet").click()
    assert Path(got.value.path()).read_bytes().startswith(b"\x89PNG")


def test_the_command_that_the_export_shows_makes_the_same_pixels(visit: Visit, tmp_path: Path) -> None:
    page = visit("#edit&m=faces&s=7&mv=Smiling:-1.5,Young:0.8")
    drawn(page)
    image, directions = taken(page, "Image"), taken(page, "Directions")
    (tmp_path / "FILE").write_bytes(directions)
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_text("For code: recipe").click()
    program, *words = shlex.split(
        page.get_by_role("dialog", name="Export").locator("code").first.inner_text()
    )
    assert program == "ganatomy"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        assert main(words) == 0
    made, exported = (
        np.asarray(Image.open(found).convert("RGB")).astype(int)
        for found in (tmp_path / "edited.png", io.BytesIO(image))
    )
    assert np.abs(made - exported).max() <= 1


def test_a_page_with_a_slider_works_alone(visit: Visit, tmp_path: Path) -> None:
    page = visit("#edit&m=toy&s=7&mv=red:1")
    drawn(page)
    page.evaluate("localStorage.setItem('ganatomy-hint', '1')")
    shared = taken(page, "Page with a slider")
    alone = page.context.new_page()
    alone.set_content(shared.decode())
    slider = alone.get_by_role("slider")
    shown = alone.locator("canvas")

    def seen() -> bytes:
        return shown.evaluate("canvas => canvas.toDataURL()").encode()

    wait_until(alone, lambda: seen() != b"data:,")
    slider.fill("0")
    expect(alone.locator("output")).to_have_text("0 %")
    first = seen()
    slider.fill("32")
    expect(alone.locator("output")).to_have_text("100 %")
    wait_until(alone, lambda: seen() != first)


def test_evidence_leads_to_a_direction_and_a_script_draws_the_same_pixels(
    visit: Visit, tmp_path: Path
) -> None:
    page = visit("#edit&m=digits measured")
    begin(page)
    first = drawn(page)
    open_tab(page, "Evidence")
    page.locator('td[data-at="0,0"]').click()
    expect(page.locator(".reading")).to_contain_text("One step of")
    expect(page.locator(".examples canvas.drawn")).to_have_count(8)
    with page.expect_download() as got:
        page.get_by_role("button", name="CSV").click()
    header, line, *_ = Path(got.value.path()).read_text().splitlines()
    assert header == "slider,attribute,change,low,high"
    change, low, high = map(float, line.split(",")[2:])
    assert low < change < high
    expect(page.locator(".reading")).to_contain_text("95 % interval")
    with page.expect_download() as got:
        page.get_by_role("button", name="PNG").click()
    matrix = np.asarray(Image.open(got.value.path()).convert("RGB"))
    assert matrix.shape[0] > 400
    assert len(np.unique(matrix.reshape(-1, 3), axis=0)) > 5
    page.get_by_role("button", name=re.compile("^Slider of")).first.click()
    slider = page.locator(".row input[type=range]:focus")
    expect(slider).to_be_visible()
    press(page, "ArrowRight", 12)
    drawn(page, first)
    image, script = taken(page, "Image"), taken(page, "Script")
    # The model has another name in this studio than in the package.
    (tmp_path / "image.py").write_text(script.decode().replace("digits measured", "digits"))
    done = subprocess.run(
        [sys.executable, "image.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    drawn_again, exported = (
        np.asarray(Image.open(found).convert("RGB")).astype(int)
        for found in (tmp_path / "step-by-step.png", io.BytesIO(image))
    )
    assert np.abs(drawn_again - exported).max() <= 1


def test_a_phone_makes_an_edit_a_walk_and_a_link(visit: Visit) -> None:
    page = visit("#edit&m=toy", viewport=NARROW, has_touch=True, is_mobile=True)
    begin(page)
    first = drawn(page)
    slider = page.locator(".row input[type=range]").first
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box["width"] > 0.6 * NARROW["width"]
    page.touchscreen.tap(box["x"] + 0.75 * box["width"], box["y"] + box["height"] / 2)
    drawn(page, first)
    expect(page).to_have_url(re.compile("mv="))
    small = page.evaluate("""() => [...document.querySelectorAll("button, select, summary, input[type=range]")]
      .filter((one) => one.offsetParent && getComputedStyle(one, "::after").content === "none"
        && Math.min(one.offsetWidth, one.offsetHeight) < 44)
      .map((one) => one.outerHTML.slice(0, 90))""")
    assert small == []
    open_tab(page, "Walk")
    expect(page.get_by_role("slider", name="Frame", exact=True)).to_have_attribute("max", "47")
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text(re.compile("Copied|does not allow"))).to_be_visible()
    link = page.url
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_role("slider", name="Frame", exact=True)).to_have_attribute("max", "47")
    open_tab(page, "Edit")
    expect(page.locator(".row.moved")).to_have_count(1)
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0

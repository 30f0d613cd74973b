"""A browser at the studio's page: how tests open it, look at it and wait for it."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image

from ganatomy import load, scorer
from ganatomy.experiments.explore.panel_file import load_panel
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.recipes import ModelReference
from ganatomy.studio.bench import Bench, Preparing
from ganatomy.studio.preparing import prepare
from ganatomy.zoo import MODELS

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser of these tests")

Page = sync_api.Page
expect = sync_api.expect

DESK, TABLET, PHONE, SMALL_PHONE = (
    {"width": w, "height": h} for w, h in ((1440, 900), (1024, 768), (390, 844), (320, 640))
)
PATIENCE = 30_000
"""Milliseconds; the machine of a test may be busy."""
expect.set_options(timeout=PATIENCE)

Visit = Callable[..., Page]


def bench_of(name: str, *, measured: bool) -> Bench:
    generator = load(name)
    reference = ModelReference(name=name, fingerprint=generator.fingerprint)
    return Bench(
        name=name,
        generator=generator,
        reference=reference,
        scorer=scorer(name),
        panel=load_panel(MODELS[name].panel) if measured else None,
        preparing=Preparing(stage="survey", done=3, total=10),
    )


def unscored() -> Bench:
    torch.manual_seed(0)
    config = StyleGAN2Config(widths=(16, 16, 8), z_dim=16, w_dim=16, mapping_layers=2, num_classes=5)
    generator = StyleGAN2(config).eval()
    return Bench(
        name="unscored",
        generator=generator,
        reference=ModelReference(name="unscored", fingerprint=generator.fingerprint),
        panel=prepare(generator, None, num_seeds=40),
    )


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Tabs").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_attached()
    loaded(page)


def loaded(page: Page) -> None:
    """Wait for the code of the tab."""
    expect(page.get_by_text("Opening …")).to_be_hidden(timeout=PATIENCE)


def pixels(page: Page, name: str = "Image now") -> np.ndarray:
    """What a canvas shows."""
    drawn = page.get_by_role("img", name=name).evaluate("canvas => canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(_bytes_of(drawn))).convert("RGB"), dtype=np.int16)


def _bytes_of(data_url: str) -> bytes:
    return base64.b64decode(data_url.partition(",")[2])


def drawn(page: Page, before: np.ndarray | None = None) -> np.ndarray:
    """The newest image, once it is there; another one than before."""
    expect(page.locator('.compare[aria-busy="false"]')).to_be_visible(timeout=PATIENCE)
    wait_until(page, lambda: before is None or not np.array_equal(pixels(page), before))
    expect(page.locator('.compare[aria-busy="false"]')).to_be_visible(timeout=PATIENCE)
    return pixels(page)


def wait_until(page: Page, so: Callable[[], bool]) -> None:
    for _ in range(PATIENCE // 50):
        if so():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not come to be so")


def settled(page: Page) -> np.ndarray:
    """The image that stays: while keys are pressed, images of steps between may be drawn."""
    last = drawn(page)
    for _ in range(PATIENCE // 500):
        page.wait_for_timeout(500)
        now = drawn(page)
        if np.array_equal(now, last):
            return now
        last = now
    raise AssertionError("the image does not come to rest")


def press(page: Page, key: str, times: int) -> None:
    for _ in range(times):
        page.keyboard.press(key)

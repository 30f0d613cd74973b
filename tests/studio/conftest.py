"""A studio to test: the toy with its truth, measured once, and its application."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
from studio.browsing import open_studio
from studio.studied import toy_bench

from ganatomy.studio.bench import Bench
from ganatomy.studio.preparing import prepare


@pytest.fixture(scope="session", autouse=True)
def one_list_of_authorities() -> Iterator[None]:
    """Every client reads it, which takes longer than most of its questions, and none of them speaks TLS."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture(scope="session")
def measured() -> Bench:
    """The toy on its bench, with a panel."""
    torch.set_num_threads(1)
    bench = toy_bench()
    bench.panel = prepare(bench.generator, bench.scorer, n=240, measured=120)
    return bench


@pytest.fixture(scope="session")
def studio(measured: Bench) -> Iterator[str]:
    """Faces, ready; digits, still being measured; a toy with few sliders; a model with classes that nothing scores."""
    from studio.visiting import bench_of, unscored

    faces, digits = bench_of("faces", measured=True), bench_of("digits", measured=False)
    classes = replace(bench_of("digits", measured=True), name="digits measured")
    with open_studio([faces, digits, classes, measured, unscored()]) as address:
        yield address


@pytest.fixture
def visit(browser: Any, studio: str) -> Iterator[Any]:
    """Opens the page as somebody who was never there; afterwards nothing may stand in its console."""
    from studio.visiting import DESK, PATIENCE, expect, loaded

    contexts, printed = [], []

    def opened(link: str = "", **context: object) -> Any:
        contexts.append(browser.new_context(**{"viewport": DESK, "accept_downloads": True, **context}))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: printed.append(message.text))
        page.on("pageerror", lambda error: printed.append(str(error)))
        page.goto(studio + link)
        expect(page.get_by_role("navigation", name="Tabs")).to_be_visible(timeout=PATIENCE)
        loaded(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    # A file that cannot be read is answered with 422, which browsers write down.
    assert [line for line in printed if "status of 422" not in line] == []

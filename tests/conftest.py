"""What all tests share. Shapes and types in the signatures of ganatomy are checked while the tests run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typecheck
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# The command line imports torch inside its commands, so its annotations hold names that are not there when it runs.
LAYERS = {path.stem for path in (ROOT / "src" / "ganatomy").iterdir()} - {"__init__", "__main__", "cli"}
typecheck.install([f"ganatomy.{name}" for name in sorted(LAYERS)])

import torch  # noqa: E402

torch.set_num_threads(1)

# The same examples in every run: what is red today was red yesterday.
settings.register_profile("same", derandomize=True)
settings.load_profile("same")


def pytest_fixture_setup() -> None:
    """Random numbers without a seed of their own are the same whatever ran before: tests run in any order."""
    torch.manual_seed(1)


def pytest_runtest_call() -> None:
    torch.manual_seed(0)


@pytest.fixture
def few_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Experiments differentiate 16 codes where the figures that come of them are not looked at."""
    from ganatomy.experiments import base

    differentiate = base.differentiate

    def fewer(*given: Any, n: int, **settings: Any) -> Any:
        return differentiate(*given, n=min(n, 16), **settings)

    monkeypatch.setattr(base, "differentiate", fewer)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Models, data and golden numbers that lie beside the checkout and are no part of it."""
    folder = ROOT.parent / "shared"
    if not (folder / "models").is_dir():
        pytest.skip(
            "../shared is not beside this checkout; its models and golden numbers cannot be compared with"
        )
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One for all tests of a process: a second one cannot be started beside it."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is in the extra dev")
    from studio.browsing import find_browser  # after the hook, since it imports ganatomy

    path = find_browser()
    if path is None:
        pytest.skip("no Chromium is in PATH; install one to test the pages")
    with sync_api.sync_playwright() as started:
        found = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()

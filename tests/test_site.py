"""The site of the documentation: it is built without a warning, needs no network, and shows commands that exist."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclopts import CycloptsError, MissingArgumentError

import ganatomy
from ganatomy.cli import build

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands(text: str) -> list[str]:
    """Commands that a page shows, in blocks and in tables, but for those that it cuts short."""
    text = text.replace("\\\n", " ")
    shown = re.findall(r"^(?:\$ )?ganatomy (.+)$", text, re.MULTILINE)
    shown = [line.partition("  #")[0].strip() for line in shown if not line.endswith(",") and line[-1] != "."]
    return [line for line in shown + re.findall(r"`ganatomy ([^`]+)`", text) if "..." not in line]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_of_a_page_are_understood(page: Path) -> None:
    app = build()
    for command in commands(page.read_text()):
        try:
            app.parse_args(shlex.split(command), exit_on_error=False, print_error=False)
        except MissingArgumentError:
            continue  # a command that is only named
        except CycloptsError as error:
            pytest.fail(f"ganatomy {command}: {error}")


def test_a_command_that_does_not_exist_would_be_found() -> None:
    assert commands("`ganatomy walk faces --sideways`\n\n```\n$ ganatomy info \\\n  faces\n```") == [
        "info    faces",
        "walk faces --sideways",
    ]
    with pytest.raises(CycloptsError, match="sideways"):
        build().parse_args(["walk", "faces", "--sideways"], exit_on_error=False, print_error=False)


def test_every_page_is_in_the_menu() -> None:
    menu = set(re.findall(r"([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    assert menu == {path.name for path in PAGES[1:]}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, as `make docs` builds it."""
    pytest.importorskip("mkdocs", reason="mkdocs is in the extra dev")
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )
    assert (built.returncode, built.stderr.strip()) == (0, "")
    return folder


@pytest.mark.slow
def test_the_site_is_built_from_the_folder_and_needs_no_network(site: Path) -> None:
    library = "".join(path.read_text() for path in (site / "api").glob("*.html"))
    headings = re.findall(r'<h2[^>]*class="doc doc-heading">\s*(\w+)', library)
    assert set(headings) == set(ganatomy.__all__)
    assert "<p>Example" not in library
    assert "Example::" not in library, "an example that is no block of code"
    for path in site.rglob("*.html"):
        loaded = re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="(https?://[^"]+)"', path.read_text())
        assert loaded == [], path.name


@pytest.mark.slow
def test_pages_can_be_used_by_everybody_and_ask_for_nothing_outside(site: Path, browser: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is in the extra dev")
    asked: list[str] = []
    barriers: list[str] = []
    with contextlib.closing(browser.new_page()) as page:
        page.on("request", lambda request: asked.append(request.url))
        for name in ("index", "gallery", "measured", "commands", "api/latents"):
            page.goto((site / f"{name}.html").as_uri())
            found = axe.Axe().run(page).response["violations"]
            barriers += [
                f"{name}: {each['id']}" for each in found if each["impact"] in ("serious", "critical")
            ]
    assert barriers == []
    assert [url for url in asked if not url.startswith("file:")] == []

"""The files of the page: complete, unchanged where they are others', and independent of other servers."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from ganatomy.studio.server import STATIC

PAGE = (STATIC / "index.html").read_text(encoding="utf-8")
OWN = sorted([*STATIC.glob("js/**/*.js"), *STATIC.glob("css/*.css"), STATIC / "index.html"])
MOST_LINES = 250
MOST_BYTES = 160_000
"""Of all files as they are sent: compressed."""


def test_libraries_are_as_they_were_published() -> None:
    written = dict(
        reversed(line.split()) for line in re.findall(r"^[0-9a-f]{64}  \S+\.mjs$", _readme(), re.MULTILINE)
    )
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in STATIC.glob("vendor/*.mjs")}
    assert written == there


def test_each_library_has_its_licence_beside_it() -> None:
    named = set(re.findall(r"`(\S+\.LICENSE)`", _readme()))
    assert named == {path.name for path in STATIC.glob("vendor/*.LICENSE")}


def _readme() -> str:
    return (STATIC / "vendor" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_what_a_file_asks_for_is_there(path: Path) -> None:
    libraries = json.loads(re.search(r'type="importmap">(.*?)</script>', PAGE, re.DOTALL)[1])["imports"]
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r"""(?:from|import\(|src=|href=|url\()\s*["']([^"'#$]+)["']""", text):
        found = libraries.get(name, name)
        place = STATIC / found.removeprefix("/static/") if found.startswith("/") else path.parent / found
        assert place.is_file(), f"{path.name} needs {name}"


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_nothing_is_fetched_from_elsewhere(path: Path) -> None:
    assert re.findall(r"""["'(]https?://|["'(]//\w""", path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_a_file_is_one_idea(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_the_page_is_small() -> None:
    files = [*OWN, *STATIC.glob("vendor/*.mjs"), *STATIC.glob("*.svg")]
    sent = sum(len(gzip.compress(path.read_bytes(), 6)) for path in files)
    assert sent < MOST_BYTES


def test_no_script_leads_back_to_itself() -> None:
    imports = {
        path: [
            (path.parent / name).resolve()
            for name in re.findall(r'^import [^;]*?"(\.[^"]+)";', path.read_text(), re.MULTILINE | re.DOTALL)
        ]
        for path in OWN
        if path.suffix == ".js"
    }
    assert sum(map(len, imports.values())) > 100  # a pattern that finds nothing would find no circle either
    TopologicalSorter(imports).prepare()  # raises CycleError, with the circle

"""Pages of one HTML file each that need nothing else: the same styles, tables and charts for all."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined

import ganatomy
from ganatomy.storage import atomic_write

SHARED = "ganatomy.report"
"""The package of the styles and of the macros, which any page takes from "shared/macros.html"."""


def render(package: str, page: object, **values: object) -> str:
    """The template `page.html` of a package, filled with a page and further values."""
    environment = Environment(
        loader=PrefixLoader({"page": PackageLoader(package, ""), "shared": PackageLoader(SHARED, "")}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = files(SHARED).joinpath("page.css").read_text(encoding="utf-8")
    return environment.get_template("page/page.html").render(
        page=page, css=css, version=ganatomy.__version__, **values
    )


def write_text(path: Path, text: str) -> Path:
    """Write a text, whole or not at all.

    Raises:
        OutputError: when the file cannot be written.
    """
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8")
    return path

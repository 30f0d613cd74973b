"""The folder of a comparison: one page and one JSON file, each written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ganatomy.experiments.compare.page import Page, draw
from ganatomy.experiments.compare.run import Comparison
from ganatomy.experiments.compare.standing import Standing
from ganatomy.experiments.compare.summary import summary
from ganatomy.generators.base import Generator
from ganatomy.report.pages import render, write_text

PAGE_FILE, SUMMARY_FILE = "compare.html", "compare.json"


def write_comparison(
    comparison: Comparison,
    generator: Generator,
    folder: str | os.PathLike[str],
    *,
    model: str | None = None,
    scorer_name: str | None = None,
) -> Path:
    """Write `compare.html` and `compare.json`; returns the page's path.

    Args:
        model: the bundled name or file that was compared on. scorer_name: the same of the scorer.

    Raises:
        OutputError: when the folder cannot be written.
    """
    named = model or comparison.signature.architecture
    scored_by = scorer_name or comparison.scorer
    standing = Standing(comparison=comparison)
    page = render(
        "ganatomy.experiments.compare",
        Page(
            standing=standing,
            figures=draw(standing, generator),
            model=Path(named).stem,
            scorer=Path(scored_by).name,
        ),
    )
    numbers = json.dumps(summary(comparison, model=named, scorer=scored_by), indent=2, allow_nan=False)
    # All is made before anything is written, so that page and numbers are of the same comparison.
    write_text(Path(folder) / SUMMARY_FILE, numbers + "\n")
    return write_text(Path(folder) / PAGE_FILE, page)

"""The folder of a report: page, summary, directions and figures, each file written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from ganatomy.experiments.explore import figures
from ganatomy.experiments.explore.findings import Findings
from ganatomy.experiments.explore.page import Figures, Page
from ganatomy.experiments.explore.run import BASE, HELD, Exploration
from ganatomy.experiments.explore.summary import summary
from ganatomy.experiments.explore.usage import DIRECTIONS_FILE, HELD_FILE, Usage
from ganatomy.generators.base import Generator
from ganatomy.perception.base import Scorer
from ganatomy.perception.clip import is_clip, short_name
from ganatomy.report.pages import render, write_text
from ganatomy.report.writer import PAGE_FILE, SUMMARY_FILE, prepare_folder
from ganatomy.storage import save_directions


def survey_folder(folder: str | os.PathLike[str]) -> Path:
    """Where the survey of a report lies: give it to `explore`, so that a stopped exploration goes on where it was."""
    return Path(folder) / "survey"


def write_report(
    exploration: Exploration,
    generator: Generator,
    scorer: Scorer,
    folder: str | os.PathLike[str],
    *,
    model: str | None = None,
    scorer_name: str | None = None,
    loaded_with: Mapping[str, object] | None = None,
) -> Path:
    """Write `report.html`, `summary.json`, `directions.safetensors` and `figures/`; returns the page's path.

    Args:
        model: the bundled name or file that was explored, for the lines to copy. scorer_name: the same of the scorer.
        loaded_with: the options that the model was loaded with, such as `{"prior": "uniform"}`.

    Raises:
        OutputError: when the folder cannot be written.
    """
    folder = prepare_folder(folder)
    named = model or exploration.signature.architecture
    scored_by = scorer_name or exploration.scorer
    page = Page(
        exploration=exploration,
        findings=Findings(exploration=exploration),
        figures=draw(exploration, generator, scorer, folder / "figures"),
        usage=usage(exploration, folder, model=model, loaded_with=loaded_with or {}),
        model=Path(named).stem,
        scorer=short_name(scored_by) if is_clip(scored_by) else Path(scored_by).name,
    )
    save_directions(exploration.directions[BASE], folder / DIRECTIONS_FILE)
    save_directions(exploration.directions[HELD], folder / HELD_FILE)
    numbers = summary(exploration, model=named, scorer=scored_by)
    write_text(folder / SUMMARY_FILE, json.dumps(numbers, indent=2, allow_nan=False) + "\n")
    return write_text(folder / PAGE_FILE, render("ganatomy.experiments.explore", page))


def draw(exploration: Exploration, generator: Generator, scorer: Scorer, folder: Path) -> Figures:
    """Every image of a report, saved as PNG and kept for the page."""
    return Figures(
        samples=figures.samples(generator, exploration, folder),
        strips=figures.strips(generator, scorer, exploration, folder),
        changes=figures.changes(exploration, folder),
        selectivities=figures.selectivities(exploration, folder),
        cosines=figures.cosines(exploration, folder),
        readable=figures.readable(exploration, folder),
        truths=figures.truths(exploration, folder),
    )


def usage(
    exploration: Exploration, folder: Path, *, model: str | None, loaded_with: Mapping[str, object]
) -> Usage:
    """Lines to copy that move the cleanest attribute and hold all others."""
    findings = Findings(exploration=exploration)
    attribute = findings.cleanest
    return Usage(
        model=model,
        folder=folder,
        space=exploration.space,
        attribute=attribute,
        loaded_with=loaded_with,
    )

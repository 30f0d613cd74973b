"""The folder of a report of `explore`, opened as a model that is measured already."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ganatomy.errors import FingerprintError, MissingFileError
from ganatomy.experiments.explore.panel import Panel
from ganatomy.experiments.explore.panel_file import PANEL_FILE, load_panel
from ganatomy.reading import parse_json
from ganatomy.report.writer import SUMMARY_FILE
from ganatomy.storage import parsing
from ganatomy.studio.bench import Bench


def read_report(folder: str | os.PathLike[str]) -> tuple[Panel, dict[str, Any]]:
    """The panel in the folder of a report, and the options that the report's model was opened with.

    Raises:
        MissingFileError: for a folder that `explore` did not write.
        CheckpointError: for a damaged one.
    """
    folder = Path(folder)
    for name in (SUMMARY_FILE, PANEL_FILE):
        if not (folder / name).is_file():
            raise MissingFileError(f"{folder} has no {name}; give a folder that `ganatomy explore` wrote")
    path = folder / SUMMARY_FILE
    with parsing(path):
        opened = dict(parse_json(path.read_text(encoding="utf-8"))["opened_with"])
        if "attributes" in opened:
            opened["attributes"] = tuple(map(str, opened["attributes"]))
    return load_panel(folder / PANEL_FILE), opened


def put_panel(bench: Bench, panel: Panel, folder: str | os.PathLike[str]) -> None:
    """Give a bench the panel of a report.

    Raises:
        FingerprintError: where the report is about another generator or another classifier.
    """
    for what, theirs, ours in (
        ("generator", panel.fingerprint, bench.generator.fingerprint),
        ("classifier", panel.scorer_fingerprint, "" if bench.scorer is None else bench.scorer.fingerprint),
    ):
        if theirs != ours:
            raise FingerprintError(
                f"{folder} was made with {what} {theirs[:12]}, {bench.name} has {ours[:12] or 'none'}; "
                "explore this model again"
            )
    bench.panel = panel

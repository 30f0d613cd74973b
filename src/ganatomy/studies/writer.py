"""The folder of a study: report.html, summary.json and figures/, each file written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

from PIL import Image

from ganatomy.images import save_image
from ganatomy.plots.charts import save_chart
from ganatomy.report import prepare_folder
from ganatomy.report.pages import render, write_text
from ganatomy.report.writer import PAGE_FILE, SUMMARY_FILE
from ganatomy.studies.account import Account


def write_study(account: Account, folder: str | os.PathLike[str]) -> Path:
    """Write what a study says; returns the path of its page.

    Raises:
        OutputError: when the folder cannot be written.
    """
    folder = prepare_folder(folder)
    found = {"sentences": list(account.sentences), **account.summary}
    numbers = json.dumps(found, indent=2, allow_nan=False)
    # All is made before anything is written, so that page and numbers are of the same study.
    page = render("ganatomy.studies", account)
    for drawing in account.drawings:
        path = folder / "figures" / f"{drawing.name}.png"
        if isinstance(drawing.image, Image.Image):
            save_image(drawing.image, path)
        else:
            save_chart(drawing.image, path)
    write_text(folder / SUMMARY_FILE, numbers + "\n")
    return write_text(folder / PAGE_FILE, page)

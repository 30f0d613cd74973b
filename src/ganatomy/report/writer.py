"""The folder of a document: report.html, summary.json, figures/ and further files, each written whole or not at all."""

from __future__ import annotations

import json
import logging
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from ganatomy._version import __version__
from ganatomy.errors import GanatomyError, OutputError
from ganatomy.images import save_image
from ganatomy.report.document import Card, Document, Draw, Drawing, Section
from ganatomy.report.pages import fill
from ganatomy.writing import atomic_write

PAGE_FILE, SUMMARY_FILE, FIGURES = "report.html", "summary.json", "figures"
FORMAT = 2
"""Version of the layout of `summary.json`."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class DrawnSection:
    """A section with its drawings and its code made; `missing` says what could not be drawn, and why."""

    section: Section
    drawings: Sequence[Drawing]
    cards: Sequence[Card]
    missing: Sequence[str]
    code: Sequence[str]

    @property
    def pairs(self) -> bool:
        """Whether two drawings fit beside each other."""
        return self.section.pairs and not any(
            drawing.is_chart and drawing.embedded.wide for drawing in self.drawings
        )


def write_document(document: Document, folder: str | os.PathLike[str]) -> Path:
    """Write a document: data and further files first, then the drawings, then the page.

    Args:
        document: what to write.
        folder: made where it does not exist.

    Returns:
        The path of the page.

    Raises:
        OutputError: when the folder cannot be written.

    Example::

        ga.write_document(ga.document(found, experiment, model="faces"), "faces-report")
    """
    folder = prepare_folder(folder)
    _write_text(folder / SUMMARY_FILE, json.dumps(summary(document), indent=2, allow_nan=False) + "\n")
    for name, write in document.files.items():
        write(folder / name)
    drawn = [_draw(section, folder) for section in document.sections]
    taken: set[str] = set()
    shown = [one for part in drawn for one in (*part.drawings, *part.cards)]
    paths = [folder / FIGURES / f"{_free(one.name, taken)}.png" for one in shown]
    with ThreadPoolExecutor() as pool:  # compression lets other threads run
        list(pool.map(_save, shown, paths))
    return _write_text(folder / PAGE_FILE, fill("page.html", page=document, sections=drawn))


def write_page(document: Document, path: str | os.PathLike[str]) -> Path:
    """Write the page of a document alone, as one HTML file.

    Args:
        document: what to write; its code blocks name the folder of the page.
        path: of the page.

    Returns:
        The path of the page.

    Raises:
        OutputError: when the file cannot be written.
    """
    path = Path(path)
    drawn = [_draw(section, path.parent) for section in document.sections]
    return _write_text(path, fill("page.html", page=document, sections=drawn))


def summary(document: Document) -> dict[str, Any]:
    """The document's data as JSON knows it."""
    return as_json(
        {
            "format": FORMAT,
            "ganatomy": __version__,
            "sentences": list(document.sentences),
            **document.data,
        }
    )


def as_json(value: Any) -> Any:
    """Dataclasses by their fields, so estimates as `{"value", "low", "high"}`; null for what is not finite.

    >>> from ganatomy.statistics.intervals import Estimate
    >>> as_json({"auc": Estimate(value=0.9, low=0.8, high=float("nan"))})
    {'auc': {'value': 0.9, 'low': 0.8, 'high': None}}
    """
    if is_dataclass(value):
        return {part.name: as_json(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, Mapping):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, Tensor):
        return as_json(value.tolist())
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def prepare_folder(folder: str | os.PathLike[str]) -> Path:
    """Make the folder of a document, and be sure that files can be written there before the long work starts.

    Raises:
        OutputError: when they cannot.
    """
    folder = Path(folder)
    try:
        (folder / FIGURES).mkdir(parents=True, exist_ok=True)
        for place in (folder, folder / FIGURES):
            with tempfile.TemporaryFile(dir=place):
                pass
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written: {error.strerror or error}; choose another folder"
        ) from None
    return folder


def _write_text(path: Path, text: str) -> Path:
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def _save(one: Drawing | Card, path: Path) -> None:
    if isinstance(one, Drawing) and one.is_chart:
        with atomic_write(path) as part:
            part.write_bytes(one.png)
    else:
        assert isinstance(one.image, Image.Image)
        save_image(one.image, path)


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number where some file system takes it for one that is taken; then it is taken as well."""
    count = 1
    while (free := name if count == 1 else f"{name}-{count}").casefold() in taken:
        count += 1
    taken.add(free.casefold())
    return free


def _draw(section: Section, folder: Path) -> DrawnSection:
    made: list[Drawing | Card] = []
    missing: list[str] = []
    for draw in section.draw:
        try:
            made += _each(draw)
        except Exception as error:  # a chart must not cost the data that it would show
            name = getattr(draw, "__name__", None) or getattr(
                getattr(draw, "func", None), "__name__", "drawing"
            )
            log.warning(
                "the figure “%s” of the section “%s” could not be drawn: %s",
                name.replace("_", " "),
                section.title,
                error,
                exc_info=None if isinstance(error, GanatomyError) else error,
            )
            missing.append(f"The figure “{name.replace('_', ' ')}” could not be drawn: {error}")
    return DrawnSection(
        section=section,
        drawings=[it for it in made if isinstance(it, Drawing)],
        cards=[it for it in made if isinstance(it, Card)],
        missing=missing,
        code=[write(folder) for write in section.code],
    )


def _each(draw: Draw) -> Sequence[Drawing | Card]:
    made = draw()
    parts = [made] if isinstance(made, Drawing | Card) else list(made or ())
    for one in parts:
        if isinstance(one, Drawing):
            _ = one.embedded  # rendered here, where a chart that cannot be rendered is noted
    return parts

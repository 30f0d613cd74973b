"""A page that asks a person one question about each of many images, and says nothing else about them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from ganatomy.errors import MissingFileError
from ganatomy.report.embedded import embedded_image
from ganatomy.report.pages import fill
from ganatomy.storage import parsing
from ganatomy.writing import atomic_write

QUESTIONS = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Question:
    """One image and what is asked about it; the answer is yes or no.

    Args:
        id: under which the answer is saved.
        image: that is shown.
        text: the question.
    """

    id: int
    image: Image.Image
    text: str


def write_questions(
    questions: Sequence[Question], path: str | os.PathLike[str], *, title: str, command: str
) -> Path:
    """Write a page that asks these questions in their order; it needs no network, and saves answers as CSV.

    Args:
        questions: what is asked.
        path: of the page.
        title: its heading.
        command: what reads the answers, shown when all are given.

    Returns:
        The path of the page.

    Raises:
        OutputError: when the file cannot be written.
    """
    images = [{"id": one.id, "question": one.text, "src": embedded_image(one.image).uri} for one in questions]
    with atomic_write(path) as part:
        part.write_text(fill("blind.html", images=images, title=title, command=command), encoding="utf-8")
    return Path(path)


def read_questions(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The questions of a page that `write_questions` wrote.

    Args:
        path: of the page.

    Returns:
        For each its id, the question, and the image as a data address.

    Raises:
        MissingFileError: when there is no such page. CheckpointError: when it holds no questions.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(
            f"{path} does not exist; make the sheet with `ganatomy study trust --blind 24`"
        )
    with parsing(path):
        found = QUESTIONS.findall(path.read_text(encoding="utf-8"))
        return [{name: one[name] for name in ("id", "question", "src")} for one in json.loads(found[0])]

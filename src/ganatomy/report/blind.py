"""A page that asks a person one question about each of many images, and says nothing else about them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ganatomy.report.embedded import embedded_image
from ganatomy.report.pages import fill
from ganatomy.storage import atomic_write


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

"""What an experiment says, in the order in which it is read: one form for all, laid out by one template."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure as Chart
from PIL import Image

from ganatomy.report.elements import Number, Table
from ganatomy.report.embedded import Embedded, chart_png, embedded_chart, embedded_image


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One image or chart, which stands on the page and as a PNG in the folder.

    Args:
        name: of its file under figures/, without an ending.
        image: a chart, or images of the model.
        alt: what it shows, for those who do not see it.
        title: stands in bold above the image, with the caption after it; for rows of images to be compared.
        caption: what to see in it, and the units.
        large: images that are worth scrolling to where the page is narrow.
    """

    name: str
    image: Chart | Image.Image
    alt: str
    title: str = ""
    caption: str = ""
    large: bool = False

    @property
    def is_chart(self) -> bool:
        return isinstance(self.image, Chart)

    @cached_property
    def embedded(self) -> Embedded:
        """What stands on the page."""
        return embedded_image(self.image) if isinstance(self.image, Image.Image) else embedded_chart(self.png)

    @cached_property
    def png(self) -> bytes:
        """The chart as a file; drawn once for the folder and the page."""
        assert isinstance(self.image, Chart)
        return chart_png(self.image)


@dataclass(frozen=True, kw_only=True)
class Strip:
    """One row of images on a card.

    Args:
        image: all images of the row side by side, without gaps.
        alt: what it shows, for those who do not see it.
        title: stands in bold below it.
        notes: short texts beside the title; the first one follows it after a comma.
        values: a number under each image.
    """

    image: Image.Image
    alt: str
    title: str
    notes: Sequence[str] = ()
    values: Sequence[str] = ()

    @property
    def embedded(self) -> Embedded:
        """What stands on the page."""
        return embedded_image(self.image)


@dataclass(frozen=True, kw_only=True)
class Card:
    """A frame around the images of one thing, such as an attribute; cards stand in two columns.

    Args:
        name: of its file under figures/, without an ending.
        image: the same strips as one image that can be shown alone.
        title: its heading.
        note: a short line beside the heading.
        columns: labels above the images of all strips.
        strips: rows of images, one below the other.
    """

    name: str
    image: Image.Image
    title: str
    note: str = ""
    columns: Sequence[str] = ()
    strips: Sequence[Strip] = ()


Draw = Callable[[], Drawing | Card | Sequence[Drawing | Card] | None]
"""Draws when the document is written; None where there is nothing to draw."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the page. What it has stands in the order of the arguments.

    Args:
        name: its anchor, one short word.
        title: its heading; empty for a part without one.
        link: what the list of sections at the top calls it; by default its title.
        paragraphs: text.
        items: a list of short texts.
        draw: functions that draw. One that fails leaves a note on the page, and everything else is kept.
        facts: terms with their values, beside the drawings where there is room.
        numbers: figures that stand large, beside the facts.
        html: markup of our own, such as a map that zooms; never from outside.
        tables: below each other, or two beside each other with `pairs`.
        code: blocks to copy, each made from the folder that the document is written to.
        pairs: whether drawings and tables stand in twos where there is room.
    """

    name: str
    title: str
    link: str = ""
    paragraphs: Sequence[str] = ()
    items: Sequence[str] = ()
    draw: Sequence[Draw] = ()
    facts: Sequence[tuple[str, str]] = ()
    numbers: Sequence[Number] = ()
    html: str = ""
    tables: Sequence[Table] = ()
    code: Sequence[Callable[[Path], str]] = ()
    pairs: bool = False


@dataclass(frozen=True, kw_only=True, repr=False)
class Document:
    """All that an experiment says: a page for people, numbers for programs, files for use.

    Args:
        title: of the page.
        eyebrow: a short line above the title: what kind of experiment this is.
        sentences: what was found, most important first; where the sample is too small to tell, they say so.
        numbers: the figures that stand large at the top, two to four.
        sections: of the page, in order.
        data: the same findings and all figures for programs. Estimates are written as `{"value", "low", "high"}`;
            what is not finite becomes null.
        files: further files by name, each written by a function that is given its path.
        footer: what it took to make, in one line.

    Example::

        document = ga.document(explored, experiment, model="faces")
        print(document.sentences[0])
    """

    title: str
    eyebrow: str
    sentences: Sequence[str]
    numbers: Sequence[Number]
    sections: Sequence[Section]
    data: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Callable[[Path], object]] = field(default_factory=dict)
    footer: str = ""

    def __repr__(self) -> str:
        return f"<Document: {self.title}>"

    def _repr_html_(self) -> str:
        """In a notebook: the title and the sentences; `write_document` writes all of it."""
        said = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in self.sentences)
        return f"<p><b>{html.escape(self.title)}</b></p><ul>{said}</ul>"

    def __post_init__(self) -> None:
        assert len({section.name for section in self.sections}) == len(self.sections)

"""What an experiment says, in the order in which it is read: one form for all, laid out by one template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure as Chart
from PIL import Image

from ganatomy.report.elements import Number, Table
from ganatomy.report.embedded import Figure, embedded_chart, embedded_image


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One image or chart, which stands on the page and as a PNG in the folder.

    Args:
        name: of its file under figures/, without an ending.
        image: a chart, or images of the model.
        alt: what it shows, for those who do not see it.
        caption: what to see in it, and the units.
        large: images that are worth scrolling to where the page is narrow.
    """

    name: str
    image: Chart | Image.Image
    alt: str
    caption: str = ""
    large: bool = False

    @property
    def is_chart(self) -> bool:
        return isinstance(self.image, Chart)

    def embedded(self) -> Figure:
        if isinstance(self.image, Chart):
            return embedded_chart(self.image, alt=self.alt)
        return embedded_image(self.image.convert("RGB"), alt=self.alt)


Draw = Callable[[], Drawing | Sequence[Drawing] | None]
"""Draws when the document is written; None where there is nothing to draw."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the page.

    Args:
        name: its anchor, one short word.
        title: its heading.
        paragraphs: text before the drawings.
        draw: functions that draw. One that fails leaves a note on the page, and everything else is kept.
        tables: after the drawings.
        pairs: whether drawings stand in twos where there is room.
        html: markup of our own that follows, such as a map that zooms; never from outside.
    """

    name: str
    title: str
    paragraphs: Sequence[str] = ()
    draw: Sequence[Draw] = ()
    tables: Sequence[Table] = ()
    pairs: bool = False
    html: str = ""


@dataclass(frozen=True, kw_only=True)
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
    """

    title: str
    eyebrow: str
    sentences: Sequence[str]
    numbers: Sequence[Number]
    sections: Sequence[Section]
    data: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Callable[[Path], object]] = field(default_factory=dict)
    footer: str = ""

    def __post_init__(self) -> None:
        assert len({section.name for section in self.sections}) == len(self.sections)

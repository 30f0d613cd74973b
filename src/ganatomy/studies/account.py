"""What a study says, in the order in which it is read; the same for all studies, so that one page lays out them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.figure import Figure as Chart
from PIL import Image

from ganatomy.report.elements import Number, Table
from ganatomy.report.embedded import Figure, embedded_chart, embedded_picture

NUM_SENTENCES = 5


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One picture of a study, which stands on the page and as a PNG in the folder.

    Args:
        name: of its file, without an ending. image: a chart, or pictures of the model.
        alt: what it shows, for those who do not see it. caption: what to see in it, and the units.
        large: pictures that are worth scrolling to where the page is narrow.
    """

    name: str
    image: Chart | Image.Image
    alt: str
    caption: str
    large: bool = False

    @property
    def is_chart(self) -> bool:
        return isinstance(self.image, Chart)

    def embedded(self) -> Figure:
        if isinstance(self.image, Chart):
            return embedded_chart(self.image, alt=self.alt)
        return embedded_picture(self.image.convert("RGB"), alt=self.alt)


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the page.

    Args:
        name: its anchor, one short word. paragraphs: what is read before the figures.
        pairs: whether figures stand in twos where there is room.
        html: markup of our own that follows, such as a map that zooms; never from outside.
    """

    name: str
    title: str
    paragraphs: Sequence[str] = ()
    drawings: Sequence[Drawing] = ()
    tables: Sequence[Table] = ()
    pairs: bool = False
    html: str = ""


@dataclass(frozen=True, kw_only=True)
class Account:
    """All that a study says.

    Args:
        sentences: five plain ones with what it found; where the sample is too small to tell, they say so.
        numbers: the figures that stand large at the top, two to four.
        summary: the same findings and all figures for machines; only finite numbers and None.
        footer: what it took to make, in one line.
    """

    title: str
    eyebrow: str
    sentences: Sequence[str]
    numbers: Sequence[Number]
    sections: Sequence[Section]
    summary: Mapping[str, Any] = field(default_factory=dict)
    footer: str = ""

    def __post_init__(self) -> None:
        assert len(self.sentences) == NUM_SENTENCES
        assert len({section.name for section in self.sections}) == len(self.sections)
        drawn = [drawing.name for section in self.sections for drawing in section.drawings]
        assert len(set(drawn)) == len(drawn), drawn

    @property
    def drawings(self) -> list[Drawing]:
        return [drawing for section in self.sections for drawing in section.drawings]

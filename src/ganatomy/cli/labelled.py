"""Options of commands that read labelled images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ganatomy.cli.console import remark
from ganatomy.cli.parameters import NameList, options, switch

if TYPE_CHECKING:
    from ganatomy.datasets.labelled_images import LabelledImages

DRAWN = "faces"
"""What drawn faces are called."""

DRAWN_SEED = 20_000_029
"""Of drawn faces, other people than those of the bundled models and of their tests."""


@options
class DataOptions:
    """What is taken from a table of labels.

    Args:
        attributes: Columns that are attributes; by default all that hold labels.
        factors: Columns of numbers that are read as well, such as an age in years.
        derive: An attribute that a column decides, such as Young=age<35; may be given several times.
        people: Column that says who is in an image, so that no person is in two parts.
        part: Column that says train, validation or test.
        unknown: Number that stands for a label that is not known, such as -1 beside 0 and 1.
        table: File of the labels, where it does not lie beside the images.
        crop: center, stretch, or pixels of a square in the middle.
        drawn: How many drawn faces, where the data are `faces`.
    """

    attributes: NameList = ()
    factors: NameList = ()
    derive: Annotated[tuple[str, ...], Parameter(negative=())] = ()
    people: str | None = None
    part: str | None = None
    unknown: float | None = None
    table: Path | None = None
    crop: str = "center"
    grey: Annotated[bool, switch("Read images as grey.")] = False
    drawn: int = 8_000

    def open(self, data: Path) -> LabelledImages:
        """The labelled images of a folder or a zip, or drawn faces; what was left out is said."""
        from ganatomy.datasets.hugging_face import is_saved, open_saved
        from ganatomy.datasets.labelled_images import LabelChoice, drawn_images, open_labelled

        if str(data) == DRAWN and not data.exists():
            faces = drawn_images(self.drawn, seed=DRAWN_SEED)
            return faces.choose(attributes=self.attributes, factors=self.factors)
        channels = 1 if self.grey else 3
        if is_saved(data):
            return open_saved(data, attributes=self.attributes, crop=self.crop, channels=channels)
        choice = LabelChoice(
            attributes=self.attributes,
            factors=self.factors,
            derived=self.derive,
            people=self.people,
            part=self.part,
            unknown=self.unknown,
        )
        images = open_labelled(data, choice=choice, crop=self.crop, channels=channels, table=self.table)
        for note in images.notes:
            remark(note)
        return images

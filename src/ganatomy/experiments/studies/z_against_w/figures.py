"""The drawings: sheets of images, matrices of what goes together, lines of scores, and what a cleaner space saves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from ganatomy.experiments.studies.z_against_w.paired import Paired
from ganatomy.experiments.studies.z_against_w.run import ZAgainstW
from ganatomy.experiments.studies.z_against_w.together import Together
from ganatomy.plots import grid
from ganatomy.plots.charts import Point, lines_chart
from ganatomy.plots.grids import PAPER
from ganatomy.plots.halves import by_likeness, halves_chart
from ganatomy.plots.responses import responses_chart
from ganatomy.report.document import Drawing
from ganatomy.statistics.formatting import listed, signed

NUMBERS = {"z": ("4", "8"), "w": ("5", "9")}
"""The study's figures of each space: its sheet, its lines."""
SIDE, GAP, PARTED = 96, 1, 14
"""Pixels of an image on a sheet, about; between two of them; between two attributes."""
TICKS = "the numbers are correlations, from −1 (never together) to +1 (always together)"


def sheets(found: ZAgainstW) -> list[Drawing]:
    """One for each space: the first images at every strength along every direction."""
    drawn = []
    for space, images in found.images.items():
        shown, stations = images.shape[1:3]
        rows = [name if row == 0 else "" for name in found.attributes for row in range(shown)]
        scale = max(1, round(SIDE / max(images.shape[-2:])))
        sheet = grid(
            images.flatten(0, 2),
            columns=stations,
            gap=GAP,
            scale=scale,
            captions=[signed(strength, 1, trim=True) for strength in found.edited[space].strengths],
            row_labels=rows,
        )
        drawn.append(
            Drawing(
                name=f"images-{space}",
                image=_parted(sheet, len(found.attributes), shown * (images.shape[-2] * scale + GAP)),
                alt=f"{shown} images in rows, moved along {listed(found.attributes)} in {space} from left to right",
                caption=(
                    f"Edits in {space} (figure {NUMBERS[space][0]} of the study): the first {shown} of "
                    f"{found.edited[space].num_codes} images, not chosen, for each attribute. From left to right the "
                    "strength in standard deviations of codes; the middle column is the image as it was, the same "
                    "in every sheet. Look for what changes along a row beside the attribute at its left."
                ),
                large=True,
            )
        )
    return drawn


def _parted(sheet: Image.Image, groups: int, height: int) -> Image.Image:
    """The same sheet with room between its groups of rows of this height; captions are above the first."""
    top = sheet.height - groups * height
    parted = Image.new("RGB", (sheet.width, sheet.height + (groups - 1) * PARTED), PAPER)
    parted.paste(sheet.crop((0, 0, sheet.width, top)), (0, 0))
    for at in range(groups):
        rows = sheet.crop((0, top + at * height, sheet.width, top + (at + 1) * height))
        parted.paste(rows, (0, top + at * (height + PARTED)))
    return parted


def matrices(found: ZAgainstW) -> tuple[Drawing, list[Drawing]]:
    """Figure 6, and both parts of figure 7."""
    it = found.together
    order = by_likeness(it.expected.numpy())
    names = [it.attributes[at] for at in order]
    marks = [names.index(name) for name in found.attributes if name in names]
    arranged = {space: of.matrix.numpy()[np.ix_(order, order)] for space, of in it.spaces.items()}
    away = {space: of - it.expected.numpy()[np.ix_(order, order)] for space, of in arranged.items()}
    both = (found.spaces[0], found.spaces[-1])
    sides = "below the diagonal for z, above it for w" if len(found.spaces) == 2 else "for z"
    together = Drawing(
        name="correlations",
        image=halves_chart(
            *(arranged[space] for space in both),
            names=names,
            labels=both,
            title=f"Correlations of scores in edited images, in {' and '.join(found.spaces)}",
            unit="correlation",
            limit=1.0,
            marks=marks,
        ),
        alt=f"A square of correlations between {len(names)} attributes. {_strongest(it)}",
        caption=(
            f"What goes together in the {found.num_edited:,} edited images ({sides}; figure 6 of the study): "
            f"{TICKS}. Attributes that go together stand together; those that were edited are bold."
        ),
    )
    what = "unedited images of the model" if it.own else "the data"
    expected = it.expected.numpy()[np.ix_(order, order)]
    anyway = Drawing(
        name="expected",
        image=halves_chart(
            expected,
            expected,
            names=names,
            labels=("", ""),
            title=f"Correlations in {what}",
            unit="correlation",
            limit=1.0,
            marks=marks,
        ),
        alt=f"A square of correlations between {len(names)} attributes in {what}.",
        caption=f"What goes together anyway (figure 7a): in {it.reference.description}; {TICKS}.",
    )
    beyond = Drawing(
        name="difference",
        image=halves_chart(
            *(away[space] for space in both),
            names=names,
            labels=both,
            title=f"Edited images less {what}",
            unit="difference of correlations (colour: its cube)",
            marks=marks,
            shade=lambda values: values**3,
        ),
        alt=f"A square of differences of correlations between {len(names)} attributes. {_strongest(it)}",
        caption=(
            f"What editing adds to that ({sides}; figure 7b). Colours are by the cube of the difference, as in the "
            "study, so that only large ones show; the numbers at the bar are the differences themselves. Red pairs "
            "go together more than they should, blue ones less."
        ),
    )
    return together, [anyway, beyond]


def lines(found: ZAgainstW) -> list[Drawing]:
    """Figures 8 and 9."""
    return [
        Drawing(
            name=f"lines-{space}",
            image=responses_chart(it, title=f"Scores along their own directions, in {space}"),
            alt="; ".join(f"{name}: R² {line.r2.value:.2f}" for name, line in it.lines.items()),
            caption=(
                f"Mean score and its deviation over {it.num_codes} images at each strength in {space}, with the "
                f"fitted line (figure {NUMBERS[space][1]} of the study). Grey: strengths at which the score hardly "
                "changes any more."
            ),
        )
        for space, it in found.linearity.items()
    ]


def cost(it: Paired) -> Drawing:
    """What moving an attribute does to the others, in both spaces."""
    points: dict[str, Sequence[Point]] = {
        f"in {space}": [Point(x=x, y=y.value, low=y.low, high=y.high) for x, y in curve]
        for space, curve in it.curves.items()
    }
    told = "; ".join(
        f"{space} {', '.join(f'{p.y:.3f} at {p.x:.2f}' for p in curve)}" for space, curve in points.items()
    )
    return Drawing(
        name="unwanted",
        image=lines_chart(
            points,
            title="What moving an attribute does to the others",
            across="change of the attribute itself (mean, probability)",
            up="mean |change| of each other attribute",
        ),
        alt=f"Two lines, mean change of each other attribute against that of the target: {told}",
        caption=(
            "The lower line is the cleaner space: it changes other attributes less for the same change of the one "
            "that is meant (both as probabilities, mean over attributes and images, 95 % intervals over images)."
        ),
    )


def _strongest(it: Together) -> str:
    """The pairs that differ most from what was expected."""
    return " ".join(
        f"Least expected in {space}: {', '.join(f'{a} and {b} {signed(value)}' for a, b, value in of.largest[:3])}."
        for space, of in it.spaces.items()
    )

"""The drawings: sheets of images, matrices of correlations, lines of scores, and unwanted against wanted change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from ganatomy.experiments.studies.z_against_w.paired import SpaceComparison
from ganatomy.experiments.studies.z_against_w.run import ZAgainstW
from ganatomy.plots import grid
from ganatomy.plots.charts import lines_chart
from ganatomy.plots.grids import PAPER
from ganatomy.plots.matrices import by_likeness, halves_chart
from ganatomy.plots.responses import responses_chart
from ganatomy.report.document import Drawing
from ganatomy.statistics.formatting import listed, signed

NUMBERS = {"z": ("4", "8"), "w": ("5", "9")}
"""The study's figures of each space: its sheet, its lines."""
SIDE, GAP, PARTED = 96, 1, 14
"""Pixels of an image on a sheet, about; between two of them; between two attributes."""


def edited_images(found: ZAgainstW) -> list[Drawing]:
    """One sheet for each space: the first images at every strength along every direction."""
    drawn = []
    for space, images in found.images.items():
        shown, stations = images.shape[1:3]
        scale = max(1, round(SIDE / max(images.shape[-2:])))
        sheet = grid(
            images.flatten(0, 2),
            columns=stations,
            gap=GAP,
            scale=scale,
            captions=[signed(strength, 1, trim=True) for strength in found.edited[space].strengths],
            row_labels=[name if row == 0 else "" for name in found.attributes for row in range(shown)],
        )
        drawn.append(
            Drawing(
                name=f"images-{space}",
                image=_parted(sheet, len(found.attributes), shown * (images.shape[-2] * scale + GAP)),
                alt=f"{shown} images in rows, moved along {listed(found.attributes)} in {space} from left to right",
                caption=f"Edits in {space} (figure {NUMBERS[space][0]} of the study): for each attribute, the first "
                f"{shown} of {found.edited[space].num_codes} images. The strength grows from left to right, in "
                "standard deviations of codes; the middle column is the unedited image, the same in every sheet. Look "
                "for what else changes along a row beside the attribute at its left.",
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


def edited_correlations(found: ZAgainstW) -> Drawing:
    """Figure 6 of the study."""
    it = found.correlations
    return Drawing(
        name="correlations",
        image=_square(
            found,
            {space: of.matrix.numpy() for space, of in it.spaces.items()},
            title=f"Correlations of scores in edited images, in {' and '.join(found.spaces)}",
            unit="correlation",
            limit=1.0,
        ),
        alt=f"A square of correlations between {len(it.attributes)} attributes. {_strongest(found)}",
        caption=f"Correlations over the {found.num_edited:,} edited images, from −1 to +1 ({_halves(found)}; figure 6 "
        "of the study). Attributes that correlate stand side by side; those that were edited are bold.",
    )


def correlations_beyond(found: ZAgainstW) -> list[Drawing]:
    """Both parts of figure 7: the reference, and how far edited images differ from it."""
    it = found.correlations
    what = "unedited images of the model" if it.own else "the data"
    expected = it.expected.numpy()
    return [
        Drawing(
            name="expected",
            image=_square(
                found, {"": expected}, title=f"Correlations in {what}", unit="correlation", limit=1.0
            ),
            alt=f"A square of correlations between {len(it.attributes)} attributes in {what}.",
            caption=f"The reference (figure 7a): correlations in {it.reference.description}, from −1 to +1.",
        ),
        Drawing(
            name="difference",
            image=_square(
                found,
                {space: of.matrix.numpy() - expected for space, of in it.spaces.items()},
                title=f"Edited images less {what}",
                unit="difference of correlations (colour: its cube)",
                shade=lambda values: values**3,
            ),
            alt=f"A square of differences of correlations between {len(it.attributes)} attributes. {_strongest(found)}",
            caption=f"Correlations in edited images less the reference ({_halves(found)}; figure 7b). Colours show the "
            "cube of the difference, as in the study, so that only large ones stand out; the numbers at the bar are "
            "the differences themselves. Red pairs correlate more than in the reference, blue pairs less.",
        ),
    ]


def _square(found: ZAgainstW, values: Mapping[str, np.ndarray], **settings: Any) -> Figure:
    """The first matrix below the diagonal and the last above, in one order of attributes."""
    it = found.correlations
    order = by_likeness(it.expected.numpy())
    names = [it.attributes[place] for place in order]
    labels = next(iter(values)), [*values][-1]
    return halves_chart(
        *(values[label][np.ix_(order, order)] for label in labels),
        names=names,
        labels=labels,
        bold=[names.index(name) for name in found.attributes if name in names],
        **settings,
    )


def _halves(found: ZAgainstW) -> str:
    return "below the diagonal for z, above it for w" if len(found.spaces) == 2 else "for z"


def _strongest(found: ZAgainstW) -> str:
    """The pairs that differ most from what was expected."""
    return " ".join(
        f"Least expected in {space}: {', '.join(f'{a} and {b} {signed(value)}' for a, b, value in of.largest[:3])}."
        for space, of in found.correlations.spaces.items()
    )


def score_lines(found: ZAgainstW) -> list[Drawing]:
    """Figures 8 and 9."""
    return [
        Drawing(
            name=f"lines-{space}",
            image=responses_chart(it, title=f"Scores along their own directions, in {space}"),
            alt="; ".join(f"{name}: R² {line.r2.value:.2f}" for name, line in it.lines.items()),
            caption=f"Mean and standard deviation of the score over {it.num_codes} images at each strength in {space}, "
            f"with the fitted line (figure {NUMBERS[space][1]} of the study). Grey: strengths at which the score "
            "hardly changes.",
        )
        for space, it in found.linearity.items()
    ]


def unwanted_changes(comparison: SpaceComparison) -> Drawing:
    """What moving an attribute does to the others, in both spaces."""
    lines = {f"in {space}": curve for space, curve in comparison.curves.items()}
    listing = "; ".join(
        f"{space} {', '.join(f'{y.value:.3f} at {x:.2f}' for x, y in curve)}"
        for space, curve in lines.items()
    )
    return Drawing(
        name="unwanted",
        image=lines_chart(
            lines,
            title="Change of the other attributes, by the change of the edited one",
            across="change of the edited attribute (mean, probability)",
            up="mean |change| of each other attribute",
        ),
        alt=f"Two lines, mean change of each other attribute against that of the target: {listing}",
        caption="The lower line is the cleaner space: for the same change of the edited attribute, it changes the "
        "others less (probabilities, mean over attributes and images, 95 % intervals over images).",
    )

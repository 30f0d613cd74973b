"""Tables I, II and III of the paper with our columns beside its own, and the comparison."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ganatomy.experiments.studies.linear_map.result import LinearMapStudy
from ganatomy.experiments.studies.linear_map.ways import what
from ganatomy.metrics import ChangeTable, CosineTable, table_ii, table_iii
from ganatomy.metrics.recognition import Recognition
from ganatomy.report.elements import Cell, Row, Table, interval_cell
from ganatomy.statistics.formatting import interval, p_value, percent, short, signed

NOTHING = Cell(text="–")
NUM_WORST = 8
"""Attributes that the scorer knows least, which are shown."""


def comparison(found: LinearMapStudy) -> Table:
    """Every way with its selectivity, and by how much it is above the map without penalty."""
    rows = []
    for way in found.ranking:
        clean = found.changes[way].selectivity()
        test = found.against_plain.get(way)
        directions = found.directions.get(way)
        rows.append(
            Row(
                name=way,
                cells=[
                    interval_cell(clean.mean),
                    NOTHING
                    if test is None
                    else Cell(
                        text=signed(test.difference.value),
                        interval=interval(test.difference, sign=True),
                    ),
                    NOTHING if test is None else Cell(text=p_value(test.p).removeprefix("p = ")),
                    interval_cell(clean.directions[found.shown]),
                    Cell(text=f"{float(found.target_changes(way).mean()):.2f}"),
                    Cell(text=f"{found.reached(way)} of {len(found.edited)}"),
                    NOTHING if directions is None else Cell(text=f"{found.cosine[way]:.3f}"),
                    NOTHING if directions is None else Cell(text=f"{found.auc(way):.3f}"),
                    Cell(text=what(way, found.penalty)),
                ],
                marked=way == found.ranking[0],
            )
        )
    return Table(
        title="All ways",
        caption=(
            "The cleanest first. Above no penalty: the difference of mean selectivities, paired, with its "
            "interval; p of the permutation test, each way for itself. Target change: as reached; goal "
            "reached: attributes within 20 % of what was asked for. A way that falls short is compared at a "
            "smaller change, which flatters it."
        ),
        first="way",
        headings=[
            "selectivity",
            "above no penalty",
            "p",
            f"of {found.shown}",
            "target change",
            "goal reached",
            "mean |cosine|",
            "held-out AUC",
            "what it is",
        ],
        rows=rows,
        words=[8],
        stacked=True,
    )


def table_of_changes(found: LinearMapStudy) -> ChangeTable:
    """Table II over all images, for every way."""
    return table_ii(found.changes, found.shown)


def table_of_one(found: LinearMapStudy) -> ChangeTable:
    """Table II as in the paper: one image."""
    rows = slice(found.one, found.one + 1)
    return table_ii(
        {
            way: replace(it, before=it.before[rows], changes=it.changes[:, rows])
            for way, it in found.changes.items()
        },
        found.shown,
    )


def one_image(found: LinearMapStudy) -> Table:
    """Table II of one image: before, and after by each way."""
    table = table_of_one(found)
    rows = [
        Row(
            name=row.attribute,
            cells=[Cell(text=f"{row.before:.3f}"), *(Cell(text=f"{value:.3f}") for value in row.after)],
            marked=row.attribute == found.shown,
        )
        for row in table.rows
    ]
    rows.append(
        Row(
            name="selectivity",
            cells=[NOTHING, *(Cell(text=short(table.selectivity[way])) for way in table.methods)],
        )
    )
    return Table(
        title="Table II, one image",
        caption=(
            f"One image, as in the paper: number {found.one + 1} of {found.num_images}, in which {found.shown} "
            "changed by about the mean without the penalty. Probabilities as drawn, and after the same steps as in "
            f"all images. Last line: change of {found.shown} over the mean change of the others shown, those that "
            "change most without the penalty."
        ),
        first="attribute",
        headings=["as drawn", *table.methods],
        rows=rows,
    )


def many_images(found: LinearMapStudy) -> Table:
    """Table II over all images: mean |change| with intervals."""
    table = table_of_changes(found)
    ends = {way: it.intervals(absolute=True) for way, it in found.changes.items()}
    rows = []
    for row in table.rows:
        column = found.attributes.index(row.attribute)
        cells = [Cell(text=f"{row.before:.3f}")]
        for way, size in zip(table.methods, row.change, strict=True):
            low, high = (float(end[0, column]) for end in ends[way])
            cells.append(Cell(text=f"{size:.3f}", interval=f"{low:.2f} to {high:.2f}"))
        rows.append(Row(name=row.attribute, cells=cells, marked=row.attribute == found.shown))
    top = {way: it.selectivity("top13").directions[found.shown] for way, it in found.changes.items()}
    rows.append(Row(name="selectivity", cells=[NOTHING, *(interval_cell(top[way]) for way in table.methods)]))
    return Table(
        title="Table II, many images",
        caption=(
            f"The same over {found.num_images} images: mean probability as drawn, then the mean size of the "
            "change, its sign dropped in each image, with intervals. Last line: change of the target over "
            "the mean of the 13 others that change most by each way."
        ),
        first="attribute",
        headings=["as drawn", *table.methods],
        rows=rows,
        stacked=True,
    )


def table_of_cosines(found: LinearMapStudy) -> CosineTable:
    """Table III for every way that has directions."""
    return table_iii(found.directions, found.shown)


def cosines(found: LinearMapStudy) -> Table:
    """Table III: cosines to the direction of the attribute shown."""
    table = table_of_cosines(found)
    rows = [
        Row(
            name=row.attribute,
            cells=[Cell(text=signed(value, 3)) for value in row.cosines],
            marked=row.attribute == found.shown,
        )
        for row in table.rows
    ]
    rows.append(
        Row(name="mean |cosine|", cells=[Cell(text=f"{table.mean_abs[way]:.3f}") for way in table.methods])
    )
    return Table(
        title="Table III",
        caption=(
            f"Cosines to the direction of {found.shown}, from −1 to +1: first those most alike without the "
            "penalty, then those most opposite. Guided edits have no directions."
        ),
        first="attribute",
        headings=list(table.methods),
        rows=rows,
    )


def path(found: LinearMapStudy) -> Table:
    """Every point of the path."""
    return Table(
        title="The path of λ",
        caption="Squared error of probabilities on held-out codes, with its interval; length: mean over the rows of W.",
        first="λ",
        headings=["form", "selectivity", "mean |cosine|", "squared error", "length", "held-out AUC"],
        rows=[
            Row(
                name=f"{fit.penalty:g}",
                cells=[
                    Cell(text=fit.form if fit.penalty else "none"),
                    interval_cell(fit.selectivity),
                    Cell(text=f"{fit.cosine:.3f}"),
                    interval_cell(fit.error, digits=4),
                    Cell(text=f"{fit.norm:.2f}"),
                    Cell(text=f"{fit.auc:.3f}"),
                ],
            )
            for fit in found.path
        ],
        words=[0],
    )


def scorer(found: LinearMapStudy, known: Recognition) -> Table:
    """Table I: the scorer's own accuracy, beside the paper's."""
    figures = [known.loss, known.accuracy, known.f1, known.f2]
    return Table(
        title="Table I",
        caption=(
            "Loss: mean cross-entropy, lower is better. F1 and F2: means over images; the paper's “fbeta” is "
            "most likely F2, the default of its library at a lower threshold. Its figures are of CelebA and "
            "not to be compared closely."
        ),
        first="scorer",
        headings=["loss", "accuracy", "F1", "F2"],
        rows=[
            Row(
                name="this one",
                cells=[interval_cell(it, digits=3) for it in figures],
            ),
            Row(name="the paper's", cells=[Cell(text=text) for text in ("0.179", "0.921", "–", "0.851")]),
        ],
    )


def scorer_attributes(known: Recognition) -> Table:
    """The attributes that the scorer knows least."""
    worst = sorted(known.attributes, key=lambda name: known.attributes[name][0])[:NUM_WORST]
    return Table(
        title="The scorer's weakest attributes",
        caption=f"The {len(worst)} attributes that it is most often wrong about; F1 over images.",
        first="attribute",
        headings=["right answers", "F1"],
        rows=[
            Row(
                name=name,
                cells=[
                    Cell(text=percent(known.attributes[name][0])),
                    Cell(text=f"{known.attributes[name][1]:.3f}"),
                ],
            )
            for name in worst
        ],
    )


def changes_as_json(found: LinearMapStudy) -> dict[str, Any]:
    """Table II of one image and of all."""
    return {
        name: {
            "selectivity": table.selectivity,
            "attributes": {
                row.attribute: {
                    "before": row.before,
                    **{
                        way: {"after": after, "abs_change": change}
                        for way, after, change in zip(table.methods, row.after, row.change, strict=True)
                    },
                }
                for row in table.rows
            },
        }
        for name, table in (("one_image", table_of_one(found)), ("all_images", table_of_changes(found)))
    }


def cosines_as_json(found: LinearMapStudy) -> dict[str, Any]:
    """Table III."""
    table = table_of_cosines(found)
    return {
        "mean_abs": table.mean_abs,
        "attributes": {
            row.attribute: dict(zip(table.methods, row.cosines, strict=True)) for row in table.rows
        },
    }

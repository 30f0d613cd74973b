"""Tables I, II and III of the paper with our columns beside its own, and the comparison."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ganatomy.experiments.compare.tables import league
from ganatomy.experiments.studies.linear_map.result import LinearMapStudy
from ganatomy.metrics import ChangeTable, CosineTable, table_ii, table_iii
from ganatomy.metrics.recognition import Recognition
from ganatomy.report.elements import Cell, Table, Value, interval_cell, table
from ganatomy.statistics.formatting import interval, number, p_value, percent, short, signed

NUM_WORST = 8
"""Attributes that the scorer is most often wrong about, which are shown."""
LAST = "selectivity"
"""The last line of Table II."""


def comparison(found: LinearMapStudy) -> Table:
    """The league table, with the differences from no penalty and what the paper has of directions."""
    tests = found.against_plain
    return league(
        found.comparison,
        {
            "above no penalty": {
                name: Cell(text=signed(it.difference.value), interval=interval(it.difference, sign=True))
                for name, it in tests.items()
            },
            "p": {name: p_value(it.p).removeprefix("p ").removeprefix("= ") for name, it in tests.items()},
            f"of {found.shown}": lambda name: found.comparison.selectivity_of(name)[found.shown],
            "mean |cosine|": {name: f"{cosine:.3f}" for name, cosine in found.cosine.items()},
        },
        caption=(
            "A method that falls short is compared at a smaller change, which raises its selectivity. Above no "
            "penalty: the difference of mean selectivities, paired, with its interval; p of the permutation test, not "
            "corrected for the number of methods."
        ),
    )


def table_of_changes(found: LinearMapStudy) -> ChangeTable:
    """Table II over all images, for every method."""
    return table_ii(found.changes, found.shown)


def table_of_one(found: LinearMapStudy) -> ChangeTable:
    """Table II as in the paper: one image."""
    rows = slice(found.typical, found.typical + 1)
    one = {
        name: replace(it, before=it.before[rows], changes=it.changes[:, rows])
        for name, it in found.changes.items()
    }
    return table_ii(one, found.shown)


def one_image(found: LinearMapStudy) -> Table:
    """Table II of one image: before, and after by each method."""
    values = table_of_one(found)
    columns: dict[str, dict[str, Value]] = {
        "unedited": {row.attribute: f"{row.before:.3f}" for row in values.rows}
    }
    for place, method in enumerate(values.methods):
        columns[method] = {row.attribute: f"{row.after[place]:.3f}" for row in values.rows}
        columns[method][LAST] = short(values.selectivity[method])
    return table(
        "Table II, one image",
        caption=(
            f"One image, as in the paper: number {found.typical + 1} of {found.comparison.num_images}, in which "
            f"{found.shown} changed by about the mean without the penalty. Probabilities unedited, and after the same "
            f"steps as in all images. Last line: change of {found.shown} over the mean change of the others shown, "
            "those that change most without the penalty."
        ),
        first="attribute",
        rows=[*(row.attribute for row in values.rows), LAST],
        columns=columns,
        marked=lambda name: name == found.shown,
    )


def many_images(found: LinearMapStudy) -> Table:
    """Table II over all images: mean |change| with intervals."""
    values = table_of_changes(found)
    columns: dict[str, dict[str, Value]] = {
        "unedited": {row.attribute: f"{row.before:.3f}" for row in values.rows}
    }
    for place, (method, changes) in enumerate(found.changes.items()):
        ends = zip(*(end[0].tolist() for end in changes.intervals(absolute=True)), strict=True)
        intervals = {
            name: f"{number(low)} to {number(high)}"
            for name, (low, high) in zip(changes.attributes, ends, strict=True)
        }
        columns[method] = {
            row.attribute: Cell(text=f"{row.change[place]:.3f}", interval=intervals[row.attribute])
            for row in values.rows
        }
        columns[method][LAST] = changes.selectivity("top13").directions[found.shown]
    return table(
        "Table II, many images",
        caption=(
            f"The same over {found.comparison.num_images} images: mean probability unedited, then the mean size of the "
            "change, its sign dropped in each image, with intervals. Last line: change of the target over the mean of "
            "the 13 others that change most by each method."
        ),
        first="attribute",
        rows=[*(row.attribute for row in values.rows), LAST],
        columns=columns,
        marked=lambda name: name == found.shown,
        stacked=True,
    )


def table_of_cosines(found: LinearMapStudy) -> CosineTable:
    """Table III for every method that has directions."""
    return table_iii(found.directions, found.shown)


def cosines(found: LinearMapStudy) -> Table:
    """Table III: cosines to the direction of the attribute shown."""
    values, last = table_of_cosines(found), "mean |cosine|"
    return table(
        "Table III",
        caption=(
            f"Cosines to the direction of {found.shown}, from −1 to +1: first those most alike without the penalty, "
            "then those most opposite. Guided edits have no directions."
        ),
        first="attribute",
        rows=[*(row.attribute for row in values.rows), last],
        columns={
            method: {row.attribute: signed(row.cosines[place], 3) for row in values.rows}
            | {last: f"{values.mean_abs[method]:.3f}"}
            for place, method in enumerate(values.methods)
        },
        marked=lambda name: name == found.shown,
    )


def path(found: LinearMapStudy) -> Table:
    """Every point of the path."""
    return table(
        "The path of λ",
        caption="Squared error of probabilities on held-out codes, with its interval; length: mean over the rows of W.",
        first="λ",
        rows=found.path,
        columns={
            "form": lambda fit: fit.form if fit.penalty else "none",
            "selectivity": lambda fit: fit.selectivity,
            "mean |cosine|": lambda fit: f"{fit.cosine:.3f}",
            "squared error": lambda fit: interval_cell(fit.error, digits=4),
            "length": lambda fit: f"{fit.norm:.2f}",
            "held-out AUC": lambda fit: f"{fit.auc:.3f}",
        },
        name=lambda fit: f"{fit.penalty:g}",
        words=["form"],
    )


def scorer(known: Recognition) -> Table:
    """Table I: the scorer's own accuracy, beside the paper's."""
    ours = {"loss": known.loss, "accuracy": known.accuracy, "F1": known.f1, "F2": known.f2}
    published = {"loss": "0.179", "accuracy": "0.921", "F1": None, "F2": "0.851"}
    return table(
        "Table I",
        caption=(
            "Loss: mean cross-entropy, lower is better. F1 and F2: means over images; the paper's “fbeta” is most "
            "likely F2, the default of its library at a lower threshold. Its figures are of CelebA and not to be "
            "compared closely."
        ),
        first="scorer",
        rows=["this one", "the paper's"],
        columns={
            measure: {"this one": interval_cell(it, digits=3), "the paper's": published[measure]}
            for measure, it in ours.items()
        },
    )


def scorer_attributes(known: Recognition) -> Table:
    """The attributes that the scorer is most often wrong about."""
    worst = sorted(known.attributes, key=lambda name: known.attributes[name][0])[:NUM_WORST]
    return table(
        "The scorer's weakest attributes",
        caption=f"The {len(worst)} attributes that it is most often wrong about; F1 over images.",
        first="attribute",
        rows=worst,
        columns={
            "right answers": lambda name: percent(known.attributes[name][0]),
            "F1": lambda name: f"{known.attributes[name][1]:.3f}",
        },
    )


def changes_data(values: ChangeTable) -> dict[str, Any]:
    """Table II for programs."""
    return {
        "selectivity": values.selectivity,
        "attributes": {
            row.attribute: {
                "before": row.before,
                "after": dict(zip(values.methods, row.after, strict=True)),
                "abs_change": dict(zip(values.methods, row.change, strict=True)),
            }
            for row in values.rows
        },
    }


def cosines_data(values: CosineTable) -> dict[str, Any]:
    """Table III for programs."""
    rows = {row.attribute: dict(zip(values.methods, row.cosines, strict=True)) for row in values.rows}
    return {"mean_abs": values.mean_abs, "attributes": rows}

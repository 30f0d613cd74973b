"""Tables I, II and III of the paper with our columns beside its own, and the comparison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ganatomy.experiments.studies.linear_map.result import LinearMapStudy
from ganatomy.metrics import ChangeTable, CosineTable, table_ii, table_iii
from ganatomy.metrics.recognition import Recognition
from ganatomy.report.elements import Cell, Table, interval_cell, table
from ganatomy.statistics.formatting import interval, number, p_value, percent, short, signed
from ganatomy.statistics.intervals import Estimate

NUM_WORST = 8
"""Attributes that the scorer is most often wrong about, which are shown."""
SELECTIVITY = "selectivity"
"""The last line of Table II."""


def comparison(found: LinearMapStudy) -> Table:
    """Every method with its selectivity, and by how much it is above the map without penalty."""
    compared, tests = found.comparison, found.against_plain

    def above(name: str) -> Cell | None:
        if name not in tests:
            return None
        gap = tests[name].difference
        return Cell(text=signed(gap.value), interval=interval(gap, sign=True))

    judged = {"by the judge": lambda name: compared.figures[name]["judged_selectivity"]}
    return table(
        "All methods",
        caption=(
            "The most selective first. Above no penalty: the difference of mean selectivities, paired, with its "
            "interval; p of the permutation test, not corrected for the number of methods. "
            + (
                "By the judge: selectivity of the same edits, read by the judge. "
                if compared.is_judged
                else ""
            )
            + "Target change: as reached; goal reached: attributes within 20 % of what was asked for, or beyond. A "
            "method that falls short is compared at a smaller change, which raises its selectivity."
        ),
        first="method",
        rows=compared.ranking,
        columns={
            "selectivity": compared.figure,
            "above no penalty": above,
            "p": lambda name: p_value(tests[name].p).removeprefix("p = ") if name in tests else None,
            **(judged if compared.is_judged else {}),
            f"of {found.shown}": lambda name: compared.selectivity_of(name)[found.shown],
            "target change": lambda name: f"{float(found.changes[name].achieved.mean()):.2f}",
            "goal reached": lambda name: f"{len(compared.reached(name))} of {len(compared.edited)}",
            "mean |cosine|": lambda name: f"{found.cosine[name]:.3f}" if name in found.cosine else None,
            "held-out AUC": lambda name: (
                f"{compared.value(name, 'auc'):.3f}" if name in found.cosine else None
            ),
            "what it is": lambda name: compared.results[name].contestant.what,
        },
        marked=lambda name: name == compared.ranking[0],
        words=["what it is"],
        stacked=True,
    )


def table_of_changes(found: LinearMapStudy) -> ChangeTable:
    """Table II over all images, for every method."""
    return table_ii(found.changes, found.shown)


def table_of_one(found: LinearMapStudy) -> ChangeTable:
    """Table II as in the paper: one image."""
    rows = slice(found.typical, found.typical + 1)
    return table_ii(
        {
            name: replace(changes, before=changes.before[rows], changes=changes.changes[:, rows])
            for name, changes in found.changes.items()
        },
        found.shown,
    )


def one_image(found: LinearMapStudy) -> Table:
    """Table II of one image: before, and after by each method."""
    values = table_of_one(found)
    rows = {row.attribute: row for row in values.rows}

    def after(place: int, method: str) -> Callable[[str], str]:
        return lambda name: (
            f"{rows[name].after[place]:.3f}" if name in rows else short(values.selectivity[method])
        )

    return table(
        "Table II, one image",
        caption=(
            f"One image, as in the paper: number {found.typical + 1} of {found.comparison.num_images}, in which "
            f"{found.shown} changed by about the mean without the penalty. Probabilities unedited, and after the same "
            f"steps as in all images. Last line: change of {found.shown} over the mean change of the others shown, "
            "those that change most without the penalty."
        ),
        first="attribute",
        rows=[*rows, SELECTIVITY],
        columns={
            "unedited": lambda name: f"{rows[name].before:.3f}" if name in rows else None,
            **{method: after(place, method) for place, method in enumerate(values.methods)},
        },
        marked=lambda name: name == found.shown,
    )


def many_images(found: LinearMapStudy) -> Table:
    """Table II over all images: mean |change| with intervals."""
    values = table_of_changes(found)
    rows = {row.attribute: row for row in values.rows}

    def change(place: int, method: str) -> Callable[[str], Cell | Estimate]:
        changes = found.changes[method]
        low, high = (end[0] for end in changes.intervals(absolute=True))

        def write(name: str) -> Cell | Estimate:
            if name not in rows:
                return changes.selectivity("top13").directions[found.shown]
            column = changes.attributes.index(name)
            ends = f"{number(float(low[column]))} to {number(float(high[column]))}"
            return Cell(text=f"{rows[name].change[place]:.3f}", interval=ends)

        return write

    return table(
        "Table II, many images",
        caption=(
            f"The same over {found.comparison.num_images} images: mean probability unedited, then the mean size of the "
            "change, its sign dropped in each image, with intervals. Last line: change of the target over the mean of "
            "the 13 others that change most by each method."
        ),
        first="attribute",
        rows=[*rows, SELECTIVITY],
        columns={
            "unedited": lambda name: f"{rows[name].before:.3f}" if name in rows else None,
            **{method: change(place, method) for place, method in enumerate(values.methods)},
        },
        marked=lambda name: name == found.shown,
        stacked=True,
    )


def table_of_cosines(found: LinearMapStudy) -> CosineTable:
    """Table III for every method that has directions."""
    return table_iii(found.directions, found.shown)


def cosines(found: LinearMapStudy) -> Table:
    """Table III: cosines to the direction of the attribute shown."""
    values = table_of_cosines(found)
    rows = {row.attribute: row for row in values.rows}
    mean = "mean |cosine|"

    def cosine(place: int, method: str) -> Callable[[str], str]:
        return lambda name: (
            signed(rows[name].cosines[place], 3) if name in rows else f"{values.mean_abs[method]:.3f}"
        )

    return table(
        "Table III",
        caption=(
            f"Cosines to the direction of {found.shown}, from −1 to +1: first those most alike without the penalty, "
            "then those most opposite. Guided edits have no directions."
        ),
        first="attribute",
        rows=[*rows, mean],
        columns={method: cosine(place, method) for place, method in enumerate(values.methods)},
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
    papers = {"loss": "0.179", "accuracy": "0.921", "F1": None, "F2": "0.851"}

    def figure(measure: str) -> Callable[[str], Cell | str | None]:
        cell = interval_cell(ours[measure], digits=3)
        return lambda name: cell if name == "this one" else papers[measure]

    return table(
        "Table I",
        caption=(
            "Loss: mean cross-entropy, lower is better. F1 and F2: means over images; the paper's “fbeta” is most "
            "likely F2, the default of its library at a lower threshold. Its figures are of CelebA and not to be "
            "compared closely."
        ),
        first="scorer",
        rows=["this one", "the paper's"],
        columns={measure: figure(measure) for measure in ours},
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
                **{
                    name: {"after": after, "abs_change": change}
                    for name, after, change in zip(values.methods, row.after, row.change, strict=True)
                },
            }
            for row in values.rows
        },
    }


def cosines_data(values: CosineTable) -> dict[str, Any]:
    """Table III for programs."""
    return {
        "mean_abs": values.mean_abs,
        "attributes": {
            row.attribute: dict(zip(values.methods, row.cosines, strict=True)) for row in values.rows
        },
    }

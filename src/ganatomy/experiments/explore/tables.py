"""The tables of an exploration's page."""

from __future__ import annotations

from collections.abc import Sequence

from ganatomy.experiments.base import COMMON, RARE
from ganatomy.experiments.explore.findings import Findings
from ganatomy.experiments.explore.run import BASE, HELD, Exploration
from ganatomy.metrics import FORMS, table_ii, table_iii
from ganatomy.report.elements import Cell, Row, Table, interval_cell
from ganatomy.statistics.formatting import percent, short, signed

METHOD_NAMES = {
    "linear": "linear map of probabilities, as in the paper",
    "penalty": "the same with the paper's penalty (λ = 2)",
    "lowdin": "ridge regression, made orthogonal (Löwdin)",
    "dual": "dual basis of the regression",
    "svm": "linear support vector machine",
    "logistic": "logistic regression",
    "centroid": "difference of class means",
    BASE: "ridge regression of logits",
    HELD: "all others held fixed",
}
FORM_HEADINGS = {
    "mean_abs_all": "over all others",
    "top13": "over the 13 most changed",
    "signed": "signed",
}


def methods_table(findings: Findings) -> Table:
    """Selectivity of each method in every form."""
    exploration = findings.exploration
    rows = [
        Row(
            name=name,
            cells=[
                Cell(text=METHOD_NAMES.get(name, "")),
                *(interval_cell(result.selectivity(form).mean) for form in FORMS),
                Cell(text=f"{len(findings.reached(name))} of {len(result.names)}"),
            ],
            marked=name == exploration.best,
        )
        for name, result in exploration.entanglement.items()
    ]
    return Table(
        title="Selectivity of each method",
        caption=(
            "Selectivity in three forms, mean over all directions with 95\xa0% intervals. Over all "
            "others: mean absolute change in each image. Over the 13 most changed: the same, "
            "as in Table II of the paper. Signed: the mean keeps its sign, so changes of opposite sign in single "
            "images cancel."
        ),
        first="method",
        headings=["what it is", *(FORM_HEADINGS[form] for form in FORMS), "goal reached"],
        rows=rows,
        words=[0],
    )


def changes_table(exploration: Exploration, attribute: str) -> Table:
    """Means before and after one attribute is moved, as in Table II of Pham Van et al. (2020)."""
    methods = [method for method in ("linear", "penalty", HELD) if method in exploration.entanglement]
    found = table_ii({method: exploration.entanglement[method] for method in methods}, attribute)
    ratios = ", ".join(f"{method} {short(value)}" for method, value in found.selectivity.items())
    return Table(
        title=f"What moving {attribute} changes",
        caption=(
            "Mean probability before and after, and the mean absolute change in each image. "
            f"Change of the target over the mean of the others shown: {ratios}."
        ),
        first="attribute",
        headings=["before", *(f"{what} {method}" for method in methods for what in ("after", "change"))],
        rows=[
            Row(
                name=row.attribute,
                cells=_figures(
                    [
                        row.before,
                        *(value for pair in zip(row.after, row.change, strict=True) for value in pair),
                    ]
                ),
                marked=row.attribute == attribute,
            )
            for row in found.rows
        ],
    )


def cosines_table(exploration: Exploration, attribute: str) -> Table:
    """Cosines of other directions to one, as in Table III of Pham Van et al. (2020)."""
    methods = [method for method in ("linear", "penalty", BASE) if method in exploration.directions]
    found = table_iii({method: exploration.directions[method] for method in methods}, attribute)
    means = ", ".join(f"{method} {value:.3f}" for method, value in found.mean_abs.items())
    return Table(
        title=f"Cosines of other directions to {attribute}",
        caption=f"Cosine of each direction to that of {attribute}. Mean absolute cosine of the others shown: {means}.",
        first="attribute",
        headings=methods,
        rows=[
            Row(
                name=row.attribute,
                cells=[Cell(text=signed(value, 3)) for value in row.cosines],
                marked=row.attribute == attribute,
            )
            for row in found.rows
        ],
    )


def skipped_tables(exploration: Exploration) -> list[Table]:
    """Attributes that were skipped and why; no table where there are none."""
    if not exploration.skipped:
        return []
    table = Table(
        title="Attributes that were skipped",
        caption=(
            "Attributes that were skipped. Unless attributes are named, those are used that between "
            f"{percent(RARE)} and {percent(COMMON)} of the images have."
        ),
        first="attribute",
        headings=["why"],
        rows=[Row(name=name, cells=[Cell(text=why)]) for name, why in exploration.skipped.items()],
        words=[0],
    )
    return [table]


def _figures(values: Sequence[float]) -> list[Cell]:
    return [Cell(text=f"{value:.3f}") for value in values]

"""The tables of the study: all methods, each attribute, and each judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from ganatomy.experiments.studies.trust.measures import TrustFigures, figures
from ganatomy.experiments.studies.trust.result import GUIDED, REGRESSION, TrustReader, TrustStudy
from ganatomy.report.elements import Cell, Table, Value, interval_cell, table
from ganatomy.statistics.formatting import PER_CENT, number, percent, percent_interval, short
from ganatomy.statistics.intervals import Estimate

Column = Callable[[TrustFigures], Value]
Row = TypeVar("Row")


def methods(found: TrustStudy) -> Table:
    """Every method with what the scorer says, what the judges say, and how likely its codes are."""
    by = found.reading
    judged: Mapping[str, Column] = {
        f"target change, scorer → {by}": _changes,
        "agreement": lambda it: interval_cell(it.agreement, digits=2),
        "natural agreement": lambda it: number(it.natural_agreement.value),
    }
    confirmed: Mapping[str, Column] = {"confirmed of reached": lambda it: share(it.confirmed)}
    columns: Mapping[str, Column] = {
        **(judged if by else {"target change": lambda it: number(it.scorer_change.value)}),
        "reached by scorer": lambda it: share(it.reached),
        **(confirmed if found.is_judged else {}),
        **({f"right side by {by}": lambda it: share(it.right)} if by else {}),
        "selectivity by scorer": lambda it: it.selectivity,
        **({f"selectivity by {by}": lambda it: it.judged_selectivity} if by else {}),
    }
    return table(
        "All methods",
        caption=f"{found.num_edits} edits each, with 95{PER_CENT} intervals over images.",
        first="method",
        rows=list(found.methods),
        columns=_of(columns, list(found.methods), lambda method: figures(found, method)),
        marked=lambda method: method == GUIDED,
        stacked=True,
    )


def codes(found: TrustStudy) -> Table:
    """How likely the edited codes of every method are, and what an edit costs."""
    columns: Mapping[str, Column] = {
        "distance": lambda it: it.distance,
        f"beyond 95{PER_CENT}": lambda it: share(it.unlikely),
        f"beyond 99.9{PER_CENT}": lambda it: share(it.very_unlikely),
        "processor seconds an edit": lambda it: f"{it.seconds:.2g}",
    }
    return table(
        "Edited codes",
        caption=(
            "Distance of the edited codes from the mean, in standard deviations (Mahalanobis), and how many lie beyond "
            f"so many of the codes that the generator draws. Drawn ones lie at {short(found.natural_distance)} on "
            "average."
        ),
        first="method",
        rows=list(found.methods),
        columns=_of(columns, list(found.methods), lambda method: figures(found, method)),
        marked=lambda method: method == GUIDED,
    )


def attributes(found: TrustStudy) -> Table:
    """Each attribute by itself, for the plain direction and for guided edits."""
    columns: dict[str, Callable[[str], Value]] = {
        "goal": lambda name: number(float(found.goals[found.edited.index(name)]))
    }
    for method in (REGRESSION, GUIDED):
        own: dict[str, Column] = {
            f"{method}, scorer → {found.reading}": _changes,
            f"{method}, agreement": lambda it: interval_cell(it.agreement, digits=2),
        }
        if found.is_judged:
            own[f"{method}, confirmed"] = lambda it: share(it.confirmed)
        columns |= _of(own, found.edited, lambda name, method=method: figures(found, method, attribute=name))
    return table(
        "Each attribute",
        caption=f"{found.num_images} images each.",
        first="attribute",
        rows=found.edited,
        columns=columns,
        stacked=True,
    )


def judges(found: TrustStudy) -> Table:
    """What each judge says by itself."""
    pairs = [(method, judge) for method in found.methods for judge in found.judges]
    columns: Mapping[str, Column] = {
        "agreement": lambda it: interval_cell(it.agreement, digits=2),
        "confirmed of reached": lambda it: share(it.confirmed),
        "right side": lambda it: share(it.right),
        "selectivity": lambda it: it.judged_selectivity,
    }

    def own(pair: tuple[str, TrustReader]) -> TrustFigures:
        return figures(found, pair[0], judges=[pair[1]])

    return table(
        "Each judge",
        caption="Each judge by itself: how much the figures depend on the choice of judge.",
        first="method and judge",
        rows=pairs,
        name=lambda pair: f"{pair[0]}, {pair[1].description}",
        columns=_of(columns, pairs, own),
    )


def left_out(found: TrustStudy) -> Table:
    """Methods that do not apply, and why."""
    return table(
        "Left out",
        caption="Methods that do not apply here.",
        first="method",
        rows=list(found.left_out),
        columns={"because": lambda method: found.left_out[method]},
        words=["because"],
    )


def share(estimate: Estimate) -> Cell:
    """A share in per cent with its interval."""
    if estimate.value != estimate.value:
        return Cell(text="–")
    return Cell(text=percent(estimate.value), interval=percent_interval(estimate))


def _changes(it: TrustFigures) -> str:
    return f"{number(it.scorer_change.value)} → {number(it.judge_change.value)}"


def _of(
    columns: Mapping[str, Column], rows: Sequence[Row], own: Callable[[Row], TrustFigures]
) -> dict[str, Callable[[Row], Value]]:
    """Columns of figures as columns of what they are the figures of."""
    measured = {row: own(row) for row in rows}
    return {heading: lambda row, write=write: write(measured[row]) for heading, write in columns.items()}

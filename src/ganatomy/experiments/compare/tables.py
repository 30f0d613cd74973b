"""The tables of a comparison."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from ganatomy.experiments.compare.chance import Chance
from ganatomy.experiments.compare.comparison import Comparison
from ganatomy.experiments.compare.contestants import EDITS
from ganatomy.experiments.compare.own_factors import OwnFactors
from ganatomy.metrics.entanglement import NEAR
from ganatomy.report.elements import Table, Value, interval_cell, table
from ganatomy.statistics.formatting import percent, short
from ganatomy.statistics.intervals import CONFIDENCE

COLUMNS = {
    "by the scorer": ("scorer_selectivity", None),
    "factor selectivity": ("factor_selectivity", None),
    "identity kept": ("identity", 3),
    "perceptual distance": ("perceptual", 3),
    "held-out AUC": ("auc", 3),
}
"""The league table beside selectivity: measure and decimals; measures that do not apply are left out."""
Columns = Mapping[str, Callable[[str], Value] | Mapping[str, Value]]
"""Heading to what stands there for a method."""


def league(found: Comparison, further: Columns | None = None, *, caption: str = "") -> Table:
    """Every method, best first; further columns with their caption stand before what a method is."""
    first = found.ranking[0]
    measured: dict[str, dict[str, Value]] = {}
    for heading, (measure, digits) in COLUMNS.items():
        known = {name: it for name in found.methods if (it := found.figures[name][measure]) is not None}
        if not all(math.isnan(it.value) for it in known.values()):
            measured[heading] = {name: interval_cell(it, digits=digits) for name, it in known.items()}
    by_judge = (
        f" Selectivity is read by the {found.reading}; by the scorer: of the same edits, read by the scorer. "
        "Agreement: share of the scorer's change of the target that it sees. Confirmed: of the goals reached."
        if found.is_judged
        else ""
    )
    return table(
        "League table",
        caption=(
            f"Ranked by selectivity, means over attributes with {percent(CONFIDENCE)} intervals. Behind the best: by "
            f"how much, in the same draws of images.{by_judge} Target change: of all attributes, as reached; some "
            "cannot be changed as far as was asked for. Goal reached: attributes whose change came within "
            f"{percent(NEAR)} of what was asked for, or beyond. {caption}".rstrip()
        ),
        first="method",
        rows=found.ranking,
        columns={
            "selectivity": found.figure,
            "behind the best": lambda name: None if name == first else found.difference(first, name),
            **measured,
            "target change": lambda name: f"{float(found.results[name].changes.achieved.mean()):.2f}",
            "goal reached": lambda name: f"{len(found.reached(name))} of {len(found.edited)}",
            **(_judged(found) if found.is_judged else {}),
            **(further or {}),
            "what it is": lambda name: found.results[name].contestant.what,
        },
        name=lambda name: f"{found.ranking.index(name) + 1}. {name}",
        marked=lambda name: name == first,
        words=["what it is"],
        stacked=True,
    )


def _judged(found: Comparison) -> Columns:
    """How far the judge agrees with the scorer."""
    return {
        "agreement": lambda name: percent(_mean(found.results[name].changes.agreement)),
        "confirmed": lambda name: f"{len(found.confirmed(name))} of {len(found.reached(name))}",
    }


def _mean(values: Mapping[str, float]) -> float:
    finite = [value for value in values.values() if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else math.nan


def each_attribute(found: Comparison) -> Table:
    """Selectivity of every edit."""
    columns: dict[str, dict[str, Value]] = {name: {} for name in found.edited}
    for method in found.ranking:
        reached = found.reached(method)
        for name, it in found.selectivity_of(method).items():
            columns[name][method] = short(it.value) + ("" if name in reached else "*")
    return table(
        "Selectivity of each attribute",
        caption="Selectivity of each attribute's edit; a star where the goal was not reached.",
        first="method",
        rows=found.ranking,
        columns=columns,
    )


def costs(found: Comparison) -> Table:
    """What each method needs to know, and how long it takes."""
    results = found.results
    return table(
        "What each method costs",
        caption=(
            "Labels: images whose scores, gradients or labels a method must know before the first edit; for directions "
            "without labels, those that it took to name them. Seconds on this machine: to find the directions of all "
            "attributes (the survey not counted), to edit one image, and for one attribute found and edited in "
            f"{found.num_images} images."
        ),
        first="method",
        rows=found.ranking,
        columns={
            "kind of edit": lambda name: EDITS[results[name].contestant.edit],
            "labels": lambda name: f"{results[name].found.num_labels:,}",
            "seconds to find": lambda name: (
                None if results[name].contestant.guided else f"{results[name].found.seconds:.2f}"
            ),
            "to edit one": lambda name: f"{results[name].seconds_per_edit:.3f}",
            "for one attribute": lambda name: found.figure(name, "seconds"),
        },
        words=["kind of edit"],
    )


def own_factors(found: Comparison, known: OwnFactors) -> Table:
    """Which factors each attribute is."""

    def own(name: str) -> str:
        factors = (f"{'−' if sign < 0 else ''}{factor}" for factor, sign in known.own.get(name, {}).items())
        return ", ".join(factors) or "not known"

    return table(
        "Own factors",
        caption="The factors of each attribute, the strongest first; a minus where less of it means more.",
        first="attribute",
        rows=found.edited,
        columns={"own factors": own},
        words=["own factors"],
    )


def against_chance(found: Comparison, chance: Chance) -> Table:
    """The p-values of every method."""
    return table(
        "Against chance",
        caption="Selectivity by the scorer, and p-values, not corrected for the number of methods.",
        first="method",
        rows=found.ranking,
        columns={
            "selectivity": lambda name: short(found.by_scorer(name)),
            "p of selectivity": {name: f"{p:.3f}" for name, p in chance.p_selectivity.items()},
            "held-out AUC": {name: f"{found.value(name, 'auc'):.3f}" for name in chance.p_auc},
            "p of AUC": {name: f"{p:.3f}" for name, p in chance.p_auc.items()},
        },
    )


def left_out(found: Comparison) -> Table:
    """Methods that do not apply, and why."""
    return table(
        "Methods that do not apply",
        caption="Methods that do not apply here.",
        first="method",
        rows=found.left_out,
        columns={"why": found.left_out},
        words=["why"],
    )

"""The tables of a comparison."""

from __future__ import annotations

import math
from collections.abc import Callable

from ganatomy.experiments.compare.comparison import Comparison
from ganatomy.experiments.compare.contestants import EDITS
from ganatomy.experiments.compare.truth import Truth
from ganatomy.metrics.entanglement import NEAR
from ganatomy.report.elements import Cell, Table, interval_cell, table
from ganatomy.statistics.formatting import percent, short
from ganatomy.statistics.intervals import CONFIDENCE

COLUMNS = {
    "by the judge": "judged_selectivity",
    "truth selectivity": "truth_selectivity",
    "identity kept": "identity",
    "perceptual distance": "perceptual",
    "held-out AUC": "auc",
}
"""The league table beside selectivity; measures that do not apply are left out."""


def league(found: Comparison) -> Table:
    """Every method, best first."""
    first = found.ranking[0]
    measured = {
        heading: _measure(found, measure)
        for heading, measure in COLUMNS.items()
        if any(not math.isnan(found.value(name, measure)) for name in found.methods)
    }
    by_judge = " By the judge: selectivity of the same edits, read by the judge." if found.is_judged else ""
    return table(
        "League table",
        caption=(
            f"Ranked by selectivity, means over attributes with {percent(CONFIDENCE)} intervals. Behind the best: by "
            f"how much, in the same draws of images.{by_judge} Target change: of all attributes, as reached; some "
            "cannot be changed as far as was asked for. Goal reached: attributes whose change came within "
            f"{percent(NEAR)} of what was asked for, or beyond."
        ),
        first="method",
        rows=found.ranking,
        columns={
            "selectivity": found.figure,
            "behind the best": lambda name: None if name == first else found.difference(first, name),
            **measured,
            "target change": lambda name: f"{float(found.results[name].changes.achieved.mean()):.2f}",
            "goal reached": lambda name: f"{len(found.reached(name))} of {len(found.edited)}",
            "what it is": lambda name: found.results[name].contestant.what,
        },
        name=lambda name: f"{found.ranking.index(name) + 1}. {name}",
        marked=lambda name: name == first,
        words=["what it is"],
        stacked=True,
    )


def each_attribute(found: Comparison) -> Table:
    """Selectivity of every edit."""

    def column(attribute: str) -> Callable[[str], str]:
        return lambda name: (
            short(found.selectivity_of(name)[attribute].value)
            + ("" if attribute in found.reached(name) else "*")
        )

    return table(
        "Selectivity of each attribute",
        caption="Selectivity of each attribute's edit; a star where the goal was not reached.",
        first="method",
        rows=found.ranking,
        columns={attribute: column(attribute) for attribute in found.edited},
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


def own_factors(found: Comparison, truth: Truth) -> Table:
    """Which factors each attribute is."""

    def own(name: str) -> str:
        factors = (f"{'−' if sign < 0 else ''}{factor}" for factor, sign in truth.own.get(name, {}).items())
        return ", ".join(factors) or "not known"

    return table(
        "Own factors",
        caption="The factors of each attribute, the strongest first; a minus where less of it means more.",
        first="attribute",
        rows=found.edited,
        columns={"own factors": own},
        words=["own factors"],
    )


def against_chance(found: Comparison) -> Table:
    """The p-values of every method."""
    assert found.chance is not None
    p_selectivity, p_auc = found.chance.p_selectivity, found.chance.p_auc
    return table(
        "Against chance",
        caption="p-values, not corrected for the number of methods.",
        first="method",
        rows=found.ranking,
        columns={
            "selectivity": lambda name: short(found.value(name)),
            "p of selectivity": lambda name: f"{p_selectivity[name]:.3f}" if name in p_selectivity else None,
            "held-out AUC": lambda name: f"{found.value(name, 'auc'):.3f}" if name in p_auc else None,
            "p of AUC": lambda name: f"{p_auc[name]:.3f}" if name in p_auc else None,
        },
    )


def left_out(found: Comparison) -> Table:
    """Methods that do not apply, and why."""
    return table(
        "Methods that do not apply",
        caption="Methods that do not apply here.",
        first="method",
        rows=found.left_out,
        columns={"why": lambda name: found.left_out[name]},
        words=["why"],
    )


def _measure(found: Comparison, measure: str) -> Callable[[str], Cell | None]:
    """A column: areas, cosines and distances lie between 0 and 1, and get three decimals."""
    digits = 3 if measure in ("auc", "identity", "perceptual") else None

    def write(name: str) -> Cell | None:
        it = found.figures[name][measure]
        return None if it is None else interval_cell(it, digits=digits)

    return write

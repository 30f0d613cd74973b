"""The findings in five sentences: the penalty, the directions, the best method, λ, and the scorer."""

from __future__ import annotations

import math

from ganatomy.experiments.compare.sentences import best, scorer
from ganatomy.experiments.studies.linear_map.result import PAPER, PENALISED, PLAIN, LinearMapStudy
from ganatomy.latents import Space
from ganatomy.statistics.formatting import p_value, percent, short, with_interval
from ganatomy.statistics.tests import PairedTest

PUBLISHED = {
    "selectivity": {"linear": 0.55, "penalty": 3.69},
    "mean_abs_cosine": {"linear": 0.637, "penalty": 0.069},
    "scorer": {"accuracy": 0.9212, "fbeta": 0.8511},
}
"""The paper's own figures: of one image (Table II), of one attribute (Table III), of its scorer (Table I)."""
STRONG = 0.5
"""A λ that brings the cosines below this share of what they are without it is a strong one."""
ORTHOGONAL = 1e-6
"""Cosines below this are 0 but for rounding: the minimum lies where the penalty is 0."""
STEADY = 1.25
"""Selectivities along λ that differ by no more than this factor are called robust to it."""


def sentences(found: LinearMapStudy) -> list[str]:
    """The five sentences; one more where a judge reads the edits as well."""
    compared = found.comparison
    written = [
        _penalty(found),
        _alike(found),
        best(compared),
        _robust(found),
        scorer(compared),
        _scorer(found),
    ]
    return [sentence for sentence in written if sentence]


def _penalty(found: LinearMapStudy) -> str:
    test = found.verdict
    plain, held = (found.comparison.figure(method) for method in PAPER)
    figures = (
        f"with it (λ = {found.penalty:g}) an edit changes its attribute {with_interval(held)} times as much as each "
        f"other one, without it {with_interval(plain)} times"
    )
    measured = (
        f"difference {with_interval(test.difference, sign=True)}, {p_value(test.p)}, {test.num_images} images"
    )
    if test.significant:
        return (
            f"The penalty {'helps' if test.difference.value > 0 else 'harms'} here: {figures} ({measured})."
        )
    return (
        f"The penalty makes no significant difference in {test.num_images} images: {figures} ({measured})"
        f"{_needed(test)}."
    )


def _alike(found: LinearMapStudy) -> str:
    plain, held = (found.cosine[method] for method in PAPER)
    areas = {method: found.comparison.value(method, "auc") for method in PAPER}
    text = (
        f"It makes directions less alike: the mean |cosine| between two falls from {plain:.3f} to {held:.3f}"
        if held < plain
        else f"It does not make directions less alike: the mean |cosine| is {plain:.3f} without and {held:.3f} with it"
    )
    worse = areas[PENALISED] < areas[PLAIN]
    return (
        f"{text}, {'but' if worse else 'and'} they separate held-out codes {'worse' if worse else 'no worse'} "
        f"(area under the curve {areas[PLAIN]:.2f} without, {areas[PENALISED]:.2f} with)."
    )


def _robust(found: LinearMapStudy) -> str:
    plain, own = found.path[0], [fit for fit in found.path[1:] if fit.form == "identity"]
    strong = [fit for fit in own if fit.cosine < STRONG * plain.cosine]
    last = own[-1]
    cost = (
        f"the squared error of the fit goes from {plain.error.value:.3f} without penalty to {last.error.value:.3f} at "
        f"λ = {last.penalty:g}, because the penalty also forces every row of the map to length 1"
    )
    if len(strong) < 2:
        return (
            f"Of the λ that were tried, {own[0].penalty:g} to {last.penalty:g}, {len(strong) or 'none'} "
            f"{'is' if len(strong) == 1 else 'are'} strong enough to halve the cosines; {cost}."
        )
    values = [fit.selectivity.value for fit in strong]
    if strong[1].cosine < ORTHOGONAL:
        first = next(fit for fit in strong if fit.cosine < ORTHOGONAL)
        return (
            f"From λ = {first.penalty:g} on, of those that were tried, λ no longer matters: the minimum is the same, "
            f"with orthonormal rows and a selectivity of {short(first.selectivity.value)}; {cost}."
        )
    spread = max(values) / min(values) if min(values) > 0 else math.inf
    overlap = max(fit.selectivity.low for fit in strong) <= min(fit.selectivity.high for fit in strong)
    if spread <= STEADY:
        how = "hardly matters to edits, as the paper says"
    elif overlap:
        how = f"makes no significant difference to edits in {plain.changes.num_images} images"
    else:
        how = "matters to edits, which the paper denies"
    return (
        f"Among λ that are strong enough to halve the cosines ({strong[0].penalty:g} to {last.penalty:g}), the choice "
        f"{how}: selectivity lies between {short(min(values))} and {short(max(values))}; {cost}."
    )


def _scorer(found: LinearMapStudy) -> str:
    known, space = found.recognition, found.comparison.space
    where = (
        "This model has no w, so all is in z"
        if tuple(found.comparison.signature.spaces) == (Space.Z,)
        else f"All is in {space.value}{', as in the paper' if space == Space.Z else ''}"
    )
    if known is None:
        return (
            f"{where}; how often the scorer is right is not known here, because {found.unlabelled}: all figures are "
            "about what it classifies."
        )
    return (
        f"{where}; the scorer is right in {100 * known.accuracy.value:.1f}\xa0% of its answers about {known.data} "
        f"(F1 {known.f1.value:.2f}, F2 {known.f2.value:.2f}; the paper's: "
        f"{percent(PUBLISHED['scorer']['accuracy'])}, {PUBLISHED['scorer']['fbeta']:.2f})."
    )


def _needed(test: PairedTest) -> str:
    """How many images it would take, where that can be said."""
    if test.images_needed is None or test.images_needed <= test.num_images:
        return ""
    if test.images_needed > 100_000:
        return "; any difference is too small to matter"
    needed = float(f"{test.images_needed:.1g}")
    return f"; it would take about {needed:,.0f}, if the difference is what it seems"

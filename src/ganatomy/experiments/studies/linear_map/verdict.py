"""The five sentences: the penalty, the directions, the best way, λ, and how far to believe it."""

from __future__ import annotations

import math

from ganatomy.experiments.studies.linear_map.penalties import Fit
from ganatomy.experiments.studies.linear_map.result import LinearMapStudy
from ganatomy.experiments.studies.linear_map.ways import PAPER, PENALISED, PLAIN, what
from ganatomy.latents import Space
from ganatomy.statistics.formatting import listed, p_value, percent, short, with_interval
from ganatomy.statistics.tests import PairedTest

PAPERS = {
    "selectivity": {"linear": 0.55, "penalty": 3.69},
    "mean_abs_cosine": {"linear": 0.637, "penalty": 0.069},
    "scorer": {"accuracy": 0.9212, "fbeta": 0.8511},
}
"""The paper's own figures: of one image (Table II), of one attribute (Table III), of its scorer (Table I)."""
STRONG = 0.5
"""A λ that brings the cosines below this share of what they are without it is a strong one."""
STEADY = 1.25
"""Selectivities along λ that differ by no more than this factor are called robust to it."""


def sentences(found: LinearMapStudy) -> list[str]:
    """What was found: the penalty, the directions, the best way, λ, and how far to believe it."""
    return [_verdict(found), _alike(found), _best(found), _robust(found), _believe(found)]


def _verdict(found: LinearMapStudy) -> str:
    test = found.verdict
    plain, held = (found.changes[way].selectivity().mean for way in PAPER)
    figures = (
        f"with it (λ = {found.penalty:g}) an edit changes its attribute {with_interval(held)} times as much as each "
        f"other one, without it {with_interval(plain)} times"
    )
    told = (
        f"difference {with_interval(test.difference, sign=True)}, {p_value(test.p)}, {test.num_images} images"
    )
    if test.significant:
        return f"The penalty {'helps' if test.difference.value > 0 else 'harms'} here: {figures} ({told})."
    return (
        f"Whether the penalty helps here, {test.num_images} images are too few to tell: {figures} ({told})"
        f"{_enough(test)}."
    )


def _alike(found: LinearMapStudy) -> str:
    plain, held = (found.cosine[way] for way in PAPER)
    areas = {way: found.auc(way) for way in PAPER}
    text = (
        f"It does make directions less alike: the mean |cosine| between two falls from {plain:.3f} to {held:.3f}"
        if held < plain
        else f"It does not make directions less alike: the mean |cosine| is {plain:.3f} without and {held:.3f} with it"
    )
    worse = areas[PENALISED] < areas[PLAIN]
    return (
        f"{text}, {'but' if worse else 'and'} codes that were held out are told apart "
        f"{'worse' if worse else 'no worse'} along them (area under the curve {areas[PLAIN]:.2f} without, "
        f"{areas[PENALISED]:.2f} with)."
    )


def _best(found: LinearMapStudy) -> str:
    best, *others = found.ranking
    own = found.changes[best].selectivity().mean
    tied = [way for way in others if not found.behind[way].significant]
    text = f"Cleanest of {len(found.ranking)} ways is {best} ({what(best, found.penalty)}), at {with_interval(own)}"
    if tied:
        text += f"; {found.num_images} images are too few to tell it from {listed(tied)}"
    elif others:
        gap = found.behind[others[0]]
        text += f", ahead of {others[0]} by {with_interval(gap.difference)} ({p_value(gap.p)})"
    short_of = [way for way in found.ranking if found.reached(way) < len(found.edited)]
    if best in short_of:
        text += (
            f"; but it moves only {found.reached(best)} of {len(found.edited)} attributes as far as was asked for, "
            "and small changes are cleaner"
        )
    return f"{text}."


def _robust(found: LinearMapStudy) -> str:
    plain, own = found.path[0], [fit for fit in found.path[1:] if fit.form == "identity"]
    strong = [fit for fit in own if fit.cosine < STRONG * plain.cosine]
    last = own[-1]
    cost = (
        f"the squared error of the fit goes from {plain.error.value:.3f} without penalty to "
        f"{last.error.value:.3f} at λ = {last.penalty:g}, because the penalty also forces every row of the map "
        "to length 1"
    )
    if len(strong) < 2:
        return (
            f"Of the λ that were tried, {own[0].penalty:g} to {last.penalty:g}, {len(strong) or 'none'} "
            f"{'is' if len(strong) == 1 else 'are'} strong enough to halve the cosines; {cost}."
        )
    values = [fit.selectivity.value for fit in strong]
    spread = max(values) / min(values) if min(values) > 0 else math.inf
    if spread <= STEADY:
        how = "hardly matters to edits, as the paper says"
    elif _overlap(strong):
        how = f"may matter to edits, but {len(plain.changes.before)} images are too few to tell"
    else:
        how = "matters to edits, which the paper denies"
    return (
        f"Among λ that are strong enough to halve the cosines ({strong[0].penalty:g} to {last.penalty:g}), "
        f"which one is taken {how}: selectivity lies between {short(min(values))} and {short(max(values))}; "
        f"{cost}."
    )


def _believe(found: LinearMapStudy) -> str:
    known = found.recognition
    where = (
        "This model has no w, so all is in z"
        if tuple(found.signature.spaces) == (Space.Z,)
        else f"All is in {found.space.value}{', as in the paper' if found.space == Space.Z else ''}"
    )
    if known is None:
        return (
            f"{where}; how often the scorer itself is right is not known here, because {found.unlabelled}: all "
            "figures are about what it sees."
        )
    return (
        f"{where}; the scorer that sees all this is right in {100 * known.accuracy.value:.1f}\xa0% of its "
        f"answers about {known.data} (F1 {known.f1.value:.2f}, F2 {known.f2.value:.2f}; the paper's: "
        f"{percent(PAPERS['scorer']['accuracy'])}, {PAPERS['scorer']['fbeta']:.2f})."
    )


def _enough(test: PairedTest) -> str:
    """How many images it would take, where that can be said."""
    if test.images_needed is None or test.images_needed <= test.num_images:
        return ""
    if test.images_needed > 100_000:
        return "; any difference is too small to matter"
    return (
        f"; it would take about {float(f'{test.images_needed:.1g}'):,.0f}, if the difference is what it seems"
    )


def _overlap(fits: list[Fit]) -> bool:
    """Whether some selectivity lies within all intervals."""
    return max(fit.selectivity.low for fit in fits) <= min(fit.selectivity.high for fit in fits)

"""The findings in five sentences: what is confirmed, how far readings agree, selectivity, codes, and the worst."""

from __future__ import annotations

import math

from ganatomy.experiments.studies.trust.measures import BEYOND, figures
from ganatomy.experiments.studies.trust.result import GUIDED, REGRESSION, TrustStudy
from ganatomy.statistics.formatting import (
    number,
    percent,
    percent_with_interval,
    short,
    with_interval,
)
from ganatomy.statistics.intervals import Estimate

NO_JUDGE = (
    "No judge was given, so nothing here can be confirmed: give a classifier that took no part (--judge). Where none "
    "can be had, `ganatomy train student` trains one on the scorer's own readings; its smoothed reading confirms "
    "nothing either."
)
STUDENT = "A student learnt from the scorer's readings and shares its errors: its smoothed reading confirms nothing."


def sentences(found: TrustStudy) -> list[str]:
    """The sentences, most important first; without a judge they say what cannot be said."""
    if not found.judges:
        return [NO_JUDGE, _reached(found), _codes(found)]
    first = _confirmed(found) if found.is_judged else STUDENT
    written = [first, _agreement(found), _selectivity(found), _codes(found), _worst(found)]
    return [sentence for sentence in written if sentence]


def reader(found: TrustStudy) -> str:
    """Who reads besides the scorer, in words."""
    one = "judge" if found.is_judged else "student"
    return f"the {one}" if len(found.judges) == 1 else f"the {one}s"


def best_linear(found: TrustStudy) -> str:
    """The direction that is most selective by the judges, or by the scorer where there are none."""

    def value(method: str) -> float:
        own = figures(found, method)
        known = own.judged_selectivity.value if found.judges else own.selectivity.value
        return -math.inf if math.isnan(known) else known

    return max((method for method in found.methods if method != GUIDED), key=value)


def _reached(found: TrustStudy) -> str:
    guided, plain = figures(found, GUIDED), figures(found, REGRESSION)
    return (
        f"By the scorer {percent_with_interval(guided.reached)} of the guided edits reach their goal and "
        f"{percent_with_interval(plain.reached)} of those along regression; their selectivity is "
        f"{with_interval(guided.selectivity)} and {with_interval(plain.selectivity)}."
    )


def _confirmed(found: TrustStudy) -> str:
    guided, plain = figures(found, GUIDED), figures(found, REGRESSION)
    judges, verb = (
        ("the judge, which", "confirms")
        if len(found.judges) == 1
        else (f"{len(found.judges)} judges, which", "confirm")
    )
    return (
        f"By the scorer {percent(guided.reached.value)} of {found.num_edits} guided edits reach their goal; of these "
        f"{judges} took no part, {verb} {_share(guided.confirmed)}. Along regression "
        f"{percent(plain.reached.value)} reach it, and {_share(plain.confirmed)} of these are confirmed."
    )


def _share(share: Estimate) -> str:
    return "none" if math.isnan(share.value) else percent_with_interval(share)


def _agreement(found: TrustStudy) -> str:
    guided, plain = figures(found, GUIDED), figures(found, REGRESSION)
    sees = "reads" if len(found.judges) == 1 else "read"
    return (
        f"Where the scorer reads that a guided edit changes its attribute by {number(guided.scorer_change.value)}, "
        f"{reader(found)} {sees} {number(guided.judge_change.value)}, an agreement of "
        f"{with_interval(guided.agreement, digits=2)}; between unedited images whose scores differ as much it is "
        f"{number(guided.natural_agreement.value)}. Edits along regression have an agreement of "
        f"{number(plain.agreement.value)}."
    )


def _selectivity(found: TrustStudy) -> str:
    guided, linear = figures(found, GUIDED), best_linear(found)
    if math.isnan(guided.judged_selectivity.value):
        return ""
    other = figures(found, linear)
    return (
        f"By the scorer a guided edit changes its attribute {with_interval(guided.selectivity)} times as much as each "
        f"other one, by {reader(found)} {with_interval(guided.judged_selectivity)} times; the best direction by "
        f"{reader(found)} is {linear}, at {with_interval(other.judged_selectivity)} with a change of "
        f"{number(other.judge_change.value)}."
    )


def _codes(found: TrustStudy) -> str:
    guided, plain = figures(found, GUIDED), figures(found, REGRESSION)
    return (
        f"Codes after guided edits lie {short(guided.distance.value)} standard deviations from the mean (along "
        f"regression {short(plain.distance.value)}, drawn codes {short(found.natural_distance)}): "
        f"{percent(guided.unlikely.value)} of them beyond {BEYOND[0]:g}\xa0% of drawn codes, along regression "
        f"{percent(plain.unlikely.value)}."
    )


def _worst(found: TrustStudy) -> str:
    """The attribute in which scorer and judges agree least, where there are several."""
    if len(found.edited) < 2:
        return ""
    agreement = {name: figures(found, GUIDED, attribute=name).agreement for name in found.edited}
    worst = min(agreement, key=lambda name: agreement[name].value)
    return (
        f"Least agreement is on {worst}: {with_interval(agreement[worst], digits=2)} in guided edits. Look at the "
        "images in which the readings differ most, below."
    )

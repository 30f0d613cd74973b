"""What was found, in five sentences or fewer."""

from __future__ import annotations

import math

from ganatomy.experiments.studies.bias.changes import Kind
from ganatomy.experiments.studies.bias.result import DATA, IMAGES, JUDGE, SCORER, BiasStudy, Link
from ganatomy.statistics.formatting import listed, p_value, signed, with_interval

UNITS = {
    Kind.ATTRIBUTE: "of its mean probability",
    Kind.FACTOR: "standard deviations",
    Kind.POSITION: "standard deviations of codes",
}


def sentences(found: BiasStudy) -> list[str]:
    """On one pair: what moved, what is explained, the excess, the judge. On many: how many, the worst, the judge."""
    if len(found.links) == 1:
        return [
            _moved(found.links[0]),
            _explained(found, found.links[0]),
            *_by_images(found, found.links[0]),
            *_judged(found, found.links[0]),
            *_unlabelled(found),
        ]
    return [
        _count(found),
        *_worst(found),
        *_judged(found, found.worst),
        *_left_out(found),
        *_unlabelled(found),
    ]


def source(found: BiasStudy) -> str:
    """What the excess is counted from."""
    return "the data" if found.reference == DATA else "generated images"


def _moved(link: Link) -> str:
    return (
        f"Moving {link.change} by {signed(link.step[0])} {UNITS[link.kinds[0]]} changes {link.watch} by "
        f"{signed(link.step[1])}: {with_interval(link.moved, sign=True)} for each unit."
    )


def _explained(found: BiasStudy, link: Link) -> str:
    it = link.explained[found.reference]
    if not math.isfinite(it.excess.value):
        return f"{link.change} and {link.watch} do not both vary in {source(found)}, so nothing can be explained."
    what = (
        f"The correlation of the two in {source(found)} ({signed(it.correlation.value)}) explains "
        f"{with_interval(it.change, sign=True)}"
    )
    excess = with_interval(it.excess, sign=True)
    if found.biased(link):
        return f"{what}; the excess is {excess} ({p_value(it.p_of_all)})."
    return f"{what}, and the rest, {excess}, is no significant excess ({p_value(it.p_of_all)})."


def _by_images(found: BiasStudy, link: Link) -> list[str]:
    """What the model's own images explain, where the data are known as well."""
    it = link.explained[IMAGES]
    if found.reference != DATA or not math.isfinite(it.excess.value):
        return []
    text = f"In generated images the two correlate by {signed(it.correlation.value)}, which explains"
    return [f"{text} {with_interval(it.change, sign=True)}."]


def _judged(found: BiasStudy, link: Link) -> list[str]:
    """What the judge says of the same pair."""
    if JUDGE not in found.readings:
        return []
    it = found.link(link.change, link.watch, reader=JUDGE)
    if it is None:
        return [f"The judge does not read {link.change} and {link.watch}, so nothing confirms this."]
    excess = it.explained[found.reference]
    both = found.biased(it) and excess.excess.value * link.explained[found.reference].excess.value > 0
    verdict = "which does not confirm the scorer"
    if not found.biased(link):
        verdict = (
            "which is significant, unlike the scorer's" if found.biased(it) else "no significant one either"
        )
    elif both:
        verdict = "which confirms the scorer"
    text = (
        f"The judge, a classifier that took no part, reads {with_interval(it.moved, sign=True)} for each unit, an "
        f"excess of {with_interval(excess.excess, sign=True)} ({p_value(excess.p_of_all)}), {verdict}."
    )
    return [text]


def _count(found: BiasStudy) -> str:
    number = sum(found.biased(link) for link in found.links)
    return (
        f"In {number} of {len(found.links)} pairs an edit changes another attribute by more or less than "
        f"{source(found)} explain, corrected for the number of pairs."
    )


def _worst(found: BiasStudy) -> list[str]:
    link = found.worst
    it = link.explained[found.reference]
    if not math.isfinite(it.excess.value):
        return []
    start = "The largest excess" if found.biased(link) else "The largest excess, which is not significant,"
    text = (
        f"{start} is that of {link.change} on {link.watch}: {with_interval(link.moved, sign=True)} for each unit, of "
        f"which {source(found)} explain {with_interval(it.change, sign=True)} ({p_value(it.p_of_all)} as the worst of "
        f"{len(found.readings[SCORER])})."
    )
    return [text]


def _unlabelled(found: BiasStudy) -> list[str]:
    if not found.unlabelled:
        return []
    return [
        f"The data have no label of {listed(found.unlabelled)}; generated images alone explain those pairs."
    ]


def _left_out(found: BiasStudy) -> list[str]:
    if not found.left_out:
        return []
    return [
        f"No step changes {listed(list(found.left_out))} far enough, so they are left out as what is changed."
    ]

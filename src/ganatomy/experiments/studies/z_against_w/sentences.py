"""What was found, in five sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum

from ganatomy.experiments.studies.z_against_w.paired import SpaceComparison
from ganatomy.experiments.studies.z_against_w.run import JudgedSpaces, ZAgainstW
from ganatomy.statistics.formatting import listed, p_value, signed, with_interval
from ganatomy.statistics.intervals import Estimate
from ganatomy.statistics.tests import SIGNIFICANT

EQUAL = 1.1
"""Ratios whose interval lies between 1 / EQUAL and EQUAL are of spaces that are equally entangled."""
STRAIGHT = 0.95
"""R² from which a line is called straight."""


class Verdict(StrEnum):
    """How entangled w is beside z."""

    LESS = "w is less entangled than z"
    MORE = "w is more entangled than z"
    ALIKE = "w and z are equally entangled, within 10 %"
    UNCLEAR = "Too few images to tell whether w is less entangled than z"
    UNMOVED = "No attribute moves far enough in both spaces to compare them"
    NO_W = "There is no w"


def verdict(comparison: SpaceComparison | None) -> Verdict:
    """By both the test and the interval, which must agree."""
    if comparison is None:
        return Verdict.NO_W
    if not comparison.attributes:
        return Verdict.UNMOVED
    ratio = comparison.ratio
    if comparison.smallest_p < SIGNIFICANT:
        if comparison.p < SIGNIFICANT and not ratio.low <= 1 <= ratio.high:
            return Verdict.LESS if ratio.value < 1 else Verdict.MORE
        if ratio.low > 1 / EQUAL and ratio.high < EQUAL:
            return Verdict.ALIKE
    return Verdict.UNCLEAR


def sentences(found: ZAgainstW) -> list[str]:
    """On entanglement, single attributes, correlations beyond those of the data, the largest one, and linearity.

    One more where a judge reads the images as well: its verdict on entanglement.
    """
    judged = [] if found.by_judge is None else [_judged(found, found.by_judge)]
    return [_entangled(found), *judged, _each(found), _beyond(found), _largest(found), _lines(found)]


def by_space(figures: Mapping[str, str]) -> str:
    """Figures, each with its space where there are two."""
    if len(figures) == 1:
        return next(iter(figures.values()))
    return listed([f"{figure} in {space}" for space, figure in figures.items()])


def _entangled(found: ZAgainstW) -> str:
    it, judged = found.comparison, verdict(found.comparison)
    if it is None:
        return (
            f"This model has no w ({found.signature.architecture} takes z alone), so z cannot be "
            "compared with it; all figures are those of z."
        )
    if judged is Verdict.UNMOVED:
        reached = listed([f"{name} by {change:.2f}" for name, change in it.left_out.items()])
        return f"{judged}: {reached} at most."
    return f"{judged}: {_measured(it)}."


def _measured(it: SpaceComparison) -> str:
    changes = [of.change for of in it.attributes]
    how_far = f"{max(changes):.2f}" if max(changes) - min(changes) < 0.005 else f"up to {max(changes):.2f}"
    return (
        f"where edits change their own attribute by {how_far}, w changes each other attribute "
        f"{with_interval(it.ratio, digits=2)} times as much as z ({p_value(it.p)}, {it.num_images} images)"
    )


def _judged(found: ZAgainstW, by_judge: JudgedSpaces) -> str:
    """The judge's own verdict, and whether it is the scorer's."""
    it, own = by_judge.comparison, verdict(by_judge.comparison)
    who = f"The judge, {by_judge.judge}, took no part; it reads the same images"
    if own is Verdict.NO_W:
        worst = max(by_judge.unwanted, key=lambda change: change.z.value, default=None)
        if worst is None:
            return f"{who}; by it no edit moves its own attribute far enough."
        return (
            f"{who}: an edit that changes {worst.name} by {worst.change:.2f} changes each other attribute by "
            f"{with_interval(worst.z, digits=3)}."
        )
    same = "the same verdict" if own is verdict(found.comparison) else "another verdict"
    if it is None or not it.attributes:
        return f"{who} and gives {same}: no attribute moves far enough in both spaces."
    return f"{who} and gives {same}, over {len(by_judge.attributes)} attributes. {own}: {_measured(it)}."


def _each(found: ZAgainstW) -> str:
    changes = found.unwanted
    if not changes:
        return f"No edit of {listed(found.attributes)} moves its own attribute far enough to be judged."
    if found.comparison is None:
        worst, best = (pick(changes, key=lambda it: it.z.value) for pick in (max, min))
        text = (
            f"In z, an edit that changes {worst.name} by {worst.change:.2f} changes each other attribute by "
            f"{with_interval(worst.z, digits=3)}"
        )
        if worst is best:
            return f"{text} on average."
        other = f"{best.name} by {with_interval(best.z, digits=3)}"
        if worst.z.low > best.z.high:
            return f"{text}, more than any other edit; the cleanest edit changes {other}."
        return f"{text}, one of {other}; the images are too few to tell which edit is the cleanest."
    parts = {
        "w is cleaner for": [it.name for it in changes if it.ratio.high < 1],
        "z is cleaner for": [it.name for it in changes if it.ratio.low > 1],
        "there is no significant difference for": [
            it.name for it in changes if it.ratio.low <= 1 <= it.ratio.high
        ],
        "edits do not move far enough in both spaces for": list(found.comparison.left_out),
    }
    return f"By attribute: {'; '.join(f'{what} {listed(names)}' for what, names in parts.items() if names)}."


def _beyond(found: ZAgainstW) -> str:
    it = found.correlations
    reference = (
        "in unedited images of the model (no labels of the data were given)" if it.own else "in the data"
    )
    excess = {space: with_interval(of.excess, digits=2) for space, of in it.spaces.items() if of.excess}
    text = (
        f"The correlation of two attributes in edited images differs from that {reference} by {by_space(excess)} on "
        "average"
    )
    if it.gap is None:
        return f"{text}."
    if not it.gap.excludes_zero:
        return f"{text}; this is no significant difference between the two spaces."
    sizes = sorted(abs(end) for end in (it.gap.low, it.gap.high))
    size = with_interval(Estimate(value=abs(it.gap.value), low=sizes[0], high=sizes[1]), digits=2)
    return f"{text}, {size} {'less' if it.gap.value < 0 else 'more'} in w than in z."


def _largest(found: ZAgainstW) -> str:
    it, space = found.correlations, found.spaces[-1]
    first, second, _ = it.spaces[space].largest[0]
    place = it.attributes.index(first), it.attributes.index(second)
    figures = {name: signed(float(of.matrix[place])) for name, of in it.spaces.items()}
    return (
        f"Largest unexpected correlation{f' in {space}' if len(figures) > 1 else ''}: {first} and {second}, "
        f"{by_space(figures)}, against {signed(float(it.expected[place]))} in "
        f"{'unedited images' if it.own else 'the data'}."
    )


def _lines(found: ZAgainstW) -> str:
    every = found.linearity
    if any(math.isnan(of.r2.value) for of in every.values()):
        return "No score moves along its own direction, so linearity could not be measured."
    straight = all(of.r2.value >= STRAIGHT for of in every.values())
    lines = [line for of in every.values() for line in of.lines.values()]
    flat = sum(any(end is not None for end in line.saturates) for line in lines)
    r2 = by_space({space: with_interval(of.r2, digits=2) for space, of in every.items()})
    return (
        f"Mean scores {'rise nearly linearly' if straight else 'do not rise linearly'} along their directions: R² of a "
        f"fitted line is {r2}{f'; {flat} of {len(lines)} curves are flat at an end' if flat else ''}."
    )

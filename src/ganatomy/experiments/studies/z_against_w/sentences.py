"""What was found, in five plain sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum

from ganatomy.experiments.studies.z_against_w.paired import Paired, Unwanted, compare_spaces, sides
from ganatomy.experiments.studies.z_against_w.run import ZAgainstW
from ganatomy.statistics.formatting import listed, signed
from ganatomy.statistics.intervals import CONFIDENCE, Estimate

EQUAL = 1.1
"""Ratios whose interval lies between 1 / EQUAL and EQUAL are of spaces that are equally entangled."""
STRAIGHT = 0.95
"""R² from which a line is called straight."""


class Verdict(StrEnum):
    """How entangled w is beside z."""

    LESS = "w is less entangled"
    MORE = "w is more entangled"
    ALIKE = "equally entangled"
    UNCLEAR = "too few images to tell"
    UNMOVED = "edits move nothing"
    NO_W = "there is no w"


def verdict(found: ZAgainstW) -> Verdict:
    """The main one, by probabilities."""
    return Verdict.NO_W if found.paired is None else judged(found.paired)


def judged(it: Paired) -> Verdict:
    """By both the test and the interval, which must agree."""
    if not it.attributes:
        return Verdict.UNMOVED
    if it.smallest_p < 1 - CONFIDENCE:
        if it.p < 1 - CONFIDENCE and not it.ratio.low <= 1 <= it.ratio.high:
            return Verdict.LESS if it.ratio.value < 1 else Verdict.MORE
        if it.ratio.low > 1 / EQUAL and it.ratio.high < EQUAL:
            return Verdict.ALIKE
    return Verdict.UNCLEAR


def sentences(found: ZAgainstW) -> list[str]:
    """The five."""
    return [_entangled(found), _each(found), _beyond(found), _company(found), _lines(found)]


def unwanted(found: ZAgainstW) -> tuple[Unwanted, ...]:
    """What edits do to other attributes; where there is no w, only what is said of z counts."""
    if found.paired is not None:
        return found.paired.attributes
    return compare_spaces(sides(found.edited["z"], found.edited["z"])).attributes


def with_interval(it: Estimate, digits: int = 2) -> str:
    """A figure and its interval.

    >>> with_interval(Estimate(value=0.5, low=0.42, high=0.613))
    '0.50 (0.42 to 0.61)'
    """
    return f"{number(it.value, digits)} ({number(it.low, digits)} to {number(it.high, digits)})"


def _by_space(figures: Mapping[str, Estimate]) -> str:
    """Figures with their intervals, each with its space where there are two."""
    if len(figures) == 1:
        return with_interval(next(iter(figures.values())))
    return listed([f"{with_interval(it)} in {space}" for space, it in figures.items()])


def number(value: float, digits: int = 2) -> str:
    """Digits after the point, with a true minus; nan in words.

    >>> number(-0.004), number(-0.5), number(math.nan)
    ('0.00', '−0.50', 'not measured')
    """
    if math.isnan(value):
        return "not measured"
    return signed(value, digits).removeprefix("+")


def chance(p: float) -> str:
    """A p-value with as many digits as it deserves.

    >>> chance(0.0001), chance(0.0312), chance(0.5)
    ('p = 0.0001', 'p = 0.031', 'p = 0.50')
    """
    return f"p = {p:.4f}" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def _entangled(found: ZAgainstW) -> str:
    it, said = found.paired, verdict(found)
    if it is None:
        return (
            f"This model has no w ({found.signature.architecture} takes z alone), so there is nothing to compare z "
            "with; what follows is the half of the study that concerns z."
        )
    if said is Verdict.UNMOVED:
        return (
            "Whether w is less entangled than z cannot be told: no attribute moves far enough in both, "
            f"{listed([f'{name} by {change:.2f}' for name, change in it.left_out.items()])} at most."
        )
    changes = [of.change for of in it.attributes]
    how_far = f"{max(changes):.2f}" if max(changes) - min(changes) < 0.005 else f"up to {max(changes):.2f}"
    measured = (
        f"when edits move their own attribute by {how_far}, w changes each of the others "
        f"{with_interval(it.ratio)} times as much as z, {chance(it.p)} over {it.num_images} images"
    )
    if said is Verdict.UNCLEAR:
        return (
            f"{it.num_images} images are too few to tell whether w is less entangled than z here: {measured}."
        )
    start = {
        Verdict.LESS: "w is less entangled than z here",
        Verdict.MORE: "w is more entangled than z here",
        Verdict.ALIKE: "w and z are equally entangled here, as nearly as it matters",
    }[said]
    return f"{start}: {measured}."


def _each(found: ZAgainstW) -> str:
    changes = unwanted(found)
    if not changes:
        return f"No edit of {listed(found.attributes)} moves its own attribute far enough to be judged."
    if found.paired is None:
        worst, best = (pick(changes, key=lambda it: it.z.value) for pick in (max, min))
        text = (
            f"In z, moving {worst.name} by {worst.change:.2f} changes each other attribute by "
            f"{with_interval(worst.z, 3)}"
        )
        if worst is best:
            return f"{text} on average."
        if worst.z.low > best.z.high:
            return f"{text}, the most; cleanest is {best.name}, at {with_interval(best.z, 3)}."
        return (
            f"{text}, and {best.name} by {with_interval(best.z, 3)}: too few images to tell which of these edits "
            "is the cleanest."
        )
    cleaner = {
        "w": [it.name for it in changes if it.ratio.high < 1],
        "z": [it.name for it in changes if it.ratio.low > 1],
    }
    told = [f"{space} is cleaner for {listed(names)}" for space, names in cleaner.items() if names]
    open_ = [it.name for it in changes if it.ratio.low <= 1 <= it.ratio.high]
    if open_:
        told.append(f"for {listed(open_)} the images are too few to tell")
    if found.paired.left_out:
        told.append(f"{listed(list(found.paired.left_out))} cannot be moved far enough in both")
    return f"Attribute by attribute, {'; '.join(told)}."


def _beyond(found: ZAgainstW) -> str:
    it = found.together
    than = (
        "in unedited images of the model itself (no labels of the data were given)"
        if it.own
        else "in the data"
    )
    figures = _by_space({space: of.excess for space, of in it.spaces.items() if of.excess is not None})
    text = (
        f"In edited images two attributes go together otherwise than {than}, by a correlation of {figures} "
        "on average"
    )
    if it.gap is None:
        return f"{text}."
    if it.gap.low <= 0 <= it.gap.high:
        return f"{text}; the images are too few to tell the two spaces apart in this."
    side = "less" if it.gap.value < 0 else "more"
    size = Estimate(
        value=abs(it.gap.value),
        low=min(abs(it.gap.low), abs(it.gap.high)),
        high=max(abs(it.gap.low), abs(it.gap.high)),
    )
    return f"{text}, {with_interval(size)} {side} in w than in z."


def _company(found: ZAgainstW) -> str:
    it = found.together
    space = found.spaces[-1]
    first, second, _ = it.spaces[space].largest[0]
    row, column = it.attributes.index(first), it.attributes.index(second)
    told = {name: signed(float(of.matrix[row, column])) for name, of in it.spaces.items()}
    figures = listed(
        [f"{value} in {name}" for name, value in told.items()] if len(told) > 1 else [*told.values()]
    )
    where = "unedited images have" if it.own else "the data has"
    return (
        f"The least expected company{f' in {space}' if len(told) > 1 else ''} is that of {first} and {second}: a "
        f"correlation of {figures}, where {where} {signed(float(it.expected[row, column]))}."
    )


def _lines(found: ZAgainstW) -> str:
    every = found.linearity
    if any(math.isnan(of.r2.value) for of in every.values()):
        return "No score moves along its own direction, so there is no line to judge."
    figures = _by_space({space: of.r2 for space, of in every.items()})
    straight = all(of.r2.value >= STRAIGHT for of in every.values())
    start = "Mean scores rise nearly as straight lines do" if straight else "Mean scores rise with a bend"
    bends = [
        name
        for of in every.values()
        for name, line in of.lines.items()
        if any(end is not None for end in line.saturates)
    ]
    total = sum(len(of.lines) for of in every.values())
    end = f"; {len(bends)} of {total} hardly change any more at an end" if bends else ""
    return f"{start}: a line explains a share of {figures} of their variance{end}."

"""What an exploration found, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ganatomy.directions.evidence import HELD_OUT
from ganatomy.experiments.explore.exploration import BASE, HELD, WIDTH, Exploration
from ganatomy.metrics.calibration import ENOUGH
from ganatomy.metrics.entanglement import NEAR
from ganatomy.statistics.formatting import listed, named, percent, quoted, short, signed, with_interval
from ganatomy.statistics.intervals import CONFIDENCE, NUM_RESAMPLES

NUM_ALSO = 3
"""Other attributes that are named beside a strip."""

LITTLE = 0.005
"""A mean change of probability below this is not worth a name."""

HARDLY = 0.75
"""Codes hardly predict an attribute with a held-out AUC below this."""

HOLDING = {
    "selective": (
        "The directions that hold the others fixed are, for each attribute, those that change the other scores least "
        "in single images, according to gradients at images that are not measured here. The step is the same for "
        "every image, so each other score still changes a little."
    ),
    "held": (
        "The scorer gives no gradients, so the others are held fixed in a linear model of its scores. Scores are not "
        "linear, and where holding them exactly would need a long step, they are held only partly."
    ),
}
"""What it means that the others are held fixed, by the method that found the directions."""


def lead(found: Exploration) -> str:
    """The whole page in a few sentences: by the judge where there is one."""
    parts = (movable, selectivities, cleanest, unwanted, inseparable, scarce)
    return " ".join(text for text in (part(found) for part in parts) if text)


def movable(found: Exploration) -> str:
    """How many attributes can be moved, and what that means here."""
    reached, usual = len(found.reached(HELD)), "and the edited codes stay within 99.9\u00a0% of drawn codes"
    can = (
        f"Of {len(found.attributes)} attributes, {len(found.movable)} can be moved with all others held fixed"
    )
    if found.movable:
        can += (
            f", though each of the others still changes by {found.others_change:.2f} in an image on average"
        )
    if not found.judged:
        return f"{can}: the scorer sees the goal reached, {usual}. {_unjudged(found)}"
    if found.read(HELD).reading != "judge":
        return (
            f"{can}: nothing is confirmed, because the second reading is that of a student of the scorer, a smoothed "
            f"reading. By the scorer, {reached} reach the goal."
        )
    return (
        f"{can}: the scorer sees the goal reached, a judge that took no part confirms it, {usual}. By the scorer alone "
        f"it would be {reached}."
    )


def _unjudged(found: Exploration) -> str:
    if found.judge is None:
        return "No judge was given (--judge), so nothing is confirmed."
    return f"The judge ({found.judge}) knows fewer than two of these attributes, so it confirms nothing."


def selectivities(found: Exploration) -> str:
    """How clean the edits are on average."""
    alone, held = found.headline(BASE), found.headline(HELD)
    text = (
        f"Where edits reach their goal, the attribute changes {short(alone.value)} times as much as the others do on "
        f"average; with the others held fixed, {with_interval(held)} times"
    )
    if not found.judged:
        return f"{text}."
    reading = found.read(HELD).reading
    return f"{text}, by the {reading} (by the scorer {short(found.selectivity(HELD).value)}, over all edits)."


def cleanest(found: Exploration) -> str:
    """The cleanest attribute, corrected for being chosen."""
    if found.cleanest is None:
        return "None of them can be moved cleanly."
    name, figure = found.cleanest
    many = len(found.movable)
    chosen = f", corrected for being the best of {many}" if many > 1 else ""
    return f"{quoted(name)} is the cleanest, at {with_interval(figure)}{chosen}."


def unwanted(found: Exploration) -> str:
    """The largest unwanted change."""
    name, other, alone, held = largest_unwanted(found)
    return (
        f"The largest unwanted change: moving {quoted(name)} alone by {found.target_change:.2f} changes "
        f"{quoted(other)} by "
        f"{signed(alone)}; with the others held fixed, by {signed(held)}."
    )


def inseparable(found: Exploration) -> str:
    """The attributes whose directions cannot be relied on; nothing where there are none."""
    if not found.inseparable:
        return ""
    each = listed([f"{quoted(name)} ({found.auc[name]:.2f})" for name in found.inseparable])
    return f"Not separable, for codes tell them hardly better than chance or worse (held-out AUC): {each}."


def scarce(found: Exploration) -> str:
    """The attributes that more images may tell; nothing where there are none."""
    if not found.scarce:
        return ""
    each = "; ".join(f"{quoted(name)}: {found.skipped[name]}" for name in found.scarce)
    return f"Left out, which a larger survey (-n) can mend: {each}."


def largest_unwanted(found: Exploration) -> tuple[str, str, float, float]:
    """An attribute, the other that it changes most when moved alone, by how much, and by how much held."""
    name, (other, alone) = max(
        ((name, found.others(BASE, name)[0]) for name in found.attributes), key=lambda pair: abs(pair[1][1])
    )
    return name, other, alone, dict(found.others(HELD, name))[other]


def also_moved(found: Exploration, method: str, attribute: str) -> str:
    """The few others that move most, with their mean change."""
    others = found.others(method, attribute)[:NUM_ALSO]
    moved = [f"{quoted(name)} {signed(value)}" for name, value in others if abs(value) >= LITTLE]
    return ", ".join(moved) or "no other moves on average"


def held_out(found: Exploration) -> str:
    """What AUC is."""
    return (
        f"{percent(HELD_OUT)} of the {len(found.survey):,} surveyed codes were kept from every method, and AUC is "
        "measured on those: the chance that a code with the attribute lies further along its direction than one "
        "without."
    )


def judging(found: Exploration) -> str:
    """How far scorer and judge agree, beside how far they do on unedited images."""
    result = found.entanglement[HELD]
    seen, natural = (mean_finite(values) for values in (result.agreement, result.natural_agreement))
    fails = [name for name in result.judged.names if name in found.reached(HELD)] if result.judged else []
    unconfirmed = [name for name in fails if name not in result.confirmed]
    text = (
        f"The {found.read(HELD).reading} ({found.judge}), a classifier that took no part, reads the same edited "
        f"images. It sees {percent(seen)} of the change that the scorer sees; between unedited images that differ as "
        f"much for the scorer, it sees {percent(natural)}."
    )
    return f"{text} Not confirmed: {named(unconfirmed)}." if unconfirmed else text


def mean_finite(values: Mapping[str, float]) -> float:
    """The mean of the numbers among these values."""
    finite = [value for value in values.values() if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else math.nan


def _fewer(found: Exploration) -> str:
    """That methods of which the mean alone is shown were measured in fewer images, where they were."""
    fewest = min(result.num_images for result in found.entanglement.values())
    if fewest == found.measured:
        return ""
    return (
        f"; methods of which only the mean is shown, on the first {fewest} or more, until half the interval of their "
        f"mean selectivity was no wider than {percent(WIDTH)} of it"
    )


def _ended(found: Exploration) -> str:
    """Which held edits missed the change that was asked for, and on which side."""
    sides = zip(found.missed(HELD), ("short of it", "beyond it"), strict=True)
    parts = [f"{named(names)} ended more than {percent(NEAR)} {side}" for names, side in sides if names]
    return " and ".join(parts) or f"all ended within {percent(NEAR)} of it"


def limits(found: Exploration) -> list[str]:
    """What the figures rest on, and where they end."""
    result = found.entanglement[HELD]
    hardly = [f"{quoted(name)} ({auc:.2f})" for name, auc in found.auc.items() if auc < HARDLY]
    lines = [
        (
            f"Changes were measured on {found.measured} images that no method learnt from (seed {result.seed}), the "
            f"same ones for every method{_fewer(found)}. Intervals are {percent(CONFIDENCE)}, from resampling these "
            f"images {NUM_RESAMPLES:,} times; they do not cover the choice of survey, scorer or model."
        ),
        (
            "Every edit was calibrated to change the mean probability of its own attribute by "
            f"{found.target_change:.2f}, give or take {percent(ENOUGH)} of it, so that methods are compared at the "
            "same effect. With the others held fixed, "
            f"{_ended(found)}."
        ),
        HOLDING[found.directions[HELD][0].method],
        "Changes are read by the scorer. Where it confuses two attributes, so does this page."
        + (" The factors above are exact." if found.factors is not None and found.factors.exact else ""),
    ]
    if found.judged:
        lines.append(judging(found))
    if hardly:
        lines.append(
            f"Codes hardly predict {listed(hardly)} (held-out AUC), so these directions are the least reliable."
        )
    if found.survey.truncation_psi == 1 and found.signature.w_dim:
        lines.append(
            "Codes were not truncated. With a truncation psi below 1 images are cleaner, and the same step changes "
            "more."
        )
    return lines

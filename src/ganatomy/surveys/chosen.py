"""Which attributes of a survey are edited, and in which side effects are counted: the same for every experiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ganatomy.errors import ScoreError
from ganatomy.statistics.formatting import percent, quoted
from ganatomy.surveys.base import Survey

RARE, COMMON = 0.03, 0.97
"""An attribute that fewer or more of the images have is skipped: too few codes tell its direction."""

MINIMUM = 10
"""Codes with and without an attribute that it needs to be used when it was not named."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The attributes of an experiment, each in the scorer's order.

    Args:
        edited: those that were asked for, by default all that are measured.
        measured: in which side effects are counted, and which are held fixed: all that `RARE` to `COMMON` of the images
            and at least `MINIMUM` have, and as many lack, and those that were asked for.
        skipped: the others, and why.
        scarce: those of them that a larger survey may tell.
    """

    edited: tuple[str, ...]
    measured: tuple[str, ...]
    skipped: dict[str, str]
    scarce: tuple[str, ...] = ()


def choose(seen: Survey, wanted: Sequence[str] | None = None) -> Chosen:
    """The attributes to edit and to measure; naming some to edit leaves the others measured.

    Args:
        seen: a survey of all attributes.
        wanted: attributes to edit, however rare they are.

    Raises:
        UnknownNameError: for an attribute that was not scored.
        ScoreError: when fewer than two can be measured.
    """
    named = () if wanted is None else seen.scores.select(wanted).names
    skipped, scarce = {}, []
    for (name, share), present, known in zip(seen.prevalence.items(), *seen.counts, strict=True):
        if name in named:
            continue
        if not RARE <= share <= COMMON:
            which = "few" if share < RARE else "many"
            skipped[name] = f"too {which} images have it: {percent(share)} of {len(seen):,}"
        elif min(present, known - present) < MINIMUM:
            scarce.append(name)
            lack = "" if present < MINIMUM else " lack it"
            skipped[name] = f"too few images{lack} to measure ({min(present, known - present)} of {known:,})"
    measured = tuple(name for name in seen.names if name not in skipped)
    if len(measured) < 2:
        shares = ", ".join(f"{quoted(name)} {percent(share)}" for name, share in seen.prevalence.items())
        least = f", and in at least {MINIMUM} with as many without" if scarce else ""
        remedy = "survey more, use another scorer, or name" if scarce else "use another scorer, or name"
        raise ScoreError(
            f"only {len(measured)} of {len(seen.names)} attributes occur in {percent(RARE)} to {percent(COMMON)} of "
            f"the {len(seen):,} images ({shares}){least}; two are needed, to measure side effects: {remedy} attributes"
        )
    edited = measured if wanted is None else tuple(name for name in measured if name in named)
    return Chosen(edited=edited, measured=measured, skipped=skipped, scarce=tuple(scarce))

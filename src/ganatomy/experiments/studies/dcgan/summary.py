"""All figures of a journey for machines, every one with its interval."""

from __future__ import annotations

import math
from typing import Any

from ganatomy.experiments.studies.dcgan.run import DcganStudy
from ganatomy.experiments.studies.dcgan.sentences import copied
from ganatomy.experiments.studies.dcgan.sums import Outcome, Sums
from ganatomy.experiments.studies.dcgan.turns import STATIONS, Reliability
from ganatomy.statistics.intervals import Estimate


def summary(found: DcganStudy) -> dict[str, Any]:
    """The same as the page."""
    walks, ground = found.walks, found.landscape
    return {
        "study": "journey",
        "architecture": found.signature.architecture,
        "fingerprint": found.fingerprint,
        "scorer": found.scorer,
        "critic": found.critic,
        "space": found.space.value,
        "n": len(found.survey),
        "draws": found.draws,
        "seed": found.seed,
        "classes": found.classes,
        "walks": {
            "n": len(walks.profiles),
            "frames": walks.num_frames,
            "distance": walks.profiles[0].distance,
            "sharp_transitions": figure(walks.jumps),
            "fastest_moment": figure(walks.unevenness),
            "largest_step": figure(walks.largest_step),
            "transitions": [list(profile.transitions) for profile in walks.profiles],
        },
        "copies": None
        if found.copies is None
        else {
            "data": found.copies.data,
            "learnt": found.copies.learnt,
            "share": figure(copied(found.copies)),
            "distance_ratio": figure(found.copies.found.ratio),
            "images": len(found.copies.found.nearest),
            "features": found.copies.found.features,
        },
        "sums": {one.family.name: _sums(one) for one in found.sums},
        "turns": {
            one.family.name: {
                "title": one.family.title,
                "chosen": _reliability(one.chosen),
                "by_chance": _reliability(one.by_chance),
                "gain": figure(one.gain),
            }
            for one in found.turns
        },
        "maps": {
            "color": ground.color,
            "chance": ground.chance,
            "codes": {"told": figure(ground.told_by_codes), **ground.codes.faithful.data()},
            "seen": {
                "subject": ground.seen.subject,
                "told": figure(ground.told_by_sight),
                **ground.seen.faithful.data(),
            },
        },
        "reading": None
        if found.reading is None
        else {
            "images": found.reading.images,
            "labels": found.reading.labels,
            "real": found.reading.real,
            "accuracy": {
                name: figure(result.accuracy) for name, result in found.reading.comparison.results.items()
            },
            "ahead": {name: figure(it) for name, it in found.reading.comparison.ahead.items()},
            "chance": next(iter(found.reading.comparison.results.values())).chance,
        },
        "seconds": {stage: round(seconds, 1) for stage, seconds in found.seconds.items()},
    }


def figure(it: Estimate | None) -> dict[str, float | None] | None:
    """A figure with its interval; what is not a number becomes None."""
    if it is None:
        return None
    return {
        name: value if math.isfinite(value) else None
        for name, value in (("value", it.value), ("low", it.low), ("high", it.high))
    }


def _sums(sums: Sums) -> dict[str, Any]:
    return {
        "title": sums.family.title,
        "members": len(sums.family.members),
        "chance": figure(sums.chance),
        "roles_by_chance": {role: figure(it) for role, it in sums.roles_by_chance.items()},
        "ways": {way: _outcome(outcome) for way, outcome in sums.outcomes.items()},
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "n": outcome.n,
        "wanted": figure(outcome.wanted),
        "carried": figure(outcome.carried),
        "kept": figure(outcome.kept),
        "roles": {role: figure(it) for role, it in outcome.roles.items()},
        "steady": figure(outcome.steady),
        "length": outcome.length,
    }


def _reliability(found: Reliability) -> dict[str, Any]:
    return {
        "n": found.n,
        "right": figure(found.right),
        "over": figure(found.over),
        "scores": {f"{station:g}": figure(it) for station, it in zip(STATIONS, found.scores, strict=True)},
    }

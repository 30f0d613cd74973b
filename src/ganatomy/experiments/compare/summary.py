"""A comparison as one JSON object for programs."""

from __future__ import annotations

from typing import Any

import ganatomy
from ganatomy.experiments.compare.contestants import CONTESTANTS
from ganatomy.experiments.compare.run import Comparison
from ganatomy.experiments.compare.standing import MEASURES, Standing
from ganatomy.experiments.compare.verdict import verdict
from ganatomy.report.writer import as_json
from ganatomy.statistics.intervals import Estimate

FORMAT = 1


def summary(comparison: Comparison, *, model: str, scorer: str) -> dict[str, Any]:
    """The figures under fixed names: `methods.<method>.<measure>` is `{mean, low, high}`, or null where none applies.

    `seconds` has two more: to `find` all directions, and to `edit` one image. `labels` is a count.
    """
    standing = Standing(comparison=comparison)
    survey, signature = comparison.survey, comparison.signature
    return as_json(
        {
            "format": FORMAT,
            "ganatomy": ganatomy.__version__,
            "model": model,
            "scorer": scorer,
            "architecture": signature.architecture,
            "fingerprint": comparison.fingerprint,
            "n": len(survey),
            "images": comparison.num_images,
            "space": survey.latents.space.value,
            "seed": survey.seed,
            "truncation_psi": survey.truncation_psi,
            "target_change": comparison.target_change,
            "slopes": comparison.slopes,
            "attributes": {name: {"prevalence": share} for name, share in survey.prevalence.items()},
            "verdict": verdict(standing),
            "ranking": list(standing.ranking),
            "methods": {name: _method(standing, name) for name in standing.methods},
            "left_out": dict(comparison.left_out),
            "not_measured": dict(comparison.not_measured),
            "own_factors": None
            if comparison.truth is None
            else {name: dict(comparison.truth.own.get(name, {})) for name in comparison.names},
            "chance": {
                "selectivity": as_json(comparison.chance.selectivity),
                "auc": as_json(comparison.chance.auc),
                "directions": comparison.chance.num_directions,
                "images": comparison.chance.num_images,
            },
            "target_against_collateral": {
                name: [
                    {"asked": p.asked, "change": as_json(p.change), "collateral": as_json(p.collateral)}
                    for p in points
                ]
                for name, points in comparison.trades.items()
            },
            "sample_size": {
                name: [
                    {"n": size.n, "auc": as_json(size.auc), "selectivity": _estimate(size.selectivity)}
                    for size in points
                ]
                for name, points in comparison.learning.items()
            },
            "seconds": sum(comparison.seconds.values()),
            "stages": dict(comparison.seconds),
        }
    )


def _method(standing: Standing, name: str) -> dict[str, Any]:
    comparison = standing.comparison
    result, first = comparison.results[name], standing.ranking[0]
    figures: dict[str, Any] = {measure: _estimate(standing.figures[name][measure]) for measure in MEASURES}
    figures["seconds"] |= {
        "find": result.seconds,
        "edit": float(result.effects.seconds.mean()) / comparison.num_images,
    }
    changes = standing.target_changes(name).tolist()
    clean = standing.selectivity_of(name)
    return {
        "what": CONTESTANTS[name].what,
        "way": CONTESTANTS[name].way,
        **figures,
        "behind_the_best": as_json(standing.difference(first, name)),
        "p": {
            "selectivity": comparison.chance.p_selectivity.get(name),
            "auc": comparison.chance.p_auc.get(name),
        },
        "target_change": {"mean": sum(changes) / len(changes), "reached": len(standing.reached(name))},
        "attributes": {
            attribute: {"selectivity": as_json(clean[attribute]), "target_change": change}
            for attribute, change in zip(comparison.names, changes, strict=True)
        },
    }


def _estimate(estimate: Estimate | None) -> dict[str, Any] | None:
    return None if estimate is None else as_json(estimate)

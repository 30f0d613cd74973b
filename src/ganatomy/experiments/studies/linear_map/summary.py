"""The study as one JSON object for programs."""

from __future__ import annotations

from typing import Any

import ganatomy
from ganatomy.experiments.studies.linear_map import tables
from ganatomy.experiments.studies.linear_map.penalties import Fit
from ganatomy.experiments.studies.linear_map.result import LinearMapStudy
from ganatomy.experiments.studies.linear_map.verdict import PAPERS
from ganatomy.experiments.studies.linear_map.ways import PLAIN, what
from ganatomy.report.writer import as_json
from ganatomy.statistics.tests import PairedTest

FORMAT = 1


def summary(found: LinearMapStudy, *, model: str, scorer: str) -> dict[str, Any]:
    """The figures under fixed names; what could not be measured is null."""
    known = found.recognition
    return as_json(
        {
            "format": FORMAT,
            "ganatomy": ganatomy.__version__,
            "study": "linear-map",
            "model": model,
            "scorer": scorer,
            "architecture": found.signature.architecture,
            "fingerprint": found.fingerprint,
            "n": len(found.survey),
            "images": found.num_images,
            "space": found.space.value,
            "seed": found.seed,
            "target_change": found.target_change,
            "penalty": found.penalty,
            "attributes": list(found.attributes),
            "skipped": dict(found.skipped),
            "edited": list(found.edited),
            "shown": found.shown,
            "exclusive": found.exclusive,
            "verdict": {"sure": found.verdict.significant, **_paired(found.verdict)},
            "ranking": list(found.ranking),
            "ways": {way: _way(found, way) for way in found.ways},
            "left_out": dict(found.left_out),
            "table_i": None
            if known is None
            else {
                "data": known.data,
                "images": known.num_images,
                **{name: as_json(getattr(known, name)) for name in ("loss", "accuracy", "f1", "f2")},
            },
            "table_ii": tables.changes_as_json(found),
            "table_iii": tables.cosines_as_json(found),
            "path": [_fit(fit) for fit in found.path],
            "paper": PAPERS,
            "seconds": sum(found.seconds.values()),
            "stages": dict(found.seconds),
        }
    )


def _way(found: LinearMapStudy, way: str) -> dict[str, Any]:
    clean = found.changes[way].selectivity()
    return {
        "what": what(way, found.penalty),
        "selectivity": as_json(clean.mean),
        "attributes": {
            name: {"selectivity": as_json(own), "target_change": float(change)}
            for (name, own), change in zip(
                clean.directions.items(), found.target_changes(way).tolist(), strict=True
            )
        },
        "reached": found.reached(way),
        "against_no_penalty": None if way == PLAIN else _paired(found.against_plain[way]),
        "mean_abs_cosine": found.cosine.get(way),
        "auc": found.auc(way) if way in found.directions else None,
    }


def _paired(test: PairedTest) -> dict[str, Any]:
    return {"difference": as_json(test.difference), "factor": as_json(test.factor), "p": test.p}


def _fit(fit: Fit) -> dict[str, Any]:
    return {
        "penalty": fit.penalty,
        "form": fit.form,
        "error": as_json(fit.error),
        "norm": fit.norm,
        "mean_abs_cosine": fit.cosine,
        "auc": fit.auc,
        "selectivity": as_json(fit.selectivity),
    }

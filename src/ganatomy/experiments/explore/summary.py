"""What was found, as one JSON object for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ganatomy.experiments.explore.findings import Findings
from ganatomy.experiments.explore.run import HELD
from ganatomy.metrics import FORMS


def summary(findings: Findings, *, model: str, scorer: str) -> dict[str, Any]:
    """The figures of an exploration under fixed names; what could not be measured is null.

    `methods.<method>.selectivity` is the default form, `mean_abs_all`; all forms stand beside it by their names.
    """
    exploration = findings.exploration
    signature = asdict(exploration.signature) | {
        "spaces": [space.value for space in exploration.signature.spaces]
    }
    return {
        "model": model,
        "scorer": scorer,
        "n": len(exploration.survey),
        "measured": exploration.measured,
        "space": exploration.space.value,
        "seed": exploration.survey.seed,
        "truncation_psi": exploration.survey.truncation_psi,
        "target_change": exploration.target_change,
        "held_by": exploration.directions[HELD][0].method,
        "seconds": sum(exploration.seconds.values()),
        "stages": dict(exploration.seconds),
        "generator": {
            **signature,
            "parameters": exploration.num_parameters,
            "fingerprint": exploration.fingerprint,
        },
        "scorer_fingerprint": exploration.survey.scorer,
        "attributes": {
            name: {"prevalence": exploration.prevalence[name], "auc": exploration.auc[name]}
            for name in exploration.attributes
        },
        "skipped": {
            name: {"prevalence": exploration.prevalence[name], "why": why}
            for name, why in exploration.skipped.items()
        },
        "best": exploration.best,
        "methods": {name: _method(findings, name) for name in exploration.entanglement},
    }


def _method(findings: Findings, method: str) -> dict[str, Any]:
    result = findings.exploration.entanglement[method]
    changes = findings.target_changes(method)
    return {
        "selectivity": findings.selectivity(method),
        "selectivity_forms": {form: result.selectivity(form).mean for form in FORMS},
        "target_change": {
            "mean": sum(changes.values()) / len(changes),
            "reached": len(findings.reached(method)),
        },
        "attributes": {
            name: {
                "selectivity": findings.selectivity_of(method, name),
                "target_change": changes[name],
                "strength": strength,
            }
            for name, strength in zip(result.names, result.strengths.tolist(), strict=True)
        },
    }

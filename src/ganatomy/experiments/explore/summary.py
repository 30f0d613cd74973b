"""What was found, as one JSON object for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import ganatomy
from ganatomy.experiments.explore.run import HELD, Exploration
from ganatomy.metrics import FORMS, Entanglement
from ganatomy.metrics.entanglement import NEAR
from ganatomy.report.writer import as_json

FORMAT = 1


def summary(exploration: Exploration, *, model: str, scorer: str) -> dict[str, Any]:
    """The figures of an exploration under fixed names; what could not be measured is null.

    `methods.<method>.selectivity` is the default form, `mean_abs_all`; all forms stand beside it by their names.
    """
    signature = asdict(exploration.signature) | {
        "spaces": [space.value for space in exploration.signature.spaces]
    }
    measured = exploration.entanglement
    return as_json(
        {
            "format": FORMAT,
            "ganatomy": ganatomy.__version__,
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
            "methods": {name: _method(result) for name, result in measured.items()},
        }
    )


def _method(result: Entanglement) -> dict[str, Any]:
    forms = {form: result.selectivity(form) for form in FORMS}
    default = forms["mean_abs_all"]
    changes = result.mean_change.gather(1, result.targets[:, None])[:, 0].tolist()
    return {
        "selectivity": as_json(default.mean),
        "selectivity_forms": {form: as_json(found.mean) for form, found in forms.items()},
        "target_change": {
            "mean": sum(changes) / len(changes),
            "reached": sum(change >= (1 - NEAR) * result.target_change for change in changes),
        },
        "attributes": {
            name: {
                "selectivity": as_json(default.directions[name]),
                "target_change": changes[row],
                "strength": float(result.strengths[row]),
            }
            for row, name in enumerate(result.names)
        },
    }

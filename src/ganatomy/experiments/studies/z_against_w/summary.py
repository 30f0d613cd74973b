"""The same for machines."""

from __future__ import annotations

from typing import Any

import ganatomy
from ganatomy.experiments.studies.z_against_w.paired import Paired
from ganatomy.experiments.studies.z_against_w.run import ZAgainstW
from ganatomy.experiments.studies.z_against_w.sentences import unwanted, verdict
from ganatomy.report.writer import as_json

FORMAT = 1


def summary(found: ZAgainstW, *, model: str, scorer: str) -> dict[str, Any]:
    """The figures under fixed names; what could not be measured is null."""
    it = found.paired
    return as_json(
        {
            "format": FORMAT,
            "study": "z-against-w",
            "ganatomy": ganatomy.__version__,
            "model": model,
            "scorer": scorer,
            "fingerprint": found.fingerprint,
            "spaces": list(found.spaces),
            "method": found.method,
            "n": len(found.survey),
            "seed": found.survey.seed,
            "images": found.edited["z"].num_codes,
            "strengths": list(found.edited["z"].strengths),
            "units": found.edited["z"].units,
            "edited_images": found.num_edited,
            "attributes": {
                name: {
                    "prevalence": found.survey.prevalence[name],
                    "auc": {space: of[name].auc for space, of in found.directions.items()},
                    "sigma": {space: of[name].sigma for space, of in found.directions.items()},
                }
                for name in found.attributes
            },
            "verdict": verdict(found).value,
            "refits": found.refits,
            "entanglement": None if it is None else _tested(it),
            "entanglement_by_logits": None if found.by_logits is None else _tested(found.by_logits),
            "unwanted": {
                of.name: {"added": of.added, "change": of.change, "z": as_json(of.z)}
                | ({} if it is None else {"w": as_json(of.w), "ratio": as_json(of.ratio)})
                for of in unwanted(found)
            },
            "correlations": {
                "reference": found.together.reference.description,
                "reference_is_own": found.together.own,
                "attributes": list(found.together.attributes),
                "expected": found.together.expected.tolist(),
                **{
                    space: {
                        "mean_abs": as_json(of.strength),
                        "beyond_reference": None if of.excess is None else as_json(of.excess),
                        "matrix": of.matrix.tolist(),
                    }
                    for space, of in found.together.spaces.items()
                },
                "w_less_z": None if found.together.gap is None else as_json(found.together.gap),
            },
            "linearity": {
                space: {
                    "r2": as_json(of.r2),
                    "attributes": {
                        name: {
                            "r2": as_json(line.r2),
                            "slope": as_json(line.slope),
                            "mean": line.mean.tolist(),
                            "deviation": line.deviation.tolist(),
                            "saturates": list(line.saturates),
                        }
                        for name, line in of.lines.items()
                    },
                }
                for space, of in found.linearity.items()
            },
            "seconds": dict(found.seconds),
        }
    )


def _tested(it: Paired) -> dict[str, Any]:
    return {
        "ratio": as_json(it.ratio),
        "p": it.p,
        "target_change": it.target_change,
        "errors_of_log_ratio": it.errors,
        "left_out": it.left_out,
    }

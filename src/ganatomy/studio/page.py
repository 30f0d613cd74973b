"""What the page shows of a panel, as JSON."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ganatomy.experiments.explore.panel import Panel
from ganatomy.metrics.entanglement import DOUBTS
from ganatomy.report.writer import as_json

LIMIT = 3.0
"""Steps each way that a slider goes."""
NUM_ALSO = 3
"""Other attributes that are named for each slider."""
LITTLE = 0.01
"""A mean change of probability below this is not named."""


def panel_data(panel: Panel, model: str) -> dict[str, Any]:
    """All that the page shows of a panel; directions come with the highest selectivity first."""
    order, gallery = panel.order, panel.gallery
    return {
        "model": model,
        "space": str(panel.space),
        "scorer": panel.scorer or None,
        "exclusive": panel.exclusive,
        "target_change": panel.target_change,
        "holds_by_default": panel.holds_by_default,
        "directions": [_direction(panel, k) for k in order],
        "attributes": list(panel.attributes),
        "changes": {how: _rounded(sliders.changes[order], 3) for how, sliders in panel.measured.items()}
        or None,
        "map": {
            "x": _rounded(gallery.xy[:, 0], 4),
            "y": _rounded(gallery.xy[:, 1], 4),
            "about": gallery.about,
            "scores": {
                name: gallery.probabilities[:, column].mul(100).round().int().tolist()
                for column, name in enumerate(panel.attributes)
            },
        },
        "notes": list(panel.notes),
    }


def _direction(panel: Panel, k: int) -> dict[str, Any]:
    name, sliders, also = panel.names[k], panel.by_default, []
    if sliders is not None:
        changes = dict(zip(panel.attributes, sliders.changes[k].tolist(), strict=True))
        named = [other for other, change in changes.items() if other != name and abs(change) >= LITTLE]
        most = sorted(named, key=lambda other: -abs(changes[other]))[:NUM_ALSO]
        also = [{"name": other, "change": round(changes[other], 3)} for other in most]
    return as_json(
        {
            "name": name,
            "selectivity": {
                how: {end: round(value, 4) for end, value in sliders.selectivity_of(k).data().items()}
                for how, sliders in panel.measured.items()
            }
            or None,
            "auc": round(panel.directions[k].auc, 4),
            "prevalence": None if panel.prevalence is None else round(float(panel.prevalence[k]), 4),
            "doubt": "" if sliders is None else DOUBTS[int(sliders.doubts[k])],
            "also": also,
            "limit": LIMIT,
        }
    )


def _rounded(values: Tensor, digits: int) -> list[Any]:
    return values.double().round(decimals=digits).tolist()

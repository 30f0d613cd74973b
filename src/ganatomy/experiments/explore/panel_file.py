"""Panels as files: the one in the folder of each report, those of the bundled models, and the studio's own."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganatomy.directions.holding import Holding
from ganatomy.experiments.explore.gallery import Gallery
from ganatomy.experiments.explore.panel import Panel, Sliders
from ganatomy.latents import Direction, Directions, Space
from ganatomy.report.writer import as_json
from ganatomy.rounding import narrowed
from ganatomy.storage import load_tensors, parsing, save_tensors

KIND = "panel"
PANEL_FILE = "panel.safetensors"
"""Its name in the folder of a report."""

PLAIN = (
    "fingerprint",
    "scorer_fingerprint",
    "scorer",
    "judge",
    "truncation_psi",
    "exclusive",
    "target_change",
)
"""Fields that a file holds as they are."""


def save_panel(panel: Panel, path: str | os.PathLike[str]) -> Path:
    """Write a panel as safetensors, whole or not at all.

    Args:
        panel: to write; features and gradients are kept in 8 bits with a scale for each row, changes in 16.
        path: of the file.

    Returns:
        The path.

    Raises:
        OutputError: when the file cannot be written.
    """
    tensors = {
        "directions": panel.directions.matrix,
        "gallery.xy": panel.gallery.xy.half(),
        "gallery.probabilities": panel.gallery.probabilities.mul(255).round().to(torch.uint8),
    }
    facts: dict[str, Any] = {
        **{name: getattr(panel, name) for name in PLAIN},
        "attributes": list(panel.attributes),
        "space": str(panel.space),
        "shape": list(panel.directions[0].vector.shape),
        "method": panel.directions[0].method,
        "directions": [
            {
                "name": direction.name,
                "sigma": direction.sigma,
                "slope": direction.slope,
                "intercept": direction.intercept,
                "auc": direction.auc,
            }
            for direction in panel.directions
        ],
        "about": panel.gallery.about,
        "notes": list(panel.notes),
    }
    if panel.gallery.features is not None:
        tensors |= narrowed({"gallery.features": panel.gallery.features}, 8)
    if panel.prevalence is not None:
        tensors["prevalence"] = panel.prevalence
    if panel.right_at_ends is not None:
        tensors["right_at_ends"] = panel.right_at_ends
    for how, sliders in panel.measured.items():
        tensors |= {
            f"{how}.steps": sliders.steps,
            f"{how}.changes": sliders.changes.half(),
            f"{how}.margins": sliders.margins.half(),
            f"{how}.sizes": sliders.sizes,
            f"{how}.selectivity": sliders.selectivity,
            f"{how}.doubts": sliders.doubts,
        }
    if panel.holding is not None:
        tensors |= {
            # A row for each attribute at each code, for those of sure scores are very small.
            **narrowed({"holding.gradients": panel.holding.gradients.flatten(0, 1)}, 8, least=1),
            "holding.deviations": panel.holding.deviations.float(),
        }
        facts["ridge"] = panel.holding.ridge
    return save_tensors(KIND, tensors, as_json(facts), path)


def load_panel(path: str | os.PathLike[str]) -> Panel:
    """Read a panel.

    Args:
        path: of a file that `save_panel` wrote.

    Returns:
        The panel.

    Raises:
        MissingFileError: when there is no such file.
        CheckpointError: when it holds anything else, or is damaged.
    """
    tensors, facts = load_tensors(KIND, path)
    with parsing(path):
        shape = facts["shape"]
        directions = Directions(
            Direction(
                vector=vector.reshape(shape),
                space=Space(facts["space"]),
                method=facts["method"],
                fingerprint=facts["fingerprint"],
                **_with_nan(found),
            )
            for vector, found in zip(tensors["directions"], facts["directions"], strict=True)
        )
        features = tensors.get("gallery.features")
        return Panel(
            directions=directions,
            attributes=tuple(facts["attributes"]),
            gallery=Gallery(
                xy=tensors["gallery.xy"].float(),
                about=facts["about"],
                probabilities=tensors["gallery.probabilities"].float() / 255,
                features=None if features is None else features.float(),
            ),
            prevalence=tensors.get("prevalence"),
            right_at_ends=tensors.get("right_at_ends"),
            alone=_sliders(tensors, "alone"),
            held=_sliders(tensors, "held"),
            holding=Holding(
                names=tuple(directions.names),
                gradients=tensors["holding.gradients"].double().unflatten(0, (-1, len(directions))),
                deviations=tensors["holding.deviations"].double(),
                ridge=facts["ridge"],
                shape=tuple(shape),
            )
            if "holding.gradients" in tensors
            else None,
            notes=tuple(facts["notes"]),
            **{name: facts[name] for name in PLAIN},
        )


def _with_nan(found: dict[str, Any]) -> dict[str, Any]:
    """JSON has null for numbers that are not finite."""
    return {name: math.nan if value is None else value for name, value in found.items()}


def _sliders(tensors: dict[str, Tensor], how: str) -> Sliders | None:
    if f"{how}.steps" not in tensors:
        return None
    return Sliders(
        steps=tensors[f"{how}.steps"],
        changes=tensors[f"{how}.changes"].float(),
        margins=tensors[f"{how}.margins"].float(),
        sizes=tensors[f"{how}.sizes"].float(),
        selectivity=tensors[f"{how}.selectivity"],
        doubts=tensors[f"{how}.doubts"],
    )

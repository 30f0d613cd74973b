"""Panels as files: what takes minutes to measure is measured once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganatomy.directions.holding import Holding
from ganatomy.latents import Direction, Directions, Space
from ganatomy.storage import load_tensors, parsing, save_tensors
from ganatomy.studio.panel import Atlas, Measured, Panel, number

KIND = "panel"


def save_panel(panel: Panel, path: str | os.PathLike[str]) -> Path:
    """Write a panel as safetensors, whole or not at all.

    Raises:
        OutputError: when the file cannot be written.
    """
    tensors = {"directions": panel.directions.matrix}
    facts: dict[str, Any] = {
        "fingerprint": panel.fingerprint,
        "scorer_fingerprint": panel.scorer_fingerprint,
        "scorer": panel.scorer,
        "attributes": list(panel.attributes),
        "names": panel.names,
        "space": str(panel.space),
        "shape": list(panel.directions[0].vector.shape),
        "sigma": [direction.sigma for direction in panel.directions],
        "slope": [number(direction.slope) for direction in panel.directions],
        "intercept": [direction.intercept for direction in panel.directions],
        "auc": [number(direction.auc) for direction in panel.directions],
        "method": panel.directions[0].method,
        "exclusive": panel.exclusive,
        "target_change": panel.target_change,
        "notes": list(panel.notes),
    }
    if panel.prevalence is not None:
        tensors["prevalence"] = panel.prevalence
    for how, measured in (("alone", panel.alone), ("held", panel.held)):
        if measured is not None:
            tensors |= {
                f"{how}.steps": measured.steps,
                f"{how}.changes": measured.changes.half(),
                f"{how}.selectivity": measured.selectivity,
                f"{how}.reached": measured.reached,
            }
    if panel.holding is not None:
        tensors |= {
            "holding.slopes": panel.holding.gradients.float(),  # those of sure scores are too small for float16
            "holding.deviations": panel.holding.deviations.float(),
        }
        facts["ridge"] = panel.holding.ridge
    if panel.looks is not None:
        tensors["looks"] = panel.looks.half()
    if panel.atlas is not None:
        tensors |= {
            "atlas.seeds": panel.atlas.seeds.int(),
            "atlas.xy": panel.atlas.xy.half(),
            "atlas.scores": panel.atlas.scores.mul(255).round().to(torch.uint8),
        }
        facts["about"] = panel.atlas.about
    return save_tensors(KIND, {name: tensor.contiguous() for name, tensor in tensors.items()}, facts, path)


def load_panel(path: str | os.PathLike[str]) -> Panel:
    """Read a panel.

    Raises:
        MissingFileError, CheckpointError: when there is none, or it is damaged.
    """
    tensors, facts = load_tensors(KIND, path)
    with parsing(path):
        names, shape = facts["names"], facts["shape"]
        directions = Directions(
            Direction(
                name=name,
                vector=tensors["directions"][k].reshape(shape),
                space=Space(facts["space"]),
                sigma=facts["sigma"][k],
                slope=_float(facts["slope"][k]),
                intercept=facts["intercept"][k],
                auc=_float(facts["auc"][k]),
                method=facts["method"],
                fingerprint=facts["fingerprint"],
            )
            for k, name in enumerate(names)
        )
        return Panel(
            fingerprint=facts["fingerprint"],
            scorer_fingerprint=facts["scorer_fingerprint"],
            scorer=facts["scorer"],
            attributes=tuple(facts["attributes"]),
            directions=directions,
            exclusive=facts["exclusive"],
            prevalence=tensors.get("prevalence"),
            alone=_measured(tensors, "alone"),
            held=_measured(tensors, "held"),
            holding=Holding(
                names=tuple(names),
                gradients=tensors["holding.slopes"].double(),
                deviations=tensors["holding.deviations"].double(),
                ridge=facts["ridge"],
                shape=tuple(shape),
            )
            if "holding.slopes" in tensors
            else None,
            looks=tensors["looks"].float() if "looks" in tensors else None,
            atlas=Atlas(
                seeds=tensors["atlas.seeds"].long(),
                xy=tensors["atlas.xy"].float(),
                scores=tensors["atlas.scores"].float() / 255,
                about=facts["about"],
            )
            if "atlas.xy" in tensors
            else None,
            target_change=facts["target_change"],
            notes=tuple(facts["notes"]),
        )


def _measured(tensors: Mapping[str, Tensor], how: str) -> Measured | None:
    if f"{how}.steps" not in tensors:
        return None
    return Measured(
        steps=tensors[f"{how}.steps"],
        changes=tensors[f"{how}.changes"].float(),
        selectivity=tensors[f"{how}.selectivity"],
        reached=tensors[f"{how}.reached"],
    )


def _float(value: float | None) -> float:
    return float("nan") if value is None else value

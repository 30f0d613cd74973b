"""What the page shows of a panel, as JSON."""

from __future__ import annotations

import math
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from ganatomy.experiments.explore.gallery import Gallery
from ganatomy.experiments.explore.panel import Panel, Sliders
from ganatomy.metrics.entanglement import DOUBTS
from ganatomy.report.writer import as_json
from ganatomy.studio.groups import GROUPS, groups_of
from ganatomy.studio.tracks import LIMIT

NUM_ALSO = 3
"""Other attributes that are named for each slider."""
LITTLE = 0.01
"""A mean change of probability below this is not named."""
CLOSED = ("short", "unconfirmed", "unusual")
"""Doubts of sliders that hardly change in this model what they are named after, while images stay usual."""
RIGHT = 0.8
"""Share of images in which a slider at the end of its track must have moved its own score the right way."""
FIRST = "Smiling"
"""What most people try first, where a model has it."""
READY = 0.2
"""Score of an attribute that a step of its slider brings out."""
NUM_TRIED, NUM_STARTS = 8, 12
"""Sliders that should show in the first image, and images of which one is chosen by what a step does."""
TYPICAL, NEIGHBOURS = 0.1, 5
"""Share of the seeds that it is chosen from, and the neighbour in the classifier's features whose distance says which.

Images that are broken, or odd, lie apart (Han et al. 2023, "Rarity Score")."""


def panel_data(panel: Panel, model: str) -> dict[str, Any]:
    """All that the page shows of a panel; directions come with the highest selectivity first."""
    order, gallery = panel.order, panel.gallery
    groups = groups_of(panel.names) or [None] * len(panel.names)
    return {
        "model": model,
        "space": str(panel.space),
        "scorer": panel.scorer or None,
        "reader": None if panel.best is None else "judge" if panel.judge else "classifier",
        "exclusive": panel.exclusive,
        "target_change": panel.target_change,
        "groups": [*dict.fromkeys((*GROUPS, *groups))] if groups[0] else None,
        "directions": [_direction(panel, k, groups[k]) for k in order],
        "attributes": list(panel.attributes),
        "changes": {how: _rounded(sliders.changes[order], 3) for how, sliders in panel.measured.items()}
        or None,
        "margins": as_json(
            {how: _rounded(sliders.margins[order], 3) for how, sliders in panel.measured.items()}
        )
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


def starts(panel: Panel) -> tuple[str, list[int]]:
    """What is tried first, and seeds to open the page with: typical images that the first sliders can change.

    They nearly have what most people try first, so that a step shows, and as many of the next ones as any; the best is
    first. Nothing is tried where no slider can be trusted.
    """
    works = [panel.names[k] for k in panel.order if panel.best is not None and panel.best.trusted[k]]
    tried = sorted(works, key=lambda name: name != FIRST)[:NUM_TRIED]
    columns = [panel.attributes.index(name) for name in tried if name in panel.attributes]
    if not columns:
        return "", [0]
    everything = panel.gallery.probabilities
    seen, rest = everything[:, columns], [k for k in range(everything.shape[1]) if k not in columns]
    unready = (seen[:, 0] - READY).abs() + (seen - READY).abs().mean(1)
    # An image that is half of something, such as half a pair of glasses, is no good start.
    halfway = (4 * everything * (1 - everything))[:, rest].mean(1) if rest else 0.0
    unfit = unready + halfway
    typical = _typical(panel.gallery)
    return panel.attributes[columns[0]], typical[unfit[typical].argsort(stable=True)[:NUM_STARTS]].tolist()


def _typical(gallery: Gallery) -> Int[Tensor, " t"]:
    """The seeds whose images are most like others; all where nothing but scores was read in them."""
    features = gallery.features
    if features is None or features.shape[1] <= gallery.probabilities.shape[1] or len(gallery) <= NEIGHBOURS:
        return torch.arange(len(gallery))
    apart = torch.cdist(features, features).kthvalue(NEIGHBOURS + 1).values  # the nearest is the image itself
    return apart.argsort(stable=True)[: max(1, round(TYPICAL * len(gallery)))]


def _direction(panel: Panel, k: int, group: str | None) -> dict[str, Any]:
    best = panel.best
    doubt = "" if best is None else DOUBTS[int(best.doubts[k])]
    doubted = doubt in CLOSED or (best is not None and not bool(best.selectivity[k, 1] > 1))
    right = math.nan if panel.right_at_ends is None else float(panel.right_at_ends[k])
    astray = right < RIGHT  # what was not measured is not
    return as_json(
        {
            "name": panel.names[k],
            "group": group,
            "measured": {how: _effect(panel, sliders, k) for how, sliders in panel.measured.items()} or None,
            "best": "held" if panel.held_better[k] else "alone",
            "auc": round(panel.directions[k].auc, 4),
            "prevalence": None if panel.prevalence is None else round(float(panel.prevalence[k]), 4),
            "doubt": doubt,
            "works": not (doubted or astray),
            # Why it is folded away, where a single step is clean.
            "wrong_at_ends": round(1 - right, 2) if astray and not doubted else None,
            "limit": LIMIT,
        }
    )


def _effect(panel: Panel, sliders: Sliders, k: int) -> dict[str, Any]:
    """What one step changes: the ratio of the own change to that of the others, and the others that change most.

    All figures are mean sizes of changes in single images, by one reader; signs are those of mean changes.
    """
    name, ratio = panel.names[k], sliders.selectivity_of(k).data()
    sizes = dict(zip(panel.attributes, sliders.sizes[k].tolist(), strict=True))
    signs = dict(zip(panel.attributes, sliders.changes[k].tolist(), strict=True))
    moving = {other: size for other, size in sizes.items() if other != name and size >= LITTLE}  # nan is not
    most = sorted(moving, key=lambda other: -moving[other])[:NUM_ALSO]
    known = [size for other, size in sizes.items() if other != name and not math.isnan(size)]
    # The ratio is the own change over the mean size of all others.
    own = ratio["value"] * sum(known) / len(known) if known else math.nan
    return {
        **{end: round(value, 4) for end, value in ratio.items()},
        "doubt": DOUBTS[int(sliders.doubts[k])],
        "own": round(own, 3),
        "moving": round(own * len(moving) / sum(moving.values()), 3) if moving else None,
        "num_moving": len(moving),
        "also": [
            {"name": other, "change": round(math.copysign(moving[other], signs[other]), 3)} for other in most
        ],
    }


def _rounded(values: Tensor, digits: int) -> list[Any]:
    return values.double().round(decimals=digits).tolist()

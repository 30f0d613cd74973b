"""Classes: attributes of which every image has exactly one, such as digits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.maps.faithfulness import nearest
from ganatomy.perception.base import Scores

SURE = 0.02
"""Probabilities of classes add up to 1 within this, whatever the precision that they were computed in."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Classes:
    """The class of each image, by its place in `names`."""

    names: tuple[str, ...]
    index: Int[Tensor, " n"]

    @property
    def counts(self) -> tuple[int, ...]:
        return tuple(int((self.index == k).sum()) for k in range(len(self.names)))


def classes_of(scores: Scores) -> Classes | None:
    """The likeliest attribute of each image, where attributes exclude each other; None where they do not.

    They do when the probabilities of every image add up to 1, as those of a softmax do.
    """
    totals = scores.probabilities.double().sum(1)
    if len(scores.names) < 2 or not len(totals) or float((totals - 1).abs().max()) > SURE:
        return None
    return Classes(names=scores.names, index=scores.logits.argmax(1).cpu())


@dataclass(frozen=True, kw_only=True)
class Centre:
    """Where a class stands out most on a map.

    Args:
        row: of the point there.
        share: of the points around it that are of the class.
    """

    row: int
    share: float


def class_centres(xy: Float[Tensor, "n 2"], classes: Int[Tensor, " n"], num: int) -> list[Centre | None]:
    """Of each class, its point with most of its own around it; None for a class without points.

    The mean of a class may lie where none of it is: between two of its groups, or within another class.
    """
    places, kinds = xy.double().numpy(), classes.numpy()
    around = nearest(places, max(1, min(len(places) - 1, max(10, len(places) // 40))))
    share = (kinds[around] == kinds[:, None]).mean(1)
    # Of several points that have only their own class around them, the one in the densest place.
    distance = np.linalg.norm(places[around] - places[:, None], axis=2).mean(1)
    order = share - 1e-3 * distance / max(distance.max(), 1e-12)
    centres: list[Centre | None] = []
    for kind in range(num):
        rows = np.flatnonzero(kinds == kind)
        best = int(rows[order[rows].argmax()]) if len(rows) else None
        centres.append(None if best is None else Centre(row=best, share=float(share[best])))
    return centres

"""How much of what is near in many dimensions is still near on a map, and the other way round.

Venna and Kaski 2001, "Neighborhood preservation in nonlinear projection methods" (trustworthiness and continuity).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.statistics.intervals import Estimate, mean_of

NEIGHBOURS = 10
ENOUGH = 2000
"""Points that give both ranks to about .01; time grows with the square of their number."""


@dataclass(frozen=True, kw_only=True)
class Faithfulness:
    """What a map keeps of its points. All are shares of 1, and higher is better.

    Args:
        trustworthiness: neighbours on the map that are neighbours (1 when all are, about .5 by chance).
        continuity: neighbours that are neighbours on the map.
        neighbours: of each point that were compared.
        class_accuracy: points whose class is that of most of their neighbours on the map, None without classes.
        class_accuracy_before: the same among the points themselves.
        chance: the share of the commonest class.
    """

    trustworthiness: float
    continuity: float
    neighbours: int
    class_accuracy: Estimate | None = None
    class_accuracy_before: Estimate | None = None
    chance: float | None = None

    def data(self) -> dict[str, Any]:
        """All figures, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        kept = f"trustworthiness {self.trustworthiness:.2f}, continuity {self.continuity:.2f}"
        if self.class_accuracy is None or self.class_accuracy_before is None:
            return f"{kept} ({self.neighbours} neighbours; 1 is best)"
        return (
            f"{kept}, class predicted by {self.neighbours} neighbours {self.class_accuracy} on the map, "
            f"{self.class_accuracy_before} before ({self.chance:.2g} by the commonest class)"
        )


def faithfulness(
    points: Float[Tensor, "n *shape"],
    xy: Float[Tensor, "n 2"],
    *,
    classes: Int[Tensor, " n"] | None = None,
    neighbours: int = NEIGHBOURS,
    seed: int = 0,
) -> Faithfulness:
    """Compare a map with the points that it was made of; of more than 2,000, as many are drawn.

    Args:
        points: what was mapped, one row each.
        xy: where each point lies on the map.
        classes: the class of each point, by number.
        neighbours: of each point to compare.
        seed: of the points that are drawn.

    Raises:
        SettingError: for fewer than three points for each neighbour and one more.
    """
    from sklearn.manifold import trustworthiness  # a second, which most commands do without

    if len(points) != len(xy):
        raise SettingError(f"{len(xy)} places on a map cannot be compared with {len(points)} points")
    rows = np.random.default_rng(seed).permutation(len(points))[:ENOUGH]
    neighbours = min(neighbours, (len(rows) - 1) // 3)
    if neighbours < 1:
        raise SettingError(f"{len(points)} points have no neighbours to compare; give at least 4")
    far, near = (
        points.detach().cpu().double().flatten(1).numpy()[rows],
        xy.detach().cpu().double().numpy()[rows],
    )
    kinds = None if classes is None else classes.cpu().numpy()[rows]
    return Faithfulness(
        trustworthiness=float(trustworthiness(far, near, n_neighbors=neighbours)),
        continuity=float(trustworthiness(near, far, n_neighbors=neighbours)),
        neighbours=neighbours,
        class_accuracy=None if kinds is None else neighbour_accuracy(near, kinds, neighbours, seed=seed),
        class_accuracy_before=None
        if kinds is None
        else neighbour_accuracy(far, kinds, neighbours, seed=seed),
        chance=None if kinds is None else float(np.bincount(kinds).max() / len(kinds)),
    )


def nearest(points: np.ndarray, num: int) -> np.ndarray:
    """The rows of the `num` nearest other points of each point."""
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=num).fit(points).kneighbors(return_distance=False)


def neighbour_accuracy(
    points: np.ndarray, classes: np.ndarray, neighbours: int = NEIGHBOURS, *, seed: int = 0
) -> Estimate:
    """The share of points whose class is that of most of their neighbours."""
    votes = np.eye(classes.max() + 1)[classes][nearest(points, neighbours)].sum(1)
    return mean_of(torch.from_numpy(votes.argmax(1) == classes).double(), seed=seed)

"""How alike directions are."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.latents import Directions, Space
from ganatomy.metrics.base import MeasuredValue, Result, aligned, certain
from ganatomy.metrics.inputs import Measure, SharedInputs

SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Cosines(Result, unit="mean |cosine|", higher_is_better=False):
    """Cosines between all pairs of directions; they have no sampling error."""

    names: tuple[str, ...]
    matrix: Float[Tensor, "k k"]
    mean_abs: float
    space: Space

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        return self._figures(cosine=certain(self.mean_abs))

    @property
    def notes(self) -> tuple[str, ...]:
        return (
            "cosines compare methods of finding directions, not models: orthogonal directions may be entangled",
        )

    def __str__(self) -> str:
        first, second = torch.triu_indices(len(self.names), len(self.names), 1)
        values = self.matrix[first, second]
        rows = [
            [f"  {self.names[first[i]]} - {self.names[second[i]]}", f"{float(values[i]):+.3f}"]
            for i in values.abs().argsort(descending=True).tolist()[:SHOWN]
        ]
        return (
            f"cosines in {self.space}: mean |cosine| {self.mean_abs:.3f} between {len(self.names)} directions; "
            f"{self.verdict}\n" + aligned(rows)
        )


def cosines(directions: Directions) -> Cosines:
    """The cosines between all pairs of directions.

    Returns:
        Their cosines, and the mean of the sizes.

    Raises:
        SettingError: for fewer than two directions.

    Example:
        >>> import ganatomy as ga
        >>> round(ga.cosines(ga.ToyGenerator(cosine=0.5).truth).mean_abs, 3)
        0.5
    """
    return Cosines(
        names=tuple(directions.names),
        matrix=directions.gram(),
        mean_abs=mean_abs_cosine(directions),
        space=directions.space,
    )


def mean_abs_cosine(directions: Directions, attribute: str | None = None) -> float:
    """Mean |cosine| over all pairs of directions; 0 where all are orthogonal.

    Args:
        attribute: of whose direction alone the cosines to all others are averaged.

    Raises:
        UnknownNameError: for an attribute without a direction.
        SettingError: for fewer than two directions.
    """
    if len(directions) < 2:
        raise SettingError(
            f"a cosine needs two directions, there {'is' if len(directions) == 1 else 'are'} {len(directions)}"
        )
    sizes = directions.gram().abs()
    if attribute is None:
        return float(sizes[~torch.eye(len(directions), dtype=torch.bool)].mean())
    place = directions.names.index(directions[attribute].name)
    return float((sizes[place].sum() - sizes[place, place]) / (len(directions) - 1))


def measure(inputs: SharedInputs) -> dict[str, Cosines]:
    """In z and in w."""
    return {space: cosines(inputs.directions(space)) for space in inputs.spaces}


COSINES = Measure("how alike directions are", Cosines, measure, needs=("scorer",))

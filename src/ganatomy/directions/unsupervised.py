"""What methods without scores share: ranked directions, and the deviation of codes along them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.generators.base import UNIFORM, Generator
from ganatomy.latents import Direction, Directions, Space

ENOUGH = 1000
"""Codes that the deviation along a direction is estimated from, to 2 %."""


@dataclass(frozen=True, init=False)
class Ranked(Directions):
    """Directions ranked by a figure, the highest first.

    Args:
        figure: what the values are, such as "share of variance".
        values: one for each direction.

    Example::

        found = ga.pca(survey, num_components=3)
        for direction, share in zip(found, found.values):
            print(direction.name, f"{share:.1%}")
    """

    figure: str
    values: tuple[float, ...]

    def __init__(self, items: Iterable[Direction], *, figure: str, values: Iterable[float]) -> None:
        super().__init__(items)
        object.__setattr__(self, "figure", figure)
        object.__setattr__(self, "values", tuple(float(value) for value in values))
        if len(self.values) != len(self.items):
            raise SettingError(f"{len(self.items)} directions need as many figures, got {len(self.values)}")

    def __str__(self) -> str:
        width = max((len(name) for name in self.names), default=0)
        rows = [
            f"{direction.name:{width}}  {value:8.3f}  {direction.sigma:8.3f}"
            for direction, value in zip(self.items, self.values, strict=True)
        ]
        return "\n".join([f"{'':{width}}  {self.figure}, sigma", *rows])


def check_count(num_components: int, available: int, what: str) -> None:
    """Refuse a number of components that `what` does not have; raises SettingError with the number available."""
    if not 0 < num_components <= available:
        raise SettingError(f"{what} have 1 to {available} components, not {num_components}")


@torch.no_grad()
def deviations(
    generator: Generator, vectors: Float[Tensor, "k d"], space: Space, *, seed: int
) -> Float[Tensor, " k"]:
    """Standard deviation of the generator's codes along unit vectors: exact for z, of `ENOUGH` codes in w."""
    if space is Space.Z:
        low, high = UNIFORM.get(generator.signature.prior, (0.0, 12**0.5))
        sigma = (high - low) / 12**0.5
        return vectors.new_full((len(vectors),), sigma)
    codes = generator.sample(ENOUGH, seed=seed, space=space).codes.cpu()
    return (codes.to(vectors) @ vectors.T).std(0)

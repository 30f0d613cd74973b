"""What methods that need no scores share: a ranking, upright vectors, and how codes spread along them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.latents import Direction, Directions, Space

ENOUGH = 1000
"""Codes that tell the spread along a direction to 2 %, where a method sees none itself."""


@dataclass(frozen=True, init=False)
class Ranked(Directions):
    """Directions in the order of a figure that the method gives each, the highest first.

    Args:
        figure: what the values are, such as "share of variance". values: one for each direction.
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


def upright(vectors: Float[Tensor, "k d"]) -> Float[Tensor, "k d"]:
    """Each vector or its opposite, which are as good as each other: the one whose largest number is positive."""
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return torch.where(largest < 0, -vectors, vectors)


def check_count(num_components: int, available: int, what: str) -> None:
    """Refuse a number of components that there are not.

    Raises:
        SettingError: naming `what` has them, and how many it has.
    """
    if not 0 < num_components <= available:
        raise SettingError(f"{what} have 1 to {available} components, not {num_components}")


@torch.no_grad()
def deviations(
    generator: Generator, vectors: Float[Tensor, "k d"], space: Space, *, seed: int
) -> Float[Tensor, " k"]:
    """Standard deviation of the generator's codes along unit vectors: known for z, measured on `ENOUGH` codes in w."""
    if space is Space.Z:
        sigma = 1.0 if generator.signature.prior == "normal" else 3**-0.5
        return vectors.new_full((len(vectors),), sigma)
    codes = generator.sample(ENOUGH, seed=seed, space=space).codes.cpu()
    return (codes.to(vectors) @ vectors.T).std(0)

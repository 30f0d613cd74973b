"""What the checks of shapes and types find, which all other tests rely on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import pytest
import torch
from jaxtyping import Float, TypeCheckError
from torch import Tensor, ones
from typecheck import checked

import ganatomy as ga
from ganatomy.directions.few_labels import share_interval


@checked
def joined(codes: Float[Tensor, "n d"], others: Float[Tensor, "m d"], as_it_is: bool) -> Float[Tensor, "n d"]:
    return codes if as_it_is else torch.cat([codes, others])


@checked
def twice(codes: Float[Tensor, "n d"]) -> Float[Tensor, "m n"]:
    return joined(codes.T, codes.T, True)


@checked
def lengths(codes: Float[Tensor, "n d"]) -> Iterator[float]:
    yield from codes.norm(dim=1).tolist()


@checked
def first(codes: Float[Tensor, "n d"], num: int) -> Float[Tensor, "{num} d"]:
    return codes[:num]


@checked
@dataclass(frozen=True)
class Codes:
    values: Float[Tensor, "n d"]
    scale: float = 1

    @checked
    def plus(self, other: Self, factor: float) -> Self:
        return type(self)(self.values + factor * other.values)


def test_what_fits_passes() -> None:
    assert joined(ones(2, 3), ones(4, 3), as_it_is=True).shape == (2, 3)
    assert twice(ones(2, 3)).shape == (3, 2), "axes of a function are no axes of its caller"
    assert first(ones(2, 3), 1).shape == (1, 3)
    assert list(lengths(ones(2, 4))) == [2, 2]
    assert Codes(ones(2, 3)).plus(Codes(ones(2, 3)), 1).values.sum() == 12


@pytest.mark.parametrize(
    "call",
    [
        lambda: joined(ones(2, 3), ones(4, 5), True),
        lambda: joined(ones(2, 3), ones(4, 3), False),
        lambda: joined(ones(2, 3), ones(4, 3, dtype=torch.long), True),
        lambda: joined(ones(2, 3), ones(4, 3), "yes"),
        lambda: joined(ones(2), ones(4, 3), True),
        lambda: first(ones(2, 3), 4),
        lambda: Codes(ones(2)),
        lambda: Codes(ones(2, 3)).plus(Codes(ones(2, 3)), "1"),
        lambda: share_interval("1", 2),
        lambda: ga.Latents(codes=[1.0], space=ga.Space.Z),
    ],
    ids=[
        "an axis with two lengths",
        "a result of another length",
        "integers",
        "a text",
        "too few axes",
        "fewer than asked for",
        "a dataclass",
        "a method of its own kind",
        "a function of the package",
        "a dataclass of the package",
    ],
)
def test_what_does_not_fit_is_found(call: Any) -> None:
    with pytest.raises(TypeCheckError):
        call()


def test_a_generator_is_checked_before_it_starts() -> None:
    with pytest.raises(TypeCheckError, match="lengths"):
        lengths(ones(2))

"""What a recipe does to codes: moves along directions, and codes that a search arrived at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import torch

from ganatomy import edits
from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.latents import Direction, Latents
from ganatomy.recipes.codes import Basket, on_generator, read_basket
from ganatomy.recipes.fields import Fields, choice, layer_range, number, several, text
from ganatomy.recipes.parts import Part, named_direction, named_directions, one_of, read_latents

MOST_MOVES = 100


def _one_or_each(value: Any, where: str) -> float | tuple[float, ...]:
    return (several(number(), least=1) if isinstance(value, list) else number())(value, where)


def _read_sought(value: Any, where: str) -> dict[str, float]:
    fields = Fields(value, where)
    several(text)(list(fields.data), where)
    return {name: fields.take(name, number()) for name in fields.data}


Strengths = Annotated[tuple[float, ...], several(number(), least=1)]
Held = Annotated[tuple[Direction, ...], named_directions]
Layers = Annotated[tuple[int, int] | None, layer_range]


@dataclass(frozen=True, kw_only=True)
class Move(Part):
    """Codes moved along a direction, by one strength or one for each code; settings are those of `edits.move`."""

    strength: Annotated[float | tuple[float, ...], _one_or_each]
    direction: Annotated[Direction, named_direction]
    units: Annotated[str, choice(edits.UNITS)] = "distance"
    hold: Held = ()
    layers: Layers = None

    def apply(self, latents: Latents, generator: Generator) -> Latents:
        strength = torch.as_tensor(self.strength, dtype=torch.float64)
        return edits.move(
            latents, self.direction, strength, units=self.units, hold=self.hold, layers=self.layers
        )


@dataclass(frozen=True, kw_only=True)
class Reached(Part):
    """Codes that a search arrived at, such as a guided edit; they stand for the ones before.

    Args:
        sought: what was searched for, such as {"Smiling": 0.9}; it is noted, and not searched for again.
    """

    latents: Annotated[Latents, read_latents, "reached"]
    sought: Annotated[Mapping[str, float], _read_sought] = field(default_factory=dict)

    def apply(self, latents: Latents, generator: Generator) -> Latents:
        if len(latents) != len(self.latents):
            raise SettingError(
                f"the recipe reached {len(self.latents)} codes from other ones, and there are {len(latents)} now; "
                "make the edit anew for others"
            )
        return on_generator(self.latents, generator)


@dataclass(frozen=True, kw_only=True)
class Along(Part):
    """A walk along a direction; settings are those of `edits.walk`."""

    strengths: Strengths
    direction: Annotated[Direction, named_direction]
    units: Annotated[str, choice(edits.UNITS)] = "sigma"
    hold: Held = ()
    layers: Layers = None

    @property
    def name(self) -> str:
        return self.direction.name

    def walk(self, latents: Latents, generator: Generator) -> Latents:
        return edits.walk(
            latents, self.direction, self.strengths, units=self.units, hold=self.hold, layers=self.layers
        )


@dataclass(frozen=True, kw_only=True)
class Turn(Part):
    """A walk along the turn vector of two baskets (`edits.turn`)."""

    plus: Annotated[Basket, read_basket]
    minus: Annotated[Basket, read_basket]
    strengths: Strengths

    name = "turn"

    def walk(self, latents: Latents, generator: Generator) -> Latents:
        return edits.turn(latents, self.plus.draw(generator), self.minus.draw(generator), self.strengths)


Edit = Move | Reached
Walked = Along | Turn

read_edit = one_of(lambda data: Reached if "reached" in data else Move, "an edit")
read_walked = one_of(lambda data: Turn if "plus" in data else Along, "a walk")

"""What a recipe does to codes: moves along directions, which it carries by value, and codes that were sought."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import torch

from ganatomy import edits
from ganatomy.errors import CheckpointError, SettingError, UnknownNameError
from ganatomy.generators.base import Generator
from ganatomy.latents import Direction, Latents, Space
from ganatomy.recipes.codes import Drawn, Given, on_generator, read_basket, read_latents, write_latents
from ganatomy.recipes.fields import (
    Fields,
    any_number,
    building,
    choice,
    integer,
    layer_range,
    number,
    several,
    tensor,
    text,
    write_number,
    write_tensor,
    wrong,
)

MOST_MOVES = 100
MOST_DIRECTIONS = 1000


@dataclass(frozen=True, kw_only=True)
class Table:
    """The directions of a recipe, each once, by the name that moves call it by."""

    directions: dict[str, Direction] = field(default_factory=dict)

    def name_of(self, direction: Direction) -> str:
        """The name of a direction in the table, which it now stands in; two of one name are told apart by a number."""
        names = [direction.name, *(f"{direction.name} {count}" for count in range(2, MOST_DIRECTIONS))]
        for name in names:
            if self.directions.setdefault(name, direction) is direction:
                return name
        raise SettingError(f"a recipe has at most {MOST_DIRECTIONS} directions of one name")

    def to_data(self) -> dict[str, Any]:
        return {name: write_direction(direction) for name, direction in self.directions.items()}

    def read(self, value: Any, where: str) -> Direction:
        name = text(value, where)
        if name not in self.directions:
            unknown = UnknownNameError("direction", name, self.directions)
            raise CheckpointError(f"recipe field {where!r} goes wrong: {unknown}")
        return self.directions[name]


def read_table(value: Any, where: str) -> Table:
    fields = Fields(value, where)
    several(text, most=MOST_DIRECTIONS)(list(fields.data), where)
    return Table(directions={name: fields.take(name, read_direction) for name in fields.data})


@dataclass(frozen=True, kw_only=True)
class Move:
    """Codes moved along a direction, by one strength or one for each code; settings are those of `edits.move`."""

    direction: Direction
    strength: float | tuple[float, ...]
    units: str = "distance"
    hold: tuple[Direction, ...] = ()
    layers: tuple[int, int] | None = None

    def apply(self, latents: Latents, generator: Generator) -> Latents:
        return edits.move(
            latents,
            self.direction,
            torch.as_tensor(self.strength, dtype=torch.float64),
            units=self.units,
            hold=self.hold,
            layers=self.layers,
        )

    def of_any_generator(self) -> Self:
        return replace(self, direction=self.direction.of_any_generator(), hold=_freed(self.hold))

    def to_data(self, table: Table) -> dict[str, Any]:
        strength = (
            [float(each) for each in self.strength]
            if isinstance(self.strength, tuple)
            else float(self.strength)
        )
        return {"strength": strength, **_write_way(self, table)}

    @classmethod
    def of(cls, fields: Fields, table: Table) -> Self:
        each = isinstance(fields.data.get("strength"), list)
        return cls(
            strength=fields.take("strength", several(number(), least=1) if each else number()),
            **_read_way(fields, table),
        )


@dataclass(frozen=True, kw_only=True)
class Reached:
    """Codes that a search arrived at, such as a guided edit; they stand for the ones before.

    Args:
        sought: what was searched for, such as {"Smiling": 0.9}: told, and not searched for again.
    """

    latents: Latents
    sought: Mapping[str, float] = field(default_factory=dict)

    def apply(self, latents: Latents, generator: Generator) -> Latents:
        if len(latents) != len(self.latents):
            raise SettingError(
                f"the recipe reached {len(self.latents)} codes from other ones, and there are {len(latents)} now; "
                "make the edit anew for others"
            )
        return on_generator(self.latents, generator)

    def of_any_generator(self) -> Self:
        return replace(self, latents=replace(self.latents, fingerprint=None))

    def to_data(self, table: Table) -> dict[str, Any]:
        return {"reached": write_latents(self.latents), "sought": dict(self.sought)}

    @classmethod
    def of(cls, fields: Fields, table: Table) -> Self:
        return cls(
            latents=fields.take("reached", read_latents), sought=fields.take("sought", _read_sought, {})
        )


Edit = Move | Reached


@dataclass(frozen=True, kw_only=True)
class Along:
    """A walk along a direction; settings are those of `edits.walk`."""

    direction: Direction
    strengths: tuple[float, ...]
    units: str = "sigma"
    hold: tuple[Direction, ...] = ()
    layers: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        return self.direction.name

    def walk(self, latents: Latents, generator: Generator) -> Latents:
        return edits.walk(
            latents, self.direction, self.strengths, units=self.units, hold=self.hold, layers=self.layers
        )

    def of_any_generator(self) -> Self:
        return replace(self, direction=self.direction.of_any_generator(), hold=_freed(self.hold))

    def to_data(self, table: Table) -> dict[str, Any]:
        return {"strengths": [float(strength) for strength in self.strengths], **_write_way(self, table)}

    @classmethod
    def of(cls, fields: Fields, table: Table) -> Self:
        strengths = fields.take("strengths", several(number(), least=1))
        return cls(strengths=strengths, **_read_way(fields, table))


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A walk along the turn vector of two baskets (`edits.turn`)."""

    plus: Drawn | Given
    minus: Drawn | Given
    strengths: tuple[float, ...]

    name = "turn"

    def walk(self, latents: Latents, generator: Generator) -> Latents:
        return edits.turn(latents, self.plus.draw(generator), self.minus.draw(generator), self.strengths)

    def of_any_generator(self) -> Self:
        return replace(self, plus=self.plus.of_any_generator(), minus=self.minus.of_any_generator())

    def to_data(self, table: Table) -> dict[str, Any]:
        return {
            "plus": self.plus.to_data(),
            "minus": self.minus.to_data(),
            "strengths": [float(strength) for strength in self.strengths],
        }

    @classmethod
    def of(cls, fields: Fields, table: Table) -> Self:
        return cls(
            plus=fields.take("plus", read_basket),
            minus=fields.take("minus", read_basket),
            strengths=fields.take("strengths", several(number(), least=1)),
        )


Way = Along | Turn


def read_edit(value: Any, where: str, table: Table) -> Edit:
    fields = Fields(value, where)
    found = (Reached if "reached" in fields.data else Move).of(fields, table)
    fields.end()
    return found


def read_walk(value: Any, where: str, table: Table) -> Way:
    fields = Fields(value, where)
    found = (Turn if "plus" in fields.data else Along).of(fields, table)
    fields.end()
    return found


def _freed(directions: Iterable[Direction]) -> tuple[Direction, ...]:
    return tuple(direction.of_any_generator() for direction in directions)


def _write_way(way: Move | Along, table: Table) -> dict[str, Any]:
    """What a move and a walk have in common."""
    return {
        "direction": table.name_of(way.direction),
        "units": way.units,
        "hold": [table.name_of(held) for held in way.hold],
        "layers": None if way.layers is None else list(way.layers),
    }


def _read_way(fields: Fields, table: Table) -> dict[str, Any]:
    return {
        "direction": fields.take("direction", table.read),
        "units": fields.take("units", choice(edits.UNITS)),
        "hold": fields.take("hold", several(table.read, most=MOST_DIRECTIONS), ()),
        "layers": fields.take("layers", layer_range, None),
    }


def write_direction(direction: Direction) -> dict[str, Any]:
    return {
        "name": direction.name,
        "space": str(direction.space),
        "vector": write_tensor(direction.vector),
        "intercept": write_number(direction.intercept),
        "sigma": write_number(direction.sigma),
        "slope": write_number(direction.slope),
        "auc": write_number(direction.auc),
        "layers": None if direction.layers is None else list(direction.layers),
        "method": direction.method,
        "seed": direction.seed,
        "fingerprint": direction.fingerprint,
    }


def read_direction(value: Any, where: str) -> Direction:
    fields = Fields(value, where)
    with building(where):
        found = Direction(
            name=fields.take("name", text),
            space=Space(fields.take("space", choice(Space))),
            vector=fields.take("vector", tensor),
            intercept=fields.take("intercept", any_number, 0.0),
            sigma=fields.take("sigma", _deviation, 1.0),
            slope=fields.take("slope", any_number, float("nan")),
            auc=fields.take("auc", any_number, float("nan")),
            layers=fields.take("layers", layer_range, None),
            method=fields.take("method", text, "given"),
            seed=fields.take("seed", integer(0, 2**63 - 1), None),
            fingerprint=fields.take("fingerprint", text, None),
        )
    fields.end()
    return found


def _deviation(value: Any, where: str) -> float:
    """A standard deviation: nan where nobody knows it, 0 where codes do not differ."""
    found = any_number(value, where)
    if found < 0 or math.isinf(found):
        raise wrong(where, value, "a standard deviation, which is from 0, or nan where nobody knows it")
    return found


def _read_sought(value: Any, where: str) -> dict[str, float]:
    fields = Fields(value, where)
    several(text)(list(fields.data), where)
    return {name: fields.take(name, number()) for name in fields.data}

"""From frozen dataclasses to JSON and back: what all parts of a recipe share."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from typing import Any, Self, get_type_hints

from torch import Tensor

from ganatomy.errors import CheckpointError, GanatomyError, SettingError, UnknownNameError
from ganatomy.latents import Direction, Latents, Space
from ganatomy.recipes.fields import (
    LAST_SEED,
    MOST_IMAGES,
    REQUIRED,
    Fields,
    Place,
    Reader,
    T,
    any_number,
    choice,
    integer,
    layer_range,
    several,
    tensor,
    text,
    write_number,
    write_tensor,
    wrong,
)

MOST_DIRECTIONS = 1000
ABSENT: Any = object()


class Part:
    """A frozen dataclass that is one object of JSON.

    Each field is annotated with its type, the reader of its JSON, and its name there where that is another one:
    `latents: Annotated[Latents, read_latents, "values"]`. Values that are built in Python are not checked.
    """

    @classmethod
    def read(cls, value: Any, where: str) -> Self:
        """The part that stands in this field.

        Raises:
            CheckpointError: for anything else.
        """
        found = Fields(value, where)
        part = cls.take(found)
        found.end()
        return part

    @classmethod
    def take(cls, found: Fields) -> Self:
        """The part out of the fields of a larger object."""
        return cls(**_taken(cls, layout(cls), found))

    def to_data(self, table: DirectionTable | None = None) -> dict[str, Any]:
        """Its JSON; directions go to the table, and their names stand for them."""
        return {key: write(getattr(self, name), table) for name, key, _ in layout(type(self))}

    def of_any_generator(self) -> Self:
        """The same, no longer tied to the generator that it was made for."""
        return _freed(self)


@functools.cache
def layout(kind: Any) -> tuple[tuple[str, str, Reader[Any]], ...]:
    """Each field of a part, its name in JSON, and what reads it."""
    hints = get_type_hints(kind, include_extras=True)
    marks = {own.name: hints[own.name].__metadata__ for own in fields(kind)}
    return tuple((name, (*own, name)[1], own[0]) for name, own in marks.items())


def one_of(choose: Callable[[Mapping[str, Any]], type[Part] | None], expected: str) -> Reader[Any]:
    """A reader of several kinds of parts, told apart by what the object holds."""

    def read(value: Any, where: str) -> Any:
        kind = choose(Fields(value, where).data)
        if kind is None:
            raise wrong(where, value, expected)
        return kind.read(value, where)

    return read


@dataclass(frozen=True, kw_only=True)
class DirectionTable:
    """The directions of a recipe, each once, by the name that edits and walks call it by."""

    directions: dict[str, Direction] = field(default_factory=dict)

    def name_of(self, direction: Direction) -> str:
        """The name of a direction in the table, where it stands from now on; a second one of a name gets a number."""
        names = [direction.name, *(f"{direction.name} {count}" for count in range(2, MOST_DIRECTIONS))]
        for name in names:
            if self.directions.setdefault(name, direction) is direction:
                return name
        raise SettingError(f"a recipe has at most {MOST_DIRECTIONS} directions of one name")

    def to_data(self) -> dict[str, Any]:
        return {name: write_direction(direction) for name, direction in self.directions.items()}


def named_direction(value: Any, where: str) -> Direction:
    """A direction by its name in the recipe's table."""
    name, known = text(value, where), Place.of(where).directions
    if name not in known:
        unknown = UnknownNameError("direction", name, known)
        raise CheckpointError(f"recipe field {where!r} goes wrong: {unknown}")
    return known[name]


named_directions = several(named_direction, most=MOST_DIRECTIONS)


def read_space(value: Any, where: str) -> Space:
    return Space(choice(Space)(value, where))


def _deviation(value: Any, where: str) -> float:
    """A standard deviation: nan where it is not known, 0 where codes do not differ."""
    found = any_number(value, where)
    if found < 0 or math.isinf(found):
        raise wrong(where, value, "a standard deviation, which is from 0, or nan where it is not known")
    return found


def _labels(value: Any, where: str) -> Tensor:
    found = tensor(value, where)
    if found.ndim != 2:
        raise wrong(where, value, "one row of labels for each code")
    return found


DIRECTION: dict[str, Reader[Any]] = {
    "name": text,
    "space": read_space,
    "vector": tensor,
    "intercept": any_number,
    "sigma": _deviation,
    "slope": any_number,
    "step": any_number,
    "held": several(text, most=MOST_DIRECTIONS),
    "auc": any_number,
    "layers": layer_range,
    "method": text,
    "seed": integer(0, LAST_SEED),
    "fingerprint": text,
}
LATENTS: dict[str, Reader[Any]] = {
    "codes": tensor,
    "labels": _labels,
    "space": read_space,
    "num_layers": integer(1, 1000),
    "fingerprint": text,
}


def read_direction(value: Any, where: str) -> Direction:
    """A direction by value."""
    return _built(Direction, DIRECTION, value, where)


def read_latents(value: Any, where: str) -> Latents:
    """Codes by value."""
    found = _built(Latents, LATENTS, value, where)
    labels = found.labels
    if len(found) > MOST_IMAGES or (labels is not None and len(labels) != len(found)):
        raise wrong(where, value, f"codes of at most {MOST_IMAGES} images, with a label for each")
    return found


def write_direction(direction: Direction) -> dict[str, Any]:
    values = {name: getattr(direction, name) for name in DIRECTION}
    return {name: write_number(v) if isinstance(v, float) else write(v) for name, v in values.items()}


def write(value: Any, table: DirectionTable | None = None) -> Any:
    """The JSON of whatever a part holds."""
    match value:
        case Part():
            written = value.to_data(table)
        case Direction():
            written = write_direction(value) if table is None else table.name_of(value)
        case Latents():
            written = {name: write(getattr(value, name)) for name in LATENTS}
        case Tensor():
            written = write_tensor(value)
        case Mapping():
            written = {name: write(item, table) for name, item in value.items()}
        case list() | tuple():
            written = [write(item, table) for item in value]
        case _:
            written = str(value) if isinstance(value, str) else value
    return written


def _built(kind: type[T], readers: Mapping[str, Reader[Any]], value: Any, where: str) -> T:
    """A value of another room, of an object with these fields."""
    found = Fields(value, where)
    taken = _taken(kind, [(name, name, read) for name, read in readers.items()], found)
    found.end()
    try:
        return kind(**taken)
    except GanatomyError as error:
        raise CheckpointError(f"recipe field {where!r} cannot be: {error}") from None


def _taken(kind: Any, layout: Iterable[tuple[str, str, Reader[Any]]], found: Fields) -> dict[str, Any]:
    """The values of a dataclass that are there; those without a default must be."""
    needed = {own.name for own in fields(kind) if own.default is own.default_factory is MISSING}
    taken = {n: found.take(key, read, REQUIRED if n in needed else ABSENT) for n, key, read in layout}
    return {name: value for name, value in taken.items() if value is not ABSENT}


def _freed(value: Any) -> Any:
    """The same without fingerprints, wherever they stand."""
    if isinstance(value, tuple):
        return tuple(map(_freed, value))
    if not is_dataclass(value) or isinstance(value, type):
        return value
    inner = {own.name: _freed(getattr(value, own.name)) for own in fields(value)}
    return replace(value, **(inner | ({"fingerprint": None} if "fingerprint" in inner else {})))

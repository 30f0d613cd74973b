"""A scene: one image of the page as data. Anything wrong in it is one clear error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from ganatomy.errors import CheckpointError
from ganatomy.latents import Direction
from ganatomy.recipes.codes import Codes, read_codes
from ganatomy.recipes.fields import (
    LAST_SEED,
    Fields,
    Reader,
    T,
    integer,
    layer_range,
    number,
    several,
    text,
)
from ganatomy.recipes.parts import Part, read_direction

MOST_MOVES = 60
MOST_LABELS = 100
FURTHEST = 6.0
"""Steps. Further out there are no images."""
MOST_CODES = 64
"""Codes that one scene may draw in its sum or basket."""

Seeds = Annotated[tuple[int, ...], several(integer(0, LAST_SEED), most=MOST_LABELS)]


def one_code(value: Any, where: str) -> Codes:
    """Where one code comes from."""
    found = read_codes(value, where)
    if len(found) != 1:
        raise CheckpointError(f"{where!r} stands for {len(found)} codes; a scene has one")
    terms = getattr(found, "terms", ())
    if sum(len(term.codes) for term in terms) > MOST_CODES:
        raise CheckpointError(f"{where!r} sums up more than {MOST_CODES} codes")
    return found


def _hold(value: Any, where: str) -> tuple[str, ...] | Literal["all", "best"]:
    return value if value in ("all", "best") else several(text, most=1000)(value, where)


def named(read: Reader[T]) -> Reader[dict[str, T]]:
    """An object from names to what `read` reads."""

    def read_all(value: Any, where: str) -> dict[str, T]:
        fields = Fields(value, where)
        several(text, most=MOST_MOVES)(list(fields.data), where)
        return {name: fields.take(name, read) for name in fields.data}

    return read_all


@dataclass(frozen=True, kw_only=True)
class Labels(Part):
    """Seeds whose images show an attribute, and seeds whose images do not."""

    yes: Seeds
    no: Seeds


@dataclass(frozen=True, kw_only=True)
class Scene(Part):
    """One image: where its code comes from, and how it is moved.

    Args:
        codes: of the image before it is moved.
        moves: steps along directions of the panel, taught ones and own ones, by name.
        hold: attributes to keep; "all" are those of the panel that are not moved themselves, "best" holds all or none
            for each slider, as was measured to be cleaner.
        firm: attributes to keep before all others, whatever `hold` says.
        layers: half-open range that is moved, all by default.
        taught: directions by the images that were labelled for them.
        own: directions by value, from a file.
    """

    codes: Annotated[Codes, one_code]
    moves: Annotated[Mapping[str, float], named(number(-FURTHEST, FURTHEST))] = field(default_factory=dict)
    hold: Annotated[tuple[str, ...] | Literal["all", "best"], _hold] = "all"
    firm: Annotated[tuple[str, ...], several(text, most=1000)] = ()
    layers: Annotated[tuple[int, int] | None, layer_range] = None
    taught: Annotated[Mapping[str, Labels], named(Labels.read)] = field(default_factory=dict)
    own: Annotated[Mapping[str, Direction], named(read_direction)] = field(default_factory=dict)

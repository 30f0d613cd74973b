"""A scene: one image of the page as data. Anything wrong in it is one clear error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ganatomy.errors import CheckpointError
from ganatomy.latents import Direction
from ganatomy.recipes.codes import Codes, read_codes
from ganatomy.recipes.fields import LAST_SEED, Fields, integer, layer_range, number, several, text
from ganatomy.recipes.parts import read_direction, write_direction

MOST_MOVES = 60
MOST_LABELS = 100
FURTHEST = 6.0
"""Steps. Further out there are no images."""
MOST_CODES = 64
"""Codes that one scene may draw in its sum or basket."""


@dataclass(frozen=True, kw_only=True)
class Labels:
    """Seeds whose images have something, and seeds whose images lack it."""

    yes: tuple[int, ...]
    no: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One image: where its code comes from, and how it is moved.

    Args:
        codes: of the image before it is moved.
        moves: steps along directions of the panel, taught ones and own ones, by name.
        hold: attributes that must stay; "all" are those of the panel that are not moved themselves.
        layers: half-open range that moves, all by default.
        taught: directions by the images that were labelled for them.
        own: directions by value, from a file.
    """

    codes: Codes
    moves: Mapping[str, float] = field(default_factory=dict)
    hold: tuple[str, ...] | Literal["all"] = "all"
    layers: tuple[int, int] | None = None
    taught: Mapping[str, Labels] = field(default_factory=dict)
    own: Mapping[str, Direction] = field(default_factory=dict)

    def to_data(self) -> dict[str, Any]:
        """The same as the page sends it."""
        return {
            "codes": self.codes.to_data(),
            "moves": dict(self.moves),
            "hold": self.hold if self.hold == "all" else list(self.hold),
            "layers": None if self.layers is None else list(self.layers),
            "taught": {
                name: {"yes": list(labels.yes), "no": list(labels.no)} for name, labels in self.taught.items()
            },
            "own": {name: write_direction(direction) for name, direction in self.own.items()},
        }


def read_scene(value: Any, where: str = "scene") -> Scene:
    """A scene from JSON that may come from anywhere.

    Raises:
        CheckpointError: naming the field that is wrong.
    """
    fields = Fields(value, where)
    scene = Scene(
        codes=fields.take("codes", one_code),
        moves=fields.take("moves", _named(number(-FURTHEST, FURTHEST)), {}),
        hold=fields.take("hold", _hold, "all"),
        layers=fields.take("layers", layer_range, None),
        taught=fields.take("taught", _named(read_labels), {}),
        own=fields.take("own", _named(read_direction), {}),
    )
    fields.end()
    return scene


def one_code(value: Any, where: str) -> Codes:
    """Where one code comes from."""
    found = read_codes(value, where)
    if len(found) != 1:
        raise CheckpointError(f"{where!r} stands for {len(found)} codes; a scene has one")
    terms = getattr(found, "terms", ())
    if sum(len(term.codes) for term in terms) > MOST_CODES:
        raise CheckpointError(f"{where!r} sums up more than {MOST_CODES} codes")
    return found


def read_labels(value: Any, where: str) -> Labels:
    """The labels of a taught direction."""
    fields = Fields(value, where)
    seeds = several(integer(0, LAST_SEED), most=MOST_LABELS)
    labels = Labels(yes=fields.take("yes", seeds), no=fields.take("no", seeds))
    fields.end()
    return labels


def _hold(value: Any, where: str) -> tuple[str, ...] | Literal["all"]:
    return "all" if value == "all" else several(text, most=1000)(value, where)


def _named(read: Any) -> Any:
    """An object from names to what `read` reads."""

    def read_all(value: Any, where: str) -> dict[str, Any]:
        fields = Fields(value, where)
        several(text, most=MOST_MOVES)(list(fields.data), where)
        return {name: fields.take(name, read) for name in fields.data}

    return read_all

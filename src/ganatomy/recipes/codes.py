"""Where the codes of an image come from: drawn by seeds, given by value, or a sum of such."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

from ganatomy import edits
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents, Space
from ganatomy.recipes.fields import (
    LAST_SEED,
    MOST_IMAGES,
    Fields,
    choice,
    integer,
    number,
    several,
    text,
    wrong,
)
from ganatomy.recipes.parts import DirectionTable, Part, one_of, read_latents, read_space

SIGNS = ("+", "-")

Psi = Annotated[float, number(-100, 100)]


@dataclass(frozen=True, kw_only=True)
class Drawn(Part):
    """The first `n` codes of each seed, drawn in `space` as `Generator.sample` does."""

    seeds: Annotated[tuple[int, ...], several(integer(0, LAST_SEED), least=1)]
    n: Annotated[int, integer(1, MOST_IMAGES)] = 1
    space: Annotated[Space, read_space]
    truncation_psi: Psi = 1.0
    label: Annotated[int | None, integer(0, 1_000_000)] = None

    @classmethod
    def read(cls, value: Any, where: str) -> Self:
        found = super().read(value, where)
        if len(found) > MOST_IMAGES:
            raise wrong(f"{where}.n", found.n, f"few enough; a recipe has at most {MOST_IMAGES} images")
        return found

    def __len__(self) -> int:
        return len(self.seeds) * self.n

    @property
    def title(self) -> str:
        return ",".join(map(str, self.seeds))

    def draw(self, generator: Generator) -> Latents:
        settings = {"space": self.space, "truncation_psi": self.truncation_psi, "label": self.label}
        return Latents.cat(generator.sample(self.n, seed=seed, **settings) for seed in self.seeds)


@dataclass(frozen=True, kw_only=True)
class Given(Part):
    """Codes by value, mapped to `space` where they are not in it.

    Args:
        photographs: SHA-256 of the photograph that each code was found for; None for other codes. No image depends on
            it, and no recipe holds a photograph.
    """

    latents: Annotated[Latents, read_latents, "values"]
    space: Annotated[Space | None, read_space] = None
    truncation_psi: Psi = 1.0
    photographs: Annotated[tuple[str, ...] | None, several(text)] = None

    def __len__(self) -> int:
        return len(self.latents)

    @property
    def title(self) -> str:
        return f"{len(self)} codes"

    def draw(self, generator: Generator) -> Latents:
        codes = on_generator(self.latents, generator)
        # A w direction moves w+ codes as they are; every other crossing is the generator's.
        fits = self.space in (None, codes.space) or (codes.space, self.space) == (Space.W_PLUS, Space.W)
        if fits:
            return codes
        return generator.map(codes, to=str(self.space), truncation_psi=self.truncation_psi)


Basket = Drawn | Given


def _kind(data: Mapping[str, Any]) -> type[Drawn | Given | Sum] | None:
    """The kind of codes, by the one field that only this kind has."""
    kinds = {"seeds": Drawn, "values": Given, "sum": Sum}
    named = [kind for name, kind in kinds.items() if name in data]
    return named[0] if len(named) == 1 else None


read_codes = one_of(_kind, "codes: it needs one of the fields seeds, values, sum")


def read_basket(value: Any, where: str) -> Basket:
    """Codes that are no sum themselves."""
    found = read_codes(value, where)
    if isinstance(found, Sum):
        raise wrong(where, value, "codes by their seeds or values")
    return found


@dataclass(frozen=True, kw_only=True)
class Term(Part):
    """A basket of codes in a sum; its mean counts, with this sign, which in JSON stands beside the basket's fields."""

    sign: str
    codes: Basket

    @classmethod
    def read(cls, value: Any, where: str) -> Self:
        fields = Fields(value, where)
        sign = fields.take("sign", choice(SIGNS))
        rest = {name: item for name, item in fields.data.items() if name != "sign"}
        return cls(sign=sign, codes=read_basket(rest, where))

    def to_data(self, table: DirectionTable | None = None) -> dict[str, Any]:
        return {"sign": self.sign, **self.codes.to_data(table)}


@dataclass(frozen=True, kw_only=True)
class Sum(Part):
    """One code: the means of the baskets, added and taken away (`arithmetic`)."""

    terms: Annotated[tuple[Term, ...], several(Term.read, least=1, most=100), "sum"]

    def __len__(self) -> int:
        return 1

    @property
    def title(self) -> str:
        return " ".join(f"{term.sign} ({term.codes.title})" for term in self.terms)

    def draw(self, generator: Generator) -> Latents:
        drawn = [(term.sign, term.codes.draw(generator)) for term in self.terms]
        return edits.arithmetic(*([codes for sign, codes in drawn if sign == each] for each in SIGNS))


Codes = Drawn | Given | Sum


def on_generator(latents: Latents, generator: Generator) -> Latents:
    """The codes where the generator is, in its kind of numbers."""
    labels = None if latents.labels is None else latents.labels.to(generator.device, generator.dtype)
    return replace(latents, codes=latents.codes.to(generator.device, generator.dtype), labels=labels)

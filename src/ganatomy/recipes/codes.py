"""Where the codes of an image come from: drawn by seeds, given by value, or a sum of such."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from ganatomy import edits
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents, Space
from ganatomy.recipes.fields import (
    MOST_IMAGES,
    Fields,
    building,
    choice,
    integer,
    number,
    several,
    tensor,
    text,
    write_tensor,
    wrong,
)

LAST_SEED = 2**63 - 1
MOST_TRUNCATION = 100.0
MOST_CLASSES = 1_000_000
SIGNS = ("+", "-")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """The first `n` codes of each seed, drawn in `space` as `Generator.sample` does."""

    seeds: tuple[int, ...]
    n: int = 1
    space: Space
    truncation_psi: float = 1.0
    label: int | None = None

    def __len__(self) -> int:
        return len(self.seeds) * self.n

    @property
    def title(self) -> str:
        return ",".join(map(str, self.seeds))

    def draw(self, generator: Generator) -> Latents:
        return Latents.cat(
            generator.sample(
                self.n,
                seed=seed,
                space=self.space,
                truncation_psi=self.truncation_psi,
                label=self.label,
            )
            for seed in self.seeds
        )

    def of_any_generator(self) -> Self:
        return self

    def to_data(self) -> dict[str, Any]:
        return {
            "seeds": list(self.seeds),
            "n": self.n,
            "space": str(self.space),
            "truncation_psi": float(self.truncation_psi),
            "label": self.label,
        }

    @classmethod
    def of(cls, fields: Fields) -> Self:
        seeds = fields.take("seeds", several(integer(0, LAST_SEED), least=1))
        n = fields.take("n", integer(1, MOST_IMAGES), 1)
        if len(seeds) * n > MOST_IMAGES:
            raise wrong(fields.place("n"), n, f"few enough; a recipe has at most {MOST_IMAGES} images")
        return cls(
            seeds=seeds,
            n=n,
            space=Space(fields.take("space", choice(Space))),
            truncation_psi=fields.take("truncation_psi", number(-MOST_TRUNCATION, MOST_TRUNCATION), 1.0),
            label=fields.take("label", integer(0, MOST_CLASSES), None),
        )


@dataclass(frozen=True, kw_only=True)
class Given:
    """Codes by value, mapped to `space` where they are not in it."""

    latents: Latents
    space: Space | None = None
    truncation_psi: float = 1.0

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

    def of_any_generator(self) -> Self:
        return replace(self, latents=replace(self.latents, fingerprint=None))

    def to_data(self) -> dict[str, Any]:
        return {
            "values": write_latents(self.latents),
            "space": None if self.space is None else str(self.space),
            "truncation_psi": float(self.truncation_psi),
        }

    @classmethod
    def of(cls, fields: Fields) -> Self:
        space = fields.take("space", choice(Space), "")
        return cls(
            latents=fields.take("values", read_latents),
            space=Space(space) if space else None,
            truncation_psi=fields.take("truncation_psi", number(-MOST_TRUNCATION, MOST_TRUNCATION), 1.0),
        )


@dataclass(frozen=True, kw_only=True)
class Term:
    """A basket of codes in a sum; its mean counts, with this sign."""

    sign: str
    codes: Drawn | Given


@dataclass(frozen=True, kw_only=True)
class Sum:
    """One code: the means of the baskets, added and taken away (`arithmetic`)."""

    terms: tuple[Term, ...]

    def __len__(self) -> int:
        return 1

    @property
    def title(self) -> str:
        return " ".join(f"{term.sign} ({term.codes.title})" for term in self.terms)

    def draw(self, generator: Generator) -> Latents:
        return self.add([term.codes.draw(generator) for term in self.terms])

    def add(self, baskets: list[Latents]) -> Latents:
        """The sum of codes that are drawn already, one basket for each term."""
        signed = {
            sign: [basket for term, basket in zip(self.terms, baskets, strict=True) if term.sign == sign]
            for sign in SIGNS
        }
        return edits.arithmetic(signed["+"], signed["-"])

    def of_any_generator(self) -> Self:
        return replace(
            self, terms=tuple(replace(term, codes=term.codes.of_any_generator()) for term in self.terms)
        )

    def to_data(self) -> dict[str, Any]:
        return {"sum": [{"sign": term.sign, **term.codes.to_data()} for term in self.terms]}

    @classmethod
    def of(cls, fields: Fields) -> Self:
        return cls(terms=fields.take("sum", several(_read_term, least=1, most=100)))


Codes = Drawn | Given | Sum
KINDS: dict[str, type[Drawn | Given | Sum]] = {"seeds": Drawn, "values": Given, "sum": Sum}
"""The field that tells each kind of codes."""


def read_codes(value: Any, where: str) -> Codes:
    fields = Fields(value, where)
    found = _kind(fields).of(fields)
    fields.end()
    return found


def read_basket(value: Any, where: str) -> Drawn | Given:
    """Codes that are no sum themselves."""
    found = read_codes(value, where)
    if isinstance(found, Sum):
        raise wrong(where, value, "codes by their seeds or values")
    return found


def read_latents(value: Any, where: str) -> Latents:
    fields = Fields(value, where)
    codes = fields.take("codes", tensor)
    labels = fields.take("labels", tensor, None)
    if len(codes) > MOST_IMAGES or (labels is not None and (labels.ndim != 2 or len(labels) != len(codes))):
        raise wrong(where, value, f"codes of at most {MOST_IMAGES} images, with a label for each")
    with building(where):
        found = Latents(
            codes=codes,
            labels=labels,
            space=Space(fields.take("space", choice(Space))),
            num_layers=fields.take("num_layers", integer(1, 1000), None),
            fingerprint=fields.take("fingerprint", text, None),
        )
    fields.end()
    return found


def write_latents(latents: Latents) -> dict[str, Any]:
    return {
        "codes": write_tensor(latents.codes),
        "labels": None if latents.labels is None else write_tensor(latents.labels),
        "space": str(latents.space),
        "num_layers": latents.num_layers,
        "fingerprint": latents.fingerprint,
    }


def on_generator(latents: Latents, generator: Generator) -> Latents:
    """The codes where the generator is, in its kind of numbers."""
    labels = None if latents.labels is None else latents.labels.to(generator.device, generator.dtype)
    return replace(latents, codes=latents.codes.to(generator.device, generator.dtype), labels=labels)


def _kind(fields: Fields) -> type[Drawn | Given | Sum]:
    named = [kind for name, kind in KINDS.items() if name in fields.data]
    if len(named) != 1:
        raise wrong(fields.where, fields.data, f"codes: it needs one of the fields {', '.join(KINDS)}")
    return named[0]


def _read_term(value: Any, where: str) -> Term:
    fields = Fields(value, where)
    sign = fields.take("sign", choice(SIGNS))
    rest = {name: item for name, item in fields.data.items() if name != "sign"}
    return Term(sign=sign, codes=read_basket(rest, where))

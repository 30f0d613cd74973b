"""What a recipe shows of its codes, one class for each kind of image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from ganatomy import edits
from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents
from ganatomy.recipes.codes import Codes, Drawn, Given, Sum, read_basket
from ganatomy.recipes.fields import (
    MOST_IMAGES,
    Fields,
    choice,
    flag,
    integer,
    layer_range,
    number,
)
from ganatomy.recipes.moves import Table, Way, read_walk

Cells = tuple[int | None, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which codes are drawn, and where their images go.

    Args:
        result: the codes that the recipe is about. shown: those whose images are needed.
        cells: rows of `shown` in the order of the sheet, None for an empty place.
        columns: of the sheet, None for a square one. labels, captions, row_labels: as `plots.grid` takes them.
        frames: for a film, the rows of `shown` that stand side by side in each frame. loop: whether it starts again.
    """

    result: Latents
    shown: Latents
    cells: Cells
    columns: int | None = None
    labels: Sequence[str] | None = None
    captions: Sequence[str] | None = None
    row_labels: Sequence[str] | None = None
    frames: tuple[tuple[int, ...], ...] = ()
    loop: bool = True


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """All codes in rows; with `before`, in one row below the codes as they were before the edits."""

    kind: ClassVar[str] = "sheet"
    columns: int | None = None
    before: bool = False

    def plan(self, generator: Generator, source: Codes, was: Latents, now: Latents) -> Plan:
        if not self.before:
            return Plan(result=now, shown=now, cells=tuple(range(len(now))), columns=self.columns)
        shown = Latents.cat([generator.map(was, to=now.space), now])
        return Plan(result=now, shown=shown, cells=tuple(range(len(shown))), columns=len(now))

    def of_any_generator(self) -> Self:
        return self

    def to_data(self, table: Table) -> dict[str, Any]:
        return {"columns": self.columns, "before": self.before}

    @classmethod
    def of(cls, fields: Fields, table: Table) -> Self:
        columns = fields.take("columns", integer(1, MOST_IMAGES), None)
        return cls(columns=columns, before=fields.take("before", flag, False))


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Every code at every station of a walk, one row for each code; with a second walk `across`, down the rows.

    A film goes there and back again, with the images of all codes side by side.
    """

    kind: ClassVar[str] = "walk"
    along: Way
    across: Way | None = None

    def plan(self, generator: Generator, source: Codes, was: Latents, now: Latents) -> Plan:
        columns, rows = len(self.along.strengths), len(now)
        rows *= 1 if self.across is None else len(self.across.strengths)
        limit_images(rows * columns)
        starts = now if self.across is None else self.across.walk(now, generator)
        shown = self.along.walk(starts, generator)
        captions = [_strength(strength) for strength in self.along.strengths]
        frames, row_labels = (), None
        if self.across is None:
            there = [*range(columns), *range(columns - 2, 0, -1)]
            frames = tuple(tuple(row * columns + column for row in range(rows)) for column in there)
        else:
            captions = [f"{self.along.name} {caption}" for caption in captions]
            row_labels = [f"{self.across.name} {_strength(strength)}" for strength in self.across.strengths]
            row_labels *= len(now)
        return Plan(
            result=shown,
            shown=shown,
            cells=tuple(range(len(shown))),
            columns=columns,
            captions=captions,
            row_labels=row_labels,
            frames=frames,
        )

    def of_any_generator(self) -> Self:
        across = None if self.across is None else self.across.of_any_generator()
        return replace(self, along=self.along.of_any_generator(), across=across)

    def to_data(self, table: Table) -> dict[str, Any]:
        across = None if self.across is None else self.across.to_data(table)
        return {"along": self.along.to_data(table), "across": across}

    @classmethod
    def of(cls, fields: Fields, table: Table) -> Self:
        def read(value: Any, where: str) -> Way:
            return read_walk(value, where, table)

        return cls(along=fields.take("along", read), across=fields.take("across", read, None))


@dataclass(frozen=True, kw_only=True)
class CodePath:
    """The way from code to code (`edits.path`), in one row or as a film; a closed one leads back to the first."""

    kind: ClassVar[str] = "path"
    frames: int
    method: str = "slerp"
    closed: bool = False

    def plan(self, generator: Generator, source: Codes, was: Latents, now: Latents) -> Plan:
        limit_images(self.frames)
        shown = edits.path(now, self.frames, method=self.method, closed=self.closed)
        return Plan(
            result=shown,
            shown=shown,
            cells=tuple(range(len(shown))),
            columns=len(shown),
            frames=tuple((row,) for row in range(len(shown))),
            loop=self.closed,
        )

    def of_any_generator(self) -> Self:
        return self

    def to_data(self, table: Table) -> dict[str, Any]:
        return {"frames": self.frames, "method": self.method, "closed": self.closed}

    @classmethod
    def of(cls, fields: Fields, table: Table) -> Self:
        return cls(
            frames=fields.take("frames", integer(1, MOST_IMAGES)),
            method=fields.take("method", choice(edits.PATH_METHODS)),
            closed=fields.take("closed", flag, False),
        )


@dataclass(frozen=True, kw_only=True)
class Mix:
    """A table of every code with the styles of every one of `columns` in some layers, and both at its margins."""

    kind: ClassVar[str] = "mix"
    columns: Drawn | Given
    layers: tuple[int, int]

    def plan(self, generator: Generator, source: Codes, was: Latents, now: Latents) -> Plan:
        giving = self.columns.draw(generator)
        limit_images((len(now) + 1) * (len(giving) + 1))
        mixed = edits.style_mix(now, giving, self.layers)
        top, table = len(now), len(now) + len(giving)
        cells: list[int | None] = [None, *range(top, table)]
        for row in range(len(now)):
            cells += [row, *range(table + row * len(giving), table + (row + 1) * len(giving))]
        shown = Latents.cat([now.to("w+"), giving.to("w+"), mixed])
        return Plan(result=mixed, shown=shown, cells=tuple(cells), columns=len(giving) + 1)

    def of_any_generator(self) -> Self:
        return replace(self, columns=self.columns.of_any_generator())

    def to_data(self, table: Table) -> dict[str, Any]:
        return {"columns": self.columns.to_data(), "layers": list(self.layers)}

    @classmethod
    def of(cls, fields: Fields, table: Table) -> Self:
        return cls(columns=fields.take("columns", read_basket), layers=fields.take("layers", layer_range))


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One row for each code: the source of its attributes, the code as it was, and with the attributes (`transfer`).

    Args:
        source: as many as there are codes, or one for all.
    """

    kind: ClassVar[str] = "transfer"
    source: Drawn | Given

    def plan(self, generator: Generator, source: Codes, was: Latents, now: Latents) -> Plan:
        given, n = self.source.draw(generator), len(now)
        if len(given) not in (1, n) or len(was) != n:
            raise SettingError(
                f"{len(given)} sources do not go with {len(was)} targets and {n} results; give as many of each"
            )
        limit_images(3 * n)
        shown = Latents.cat([*(generator.map(codes, to=now.space) for codes in (given, was)), now])
        m = len(given)
        cells = tuple(cell for row in range(n) for cell in (row % m, m + row, m + n + row))
        captions = ["source", "target", "result"]
        return Plan(result=now, shown=shown, cells=cells, columns=3, captions=captions)

    def of_any_generator(self) -> Self:
        return replace(self, source=self.source.of_any_generator())

    def to_data(self, table: Table) -> dict[str, Any]:
        return {"source": self.source.to_data()}

    @classmethod
    def of(cls, fields: Fields, table: Table) -> Self:
        return cls(source=fields.take("source", read_basket))


@dataclass(frozen=True, kw_only=True)
class Arithmetic:
    """The mean of each basket of a sum, the sum, and codes near it (`edits.neighbours`)."""

    kind: ClassVar[str] = "arithmetic"
    neighbours: int = 0
    noise: float = 0.25
    seed: int = 0

    def plan(self, generator: Generator, source: Codes, was: Latents, now: Latents) -> Plan:
        if not isinstance(source, Sum):
            raise SettingError("an arithmetic image shows a sum; give codes by their sum, or show a sheet")
        limit_images(self.neighbours)
        means = [edits.arithmetic([term.codes.draw(generator)]) for term in source.terms]
        near = edits.neighbours(now, n=self.neighbours + 1, scale=self.noise, seed=self.seed)
        shown = Latents.cat([*means, near])
        equation = [f"{term.sign} {term.codes.title}" for term in source.terms]
        return Plan(
            result=now,
            shown=shown,
            cells=tuple(range(len(shown))),
            columns=len(means) + 1,
            labels=[*equation, "= sum", *["near it"] * self.neighbours],
        )

    def of_any_generator(self) -> Self:
        return self

    def to_data(self, table: Table) -> dict[str, Any]:
        return {"neighbours": self.neighbours, "noise": float(self.noise), "seed": self.seed}

    @classmethod
    def of(cls, fields: Fields, table: Table) -> Self:
        return cls(
            neighbours=fields.take("neighbours", integer(0, MOST_IMAGES), 0),
            noise=fields.take("noise", number(0), 0.25),
            seed=fields.take("seed", integer(0, 2**63 - 1), 0),
        )


@dataclass(frozen=True, kw_only=True)
class DrawnFaces:
    """Faces that no model made: those of the renderer, whose factors are drawn by seed."""

    kind: ClassVar[str] = "drawn faces"
    n: int
    seed: int = 0
    resolution: int = 64
    independent: bool = False
    columns: int | None = None

    def of_any_generator(self) -> Self:
        return self

    def to_data(self, table: Table) -> dict[str, Any]:
        return {
            "n": self.n,
            "seed": self.seed,
            "resolution": self.resolution,
            "independent": self.independent,
            "columns": self.columns,
        }

    @classmethod
    def of(cls, fields: Fields, table: Table) -> Self:
        return cls(
            n=fields.take("n", integer(1, MOST_IMAGES)),
            seed=fields.take("seed", integer(0, 2**63 - 1), 0),
            resolution=fields.take("resolution", integer(32, 2048), 64),
            independent=fields.take("independent", flag, False),
            columns=fields.take("columns", integer(1, MOST_IMAGES), None),
        )


Image = Sheet | Walk | CodePath | Mix | Transfer | Arithmetic | DrawnFaces
IMAGES: dict[str, type[Image]] = {
    kind.kind: kind for kind in (Sheet, Walk, CodePath, Mix, Transfer, Arithmetic, DrawnFaces)
}


def read_image(value: Any, where: str, table: Table) -> Image:
    fields = Fields(value, where)
    found = IMAGES[fields.take("kind", choice(IMAGES))].of(fields, table)
    fields.end()
    return found


def write_image(image: Image, table: Table) -> dict[str, Any]:
    return {"kind": image.kind, **image.to_data(table)}


def limit_images(count: int) -> None:
    """Refuse what would fill the memory before the first image is drawn.

    Raises:
        SettingError: for more than `MOST_IMAGES`.
    """
    if count > MOST_IMAGES:
        raise SettingError(f"{count} images are too many for one recipe; ask for at most {MOST_IMAGES}")


def _strength(strength: float) -> str:
    return f"{strength:+.1f}" if strength else "0"

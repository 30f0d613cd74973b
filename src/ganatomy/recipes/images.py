"""What a recipe shows of its codes, one class for each kind of image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from ganatomy import edits
from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents
from ganatomy.recipes.codes import Basket, Codes, Sum, read_basket
from ganatomy.recipes.fields import (
    LAST_SEED,
    MOST_IMAGES,
    Fields,
    choice,
    flag,
    integer,
    layer_range,
    number,
    several,
    text,
)
from ganatomy.recipes.moves import Walked, read_walked
from ganatomy.recipes.parts import DirectionTable, Part

Columns = Annotated[int | None, integer(1, MOST_IMAGES)]
Flag = Annotated[bool, flag]
Seed = Annotated[int, integer(0, LAST_SEED)]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which codes are drawn, and where their images go.

    Args:
        result: the codes that the recipe is about.
        shown: those whose images are needed.
        cells: rows of `shown` in the order of the sheet, None for an empty place; by default all in their order.
        columns: of the sheet, None for a square one.
        labels: as `plots.grid` takes them, as are `captions`, `row_labels` and `marked`.
        frames: for a film, the rows of `shown` that stand side by side in each frame.
        stations: what a slider says at each of the first frames, which are those of one way.
        loop: whether a film starts again.
    """

    result: Latents
    shown: Latents
    cells: Sequence[int | None] | None = None
    columns: int | None = None
    labels: Sequence[str] | None = None
    captions: Sequence[str] | None = None
    row_labels: Sequence[str] | None = None
    marked: Sequence[bool] | None = None
    frames: tuple[tuple[int, ...], ...] = ()
    stations: tuple[str, ...] = ()
    loop: bool = True


class Shown(Part):
    """One kind of image."""

    kind: ClassVar[str]

    def to_data(self, table: DirectionTable | None = None) -> dict[str, Any]:
        return {"kind": self.kind, **super().to_data(table)}


@dataclass(frozen=True, kw_only=True)
class Sheet(Shown):
    """All codes in rows; with `before`, in one row below the codes as they were before the edits.

    Args:
        columns: images in a row.
        before: whether the codes stand above as they were.
        numbered: whether the number of its row, which `edit --row` takes, stands below each image.
    """

    kind: ClassVar[str] = "sheet"
    columns: Columns = None
    before: Flag = False
    numbered: Flag = False

    def plan(self, generator: Generator, source: Codes, was: Latents, now: Latents) -> Plan:
        if not self.before:
            labels = tuple(map(str, range(len(now)))) if self.numbered else None
            return Plan(result=now, shown=now, columns=self.columns, labels=labels)
        shown = Latents.cat([generator.map(was, to=now.space), now])
        return Plan(result=now, shown=shown, columns=len(now))


@dataclass(frozen=True, kw_only=True)
class GridReading(Part):
    """What was read in a grid of two attributes (`ganatomy.pair_grid`); no image depends on it but for its labels.

    Args:
        identity: how much of its identity each cell keeps.
        disagrees: whether the judge disagrees there.
        lines: the findings.
    """

    identity: Annotated[tuple[float, ...], several(number(), most=MOST_IMAGES)]
    disagrees: Annotated[tuple[bool, ...], several(flag, most=MOST_IMAGES)]
    lines: Annotated[tuple[str, ...], several(text)]

    @property
    def labels(self) -> list[str]:
        """One line below each cell."""
        return [
            f"{kept:.2f}, judge: no" if no else f"identity {kept:.2f}"
            for kept, no in zip(self.identity, self.disagrees, strict=False)
        ]


@dataclass(frozen=True, kw_only=True)
class Walk(Shown):
    """Every code at every station of a walk, one row for each code; with a second walk `across`, down the rows.

    Labels say what was read in a grid. A film goes there and back again, with the images of all codes side by side.
    """

    kind: ClassVar[str] = "walk"
    along: Annotated[Walked, read_walked]
    across: Annotated[Walked | None, read_walked] = None
    reading: Annotated[GridReading | None, GridReading.read] = None

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
        read = self.reading
        if read is not None and not len(read.identity) == len(read.disagrees) == rows * columns:
            raise SettingError(
                f"a reading of {len(read.identity)} cells does not go with a grid of {rows * columns}; leave it out"
            )
        return Plan(
            result=shown,
            shown=shown,
            columns=columns,
            labels=None if read is None else read.labels,
            captions=captions,
            row_labels=row_labels,
            marked=None if read is None else read.disagrees,
            frames=frames,
            stations=tuple(captions) if frames else (),
        )


@dataclass(frozen=True, kw_only=True)
class CodePath(Shown):
    """A path from code to code (`edits.path`), in one row or as a film; a closed one leads back to the first."""

    kind: ClassVar[str] = "path"
    frames: Annotated[int, integer(1, MOST_IMAGES)]
    method: Annotated[str, choice(edits.PATH_METHODS)] = "slerp"
    closed: Flag = False

    def plan(self, generator: Generator, source: Codes, was: Latents, now: Latents) -> Plan:
        limit_images(self.frames)
        shown = edits.path(now, self.frames, method=self.method, closed=self.closed)
        return Plan(
            result=shown,
            shown=shown,
            columns=len(shown),
            frames=tuple((row,) for row in range(len(shown))),
            stations=_shares(len(shown), closed=self.closed),
            loop=self.closed,
        )


@dataclass(frozen=True, kw_only=True)
class Mix(Shown):
    """A table of every code with the styles of every one of `columns` in some layers, and both at its margins."""

    kind: ClassVar[str] = "mix"
    columns: Annotated[Basket, read_basket]
    layers: Annotated[tuple[int, int], layer_range]

    def plan(self, generator: Generator, source: Codes, was: Latents, now: Latents) -> Plan:
        giving = self.columns.draw(generator)
        limit_images((len(now) + 1) * (len(giving) + 1))
        mixed = edits.style_mix(now, giving, self.layers)
        top, table = len(now), len(now) + len(giving)
        cells: list[int | None] = [None, *range(top, table)]
        for row in range(len(now)):
            cells += [row, *range(table + row * len(giving), table + (row + 1) * len(giving))]
        shown = Latents.cat([now.to("w+"), giving.to("w+"), mixed])
        return Plan(result=mixed, shown=shown, cells=cells, columns=len(giving) + 1)


@dataclass(frozen=True, kw_only=True)
class Transfer(Shown):
    """One row for each code: the source of its attributes, the code as it was, and with the attributes (`transfer`).

    Args:
        source: as many as there are codes, or one for all.
    """

    kind: ClassVar[str] = "transfer"
    source: Annotated[Basket, read_basket]

    def plan(self, generator: Generator, source: Codes, was: Latents, now: Latents) -> Plan:
        given, n = self.source.draw(generator), len(now)
        if len(given) not in (1, n) or len(was) != n:
            raise SettingError(
                f"{len(given)} sources do not go with {len(was)} targets and {n} results; give as many of each"
            )
        limit_images(3 * n)
        shown = Latents.cat([*(generator.map(codes, to=now.space) for codes in (given, was)), now])
        m = len(given)
        cells = [cell for row in range(n) for cell in (row % m, m + row, m + n + row)]
        captions = ["source", "target", "result"]
        return Plan(result=now, shown=shown, cells=cells, columns=3, captions=captions)


@dataclass(frozen=True, kw_only=True)
class Arithmetic(Shown):
    """The mean of each basket of a sum, the sum, and codes near it (`edits.neighbours`)."""

    kind: ClassVar[str] = "arithmetic"
    neighbours: Annotated[int, integer(0, MOST_IMAGES)] = 0
    noise: Annotated[float, number(0)] = 0.25
    seed: Seed = 0

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
            columns=len(means) + 1,
            labels=[*equation, "= sum", *["near it"] * self.neighbours],
        )


@dataclass(frozen=True, kw_only=True)
class DrawnFaces(Shown):
    """Faces that no model made: those of the renderer, whose factors are drawn by seed."""

    kind: ClassVar[str] = "drawn faces"
    n: Annotated[int, integer(1, MOST_IMAGES)]
    seed: Seed = 0
    resolution: Annotated[int, integer(32, 2048)] = 64
    independent: Flag = False
    columns: Columns = None


Image = Sheet | Walk | CodePath | Mix | Transfer | Arithmetic | DrawnFaces
IMAGES: dict[str, type[Image]] = {
    kind.kind: kind for kind in (Sheet, Walk, CodePath, Mix, Transfer, Arithmetic, DrawnFaces)
}


def read_image(value: Any, where: str) -> Image:
    fields = Fields(value, where)
    found = IMAGES[fields.take("kind", choice(IMAGES))].take(fields)
    fields.end()
    return found


def limit_images(count: int) -> None:
    """Refuse what would fill the memory before the first image is drawn.

    Raises:
        SettingError: for more than `MOST_IMAGES`.
    """
    if count > MOST_IMAGES:
        raise SettingError(f"{count} images are too many for one recipe; ask for at most {MOST_IMAGES}")


def _shares(count: int, *, closed: bool) -> tuple[str, ...]:
    """How far each image of a path is, in percent."""
    last = max(count - (not closed), 1)
    return tuple(f"{100 * row / last:.0f} %" for row in range(count))


def _strength(strength: float) -> str:
    return f"{strength:+.1f}" if strength else "0"

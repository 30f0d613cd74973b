"""Queries over the socket: each kind is a part with its own fields, and emits its answers as they are made."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ganatomy import edits
from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.batches import batches
from ganatomy.images import shown, to_pil
from ganatomy.latents import Latents
from ganatomy.metrics.walks import profile
from ganatomy.recipes.codes import Codes, Given, Sum, Term
from ganatomy.recipes.fields import choice, flag, integer, layer_range, number, several, text
from ganatomy.recipes.parts import Part
from ganatomy.report.writer import as_json
from ganatomy.studio.bench import Bench
from ganatomy.studio.scenes import Labels, Scene, Seeds, one_code
from ganatomy.studio.turns import Pause

MOST_CELLS = 64
MOST_FRAMES = 120
MOST_KEYS = 12
QUALITY = 88
LARGEST = 1024
MOST_PIXELS = 2**23
"""Of one sheet, which is written in one piece."""
SMALLEST_TAUGHT = 2
STATIONS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Steps at which a taught direction is shown."""

Size = Annotated[int | None, integer(8, LARGEST)]
Keys = Annotated[tuple[Scene, ...], several(Scene.read, least=2, most=MOST_KEYS)]
Method = Annotated[str, choice(edits.PATH_METHODS)]
Side = Annotated[tuple[Codes, ...], several(one_code, least=1, most=7)]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One message to the page: facts, and the image that they are about where there is one."""

    facts: dict[str, Any]
    image: bytes = b""


Emit = Callable[[Answer], None]


class Query(Part, ABC):
    """One query of the page."""

    @abstractmethod
    def answer(self, bench: Bench, emit: Emit, pause: Pause) -> None:
        """Compute on a bench, and emit answers as they are made."""


@dataclass(frozen=True, kw_only=True)
class ImageQuery(Query):
    """One image, its scores, and the class that it is drawn with."""

    scene: Annotated[Scene, Scene.read]
    scores: Annotated[bool, flag] = False

    def answer(self, bench: Bench, emit: Emit, pause: Pause) -> None:
        codes = bench.codes([self.scene], pause=pause)
        images = bench.draw(codes)
        emit(image_answer(to_pil(images[0]), kind="image"))
        if self.scores:
            scores = bench.scores(images, codes)
            found = None if scores is None else {name: values[0] for name, values in scores.items()}
            emit(Answer(facts={"kind": "scores", "scores": found, "class": bench.drawn_class(self.scene)}))


@dataclass(frozen=True, kw_only=True)
class ReadingQuery(Query):
    """What the judge reads in the image of a scene and confirms, whether a goal is reached, how usual the code is."""

    scene: Annotated[Scene, Scene.read]

    def answer(self, bench: Bench, emit: Emit, pause: Pause) -> None:
        read = bench.reading(self.scene, pause=pause)
        (image,) = read.images
        facts = {
            "scorer": [] if image.reached is None else read.scorer_lines,
            "reached": image.reached,
            "judge": read.judge_lines,
            "confirmed": image.confirmed,
            "code": read.codes_line,
            "unusual": image.unusual,
        }
        emit(Answer(facts={"kind": "reading", **facts}))


@dataclass(frozen=True, kw_only=True)
class SheetQuery(Query):
    """Many images in one."""

    scenes: Annotated[tuple[Scene, ...], several(Scene.read, least=1, most=MOST_CELLS)]
    columns: Annotated[int, integer(1, MOST_CELLS)] = 8
    size: Size = None
    scores: Annotated[bool, flag] = False

    def answer(self, bench: Bench, emit: Emit, pause: Pause) -> None:
        side = _side(bench, self.size, len(self.scenes))
        cells: list[Image.Image] = []
        scores: dict[str, list[float]] = {}
        for few, images in made(bench, bench.codes(self.scenes, pause=pause), pause):
            cells += [small(image, side) for image in images]
            for name, values in (bench.scores(images, few) or {}).items() if self.scores else ():
                scores.setdefault(name, []).extend(values)
        emit(sheet_answer(cells, columns=self.columns))
        if self.scores:
            emit(Answer(facts={"kind": "scores", "scores": scores or None}))


@dataclass(frozen=True, kw_only=True)
class WalkQuery(Query):
    """The frames of a film between key images, and how fast the image changes from frame to frame."""

    keys: Keys
    method: Method = "lerp"
    frames: Annotated[int, integer(2, MOST_FRAMES)] = 24
    closed: Annotated[bool, flag] = False
    size: Size = None

    def answer(self, bench: Bench, emit: Emit, pause: Pause) -> None:
        side = _side(bench, self.size, self.frames)
        keys = bench.codes(self.keys, pause=pause)
        latents = edits.path(keys, self.frames, method=self.method, closed=self.closed)
        cells: list[Image.Image] = []
        speed: list[float] = []
        last: Tensor | None = None
        for _, images in made(bench, latents, pause):
            cells += [small(image, side) for image in images]
            drawn = images if last is None else torch.cat([last, images])
            speed += drawn.flatten(1).diff(dim=0).square().mean(1).sqrt().tolist()
            last = images[-1:]
        facts: dict[str, Any] = {}
        if len(speed) > 1 and max(speed) > 0:
            sharp = profile(torch.tensor(speed), "pixels").transitions
            facts = {"speed": [round(value, 4) for value in speed], "sharp": list(sharp)}
        emit(sheet_answer(cells, columns=12, **facts))


@dataclass(frozen=True, kw_only=True)
class MixQuery(Query):
    """A table of images: the codes of the rows, with some layers of the columns."""

    rows: Side
    columns: Side
    layers: Annotated[tuple[int, int], layer_range]
    size: Size = None

    def answer(self, bench: Bench, emit: Emit, pause: Pause) -> None:
        signature = bench.generator.signature
        if signature.num_layers is None:
            raise SettingError(
                f"{signature.architecture} has no layers whose styles could be mixed; "
                "arithmetic works on every model"
            )
        down, across = (bench.codes([Scene(codes=one) for one in side]) for side in (self.rows, self.columns))
        mixed = edits.style_mix(down, across, self.layers)
        emit(sheet_answer(_cells(bench, mixed, pause, self.size), columns=len(self.columns)))
        emit(_codes_answer(mixed))


def _term(value: Any, where: str) -> Term:
    found = Term.read(value, where)
    if len(found.codes) > 8:
        raise CheckpointError(f"{where!r} has {len(found.codes)} images; a basket holds at most 8")
    return found


@dataclass(frozen=True, kw_only=True)
class SumQuery(Query):
    """A sum of baskets of codes, and codes around it."""

    terms: Annotated[tuple[Term, ...], several(_term, least=1, most=8)]
    neighbours: Annotated[int, integer(0, 24)] = 8
    noise: Annotated[float, number(0, 4)] = 0.25
    size: Size = None

    def answer(self, bench: Bench, emit: Emit, pause: Pause) -> None:
        centre = Sum(terms=self.terms).draw(bench.generator)
        around = (
            edits.neighbours(centre, n=self.neighbours, scale=self.noise) if self.neighbours else centre[:0]
        )
        found = Latents.cat([centre, around])
        emit(sheet_answer(_cells(bench, found, pause, self.size), columns=3))
        emit(_codes_answer(found))


@dataclass(frozen=True, kw_only=True)
class TeachQuery(Query):
    """The direction of labelled images: its figures, and an image along it."""

    name: Annotated[str, text] = "taught"
    yes: Seeds = ()
    no: Seeds = ()
    num_next: Annotated[int, integer(0, 64), "next"] = 8
    scene: Annotated[Scene | None, Scene.read] = None
    size: Size = None

    def answer(self, bench: Bench, emit: Emit, pause: Pause) -> None:
        if min(len(self.yes), len(self.no)) < SMALLEST_TAUGHT:
            more = f"label at least {SMALLEST_TAUGHT} images of each kind"
            facts = {"accuracy": None, "auc": None, "advice": more, "next": []}
            emit(Answer(facts={"kind": "taught", **facts}))
            return
        labels = Labels(yes=self.yes, no=self.no)
        found = bench.taught(self.name, labels, num_next=self.num_next, pause=pause)
        # Rows of the candidates are their seeds; labelled images beyond them are not offered again.
        facts = {
            "accuracy": found.accuracy,
            "auc": found.auc,
            "advice": found.advice,
            "next": found.next_rows,
        }
        emit(Answer(facts=as_json({"kind": "taught", **facts})))
        if self.scene is not None:
            pause()
            start = bench.codes([self.scene], pause=pause)
            along = edits.walk(start, found.direction, STATIONS, units="sigma", layers=self.scene.layers)
            emit(sheet_answer(_cells(bench, along, pause, self.size), columns=len(STATIONS)))


def made(bench: Bench, latents: Latents, pause: Pause) -> Iterator[tuple[Latents, Float[Tensor, "n c h w"]]]:
    """Codes and their images, a few at a time, with a pause after these."""
    for few in batches(bench.generator, latents, bench.at_once):
        yield few, bench.draw(few)
        pause()


def small(image: Float[Tensor, "c h w"], side: int) -> Image.Image:
    """One image, its longer side of so many pixels."""
    found = shown(to_pil(image))
    factor = side / max(found.size)
    size = (max(1, round(found.width * factor)), max(1, round(found.height * factor)))
    return found if size == found.size else found.resize(size, Image.Resampling.LANCZOS)


def _cells(bench: Bench, latents: Latents, pause: Pause, size: int | None) -> list[Image.Image]:
    """The images of a sheet, small at once: many large ones would fill the memory."""
    side = _side(bench, size, len(latents))
    return [small(image, side) for _, images in made(bench, latents, pause) for image in images]


def _side(bench: Bench, size: int | None, count: int) -> int:
    side = size or max(bench.generator.signature.size)
    if count * side**2 > MOST_PIXELS:
        most = int((MOST_PIXELS / count) ** 0.5)
        raise SettingError(f"{count} images of {side} pixels are too much for one sheet; ask for size {most}")
    return side


def sheet_answer(cells: Sequence[Image.Image], *, columns: int, **facts: Any) -> Answer:
    """Images of one size in one."""
    sheet = sprite(cells, columns=columns)
    about = _about(sheet, columns=min(columns, len(cells)), count=len(cells))
    return Answer(facts={"kind": "sheet", **about, **facts}, image=_encoded(sheet))


def _codes_answer(latents: Latents) -> Answer:
    """Codes by value, so that the page can make any of them its image."""
    codes = [Given(latents=row).to_data() for row in _rows(latents)]
    return Answer(facts={"kind": "codes", "codes": codes})


def _rows(latents: Latents) -> Iterator[Latents]:
    for index in range(len(latents)):
        yield latents[index]


def sprite(cells: Sequence[Image.Image], *, columns: int) -> Image.Image:
    """Images of one size side by side, without gaps."""
    columns, (width, height) = min(columns, len(cells)), cells[0].size
    num_rows = -(-len(cells) // columns)
    sheet = Image.new("RGB", (columns * width, num_rows * height), (255, 255, 255))
    for index, cell in enumerate(cells):
        sheet.paste(cell, (index % columns * width, index // columns * height))
    return sheet


def image_answer(image: Image.Image, *, kind: str) -> Answer:
    """One image alone."""
    return Answer(facts={"kind": kind, **_about(image, columns=1, count=1)}, image=_encoded(image))


def _about(image: Image.Image, *, columns: int, count: int) -> dict[str, Any]:
    return {
        "width": image.width,
        "height": image.height,
        "columns": columns,
        "count": count,
        "type": "image/jpeg" if image.width * image.height > JPEG_FROM else "image/webp",
    }


JPEG_FROM = 128**2
"""Pixels from which JPEG is used, which is quicker to write; smaller images show its blocks."""


def _encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image = shown(image)
    if image.width * image.height > JPEG_FROM:
        image.save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    else:
        image.save(buffer, "WEBP", quality=QUALITY + 4, method=0)
    return buffer.getvalue()

"""Queries over the socket: each kind reads its own fields, and emits its answers as they are made."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ganatomy import edits
from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.base import batches
from ganatomy.images import to_pil
from ganatomy.latents import Latents
from ganatomy.metrics.walks import profile
from ganatomy.recipes.codes import Codes, Given, Sum, Term, read_basket
from ganatomy.recipes.fields import Fields, choice, flag, integer, layer_range, number, several, text
from ganatomy.report.writer import as_json
from ganatomy.studio.bench import AT_ONCE, Bench
from ganatomy.studio.scenes import Labels, Scene, one_code, read_scene
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


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One message to the page: facts, and the image that they are about where there is one."""

    facts: dict[str, Any]
    image: bytes = b""


Emit = Callable[[Answer], None]
Query = Callable[[Bench, Emit, Pause], None]
"""One query: computes on a bench, and emits its answers."""


def read_query(value: Any) -> Query:
    """A query of the page, from JSON that may come from anywhere.

    Raises:
        CheckpointError: naming the field that is wrong.
    """
    fields = Fields(value, "query")
    kind = fields.take("kind", choice(KINDS))
    query = KINDS[kind](fields)
    fields.end()
    return query


def _image(fields: Fields) -> Query:
    scene, wanted = fields.take("scene", read_scene), fields.take("scores", flag, False)

    def answer(bench: Bench, emit: Emit, pause: Pause) -> None:
        images = bench.draw(bench.codes([scene], pause=pause))
        image = to_pil(images[0])
        emit(
            Answer(
                facts={"kind": "image", **_about(image, columns=1, count=1)},
                image=_encoded(image),
            )
        )
        if wanted:
            scores = bench.scores(images)
            found = None if scores is None else {name: values[0] for name, values in scores.items()}
            emit(Answer(facts={"kind": "scores", "scores": found}))

    return answer


def _sheet(fields: Fields) -> Query:
    scenes = fields.take("scenes", several(read_scene, least=1, most=MOST_CELLS))
    columns = fields.take("columns", integer(1, MOST_CELLS), 8)
    size = fields.take("size", integer(8, LARGEST), None)
    wanted = fields.take("scores", flag, False)

    def answer(bench: Bench, emit: Emit, pause: Pause) -> None:
        side = _side(bench, size, len(scenes))
        cells: list[Image.Image] = []
        scores: dict[str, list[float]] = {}
        for images in made(bench, bench.codes(scenes, pause=pause), pause):
            cells += [small(image, side) for image in images]
            for name, values in (bench.scores(images) or {}).items() if wanted else ():
                scores.setdefault(name, []).extend(values)
        emit(_sheet_answer(cells, columns=columns))
        if wanted:
            emit(Answer(facts={"kind": "scores", "scores": scores or None}))

    return answer


def _walk(fields: Fields) -> Query:
    keys = fields.take("keys", several(read_scene, least=2, most=MOST_KEYS))
    method = fields.take("method", choice(edits.PATH_METHODS), "lerp")
    frames = fields.take("frames", integer(2, MOST_FRAMES), 24)
    closed = fields.take("closed", flag, False)
    size = fields.take("size", integer(8, LARGEST), None)

    def answer(bench: Bench, emit: Emit, pause: Pause) -> None:
        side = _side(bench, size, frames)
        latents = edits.path(bench.codes(keys, pause=pause), frames, method=method, closed=closed)
        cells: list[Image.Image] = []
        speed: list[float] = []
        last: Tensor | None = None
        for images in made(bench, latents, pause):
            cells += [small(image, side) for image in images]
            seen = images if last is None else torch.cat([last, images])
            speed += seen.flatten(1).diff(dim=0).square().mean(1).sqrt().tolist()
            last = images[-1:]
        facts: dict[str, Any] = {}
        if len(speed) > 1 and max(speed) > 0:
            sharp = profile(torch.tensor(speed), "pixels").transitions
            facts = {"speed": [round(value, 4) for value in speed], "sharp": list(sharp)}
        emit(_sheet_answer(cells, columns=12, **facts))

    return answer


def _mix(fields: Fields) -> Query:
    rows = fields.take("rows", several(one_code, least=1, most=7))
    columns = fields.take("columns", several(one_code, least=1, most=7))
    layers = fields.take("layers", layer_range)
    size = fields.take("size", integer(8, LARGEST), None)

    def answer(bench: Bench, emit: Emit, pause: Pause) -> None:
        if bench.generator.signature.num_layers is None:
            raise SettingError(
                f"{bench.generator.signature.architecture} has no layers whose styles could be mixed; "
                "arithmetic works on every model"
            )
        down, across = (_drawn(bench, side) for side in (rows, columns))
        mixed = edits.style_mix(down, across, layers)
        emit(_sheet_answer(_cells(bench, mixed, pause, size), columns=len(columns)))
        emit(_codes_answer(mixed))

    return answer


def _sum(fields: Fields) -> Query:
    terms = fields.take("terms", several(_term, least=1, most=8))
    neighbours = fields.take("neighbours", integer(0, 24), 8)
    noise = fields.take("noise", number(0, 4), 0.25)
    size = fields.take("size", integer(8, LARGEST), None)

    def answer(bench: Bench, emit: Emit, pause: Pause) -> None:
        centre = Sum(terms=terms).draw(bench.generator)
        around = edits.neighbours(centre, n=neighbours, scale=noise) if neighbours else centre[:0]
        found = Latents.cat([centre, around])
        emit(_sheet_answer(_cells(bench, found, pause, size), columns=3))
        emit(_codes_answer(found))

    return answer


def _teach(fields: Fields) -> Query:
    name = fields.take("name", text, "taught")
    seeds = several(integer(0, 2**63 - 1), most=100)
    labels = Labels(yes=fields.take("yes", seeds, ()), no=fields.take("no", seeds, ()))
    num_next = fields.take("next", integer(0, 64), 8)
    scene = fields.take("scene", read_scene, None)
    size = fields.take("size", integer(8, LARGEST), None)

    def answer(bench: Bench, emit: Emit, pause: Pause) -> None:
        if min(len(labels.yes), len(labels.no)) < SMALLEST_TAUGHT:
            more = f"label at least {SMALLEST_TAUGHT} images of each kind"
            facts = {"accuracy": None, "auc": None, "advice": more, "next": []}
            emit(Answer(facts={"kind": "taught", **facts}))
            return
        found = bench.taught(name, labels, num_next=num_next, pause=pause)
        # Rows of the candidates are their seeds; labelled images beyond them are not offered again.
        facts = {
            "accuracy": found.accuracy,
            "auc": found.auc,
            "advice": found.advice,
            "next": found.next_rows,
        }
        emit(Answer(facts=as_json({"kind": "taught", **facts})))
        if scene is not None:
            pause()
            start = bench.codes([scene], pause=pause)
            along = edits.walk(start, found.direction, STATIONS, units="sigma", layers=scene.layers)
            emit(_sheet_answer(_cells(bench, along, pause, size), columns=len(STATIONS)))

    return answer


KINDS: dict[str, Callable[[Fields], Query]] = {
    "image": _image,
    "sheet": _sheet,
    "walk": _walk,
    "mix": _mix,
    "sum": _sum,
    "teach": _teach,
}


def _term(value: Any, where: str) -> Term:
    fields = Fields(value, where)
    sign = fields.take("sign", choice(("+", "-")))
    codes = read_basket({name: item for name, item in fields.data.items() if name != "sign"}, where)
    if len(codes) > 8:
        raise CheckpointError(f"{where!r} has {len(codes)} images; a basket holds at most 8")
    return Term(sign=sign, codes=codes)


def _drawn(bench: Bench, codes: Sequence[Codes]) -> Latents:
    return bench.codes([Scene(codes=each) for each in codes])


def made(bench: Bench, latents: Latents, pause: Pause) -> Iterator[Float[Tensor, "n c h w"]]:
    """Images of codes, a few at a time, with a pause after these."""
    for few in batches(latents, AT_ONCE):
        yield bench.draw(few)
        pause()


def small(image: Float[Tensor, "c h w"], side: int) -> Image.Image:
    """One image, `side` pixels wide."""
    shown = to_pil(image)
    return shown if shown.width == side else shown.resize((side, side), Image.Resampling.LANCZOS)


def _cells(bench: Bench, latents: Latents, pause: Pause, size: int | None) -> list[Image.Image]:
    """The images of a sheet, small at once: many large ones would fill the memory."""
    side = _side(bench, size, len(latents))
    return [small(image, side) for images in made(bench, latents, pause) for image in images]


def _side(bench: Bench, size: int | None, count: int) -> int:
    side = size or bench.generator.signature.resolution
    if count * side**2 > MOST_PIXELS:
        most = int((MOST_PIXELS / count) ** 0.5)
        raise SettingError(f"{count} images of {side} pixels are too much for one sheet; ask for size {most}")
    return side


def _sheet_answer(cells: Sequence[Image.Image], *, columns: int, **facts: Any) -> Answer:
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
    columns, side = min(columns, len(cells)), cells[0].width
    num_rows = -(-len(cells) // columns)
    sheet = Image.new("RGB", (columns * side, num_rows * side), (255, 255, 255))
    for index, cell in enumerate(cells):
        sheet.paste(cell, (index % columns * side, index // columns * side))
    return sheet


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
    image = image.convert("RGB")
    if image.width * image.height > JPEG_FROM:
        image.save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    else:
        image.save(buffer, "WEBP", quality=QUALITY + 4, method=0)
    return buffer.getvalue()

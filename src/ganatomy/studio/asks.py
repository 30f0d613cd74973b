"""What the page asks for live: each kind reads its own words, and gives its answers as they are made."""

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
from ganatomy.images import to_pil
from ganatomy.latents import Latents
from ganatomy.metrics.walks import profile
from ganatomy.recipes.codes import Codes, Given, Sum, Term, read_basket
from ganatomy.recipes.fields import Fields, choice, flag, integer, layer_range, number, several, text
from ganatomy.studio.bench import Bench
from ganatomy.studio.scenes import Marks, Scene, one_code, read_scene
from ganatomy.studio.turns import Pause

MOST_CELLS = 64
MOST_FRAMES = 120
MOST_KEYS = 12
AT_ONCE = 8
"""Pictures between two pauses: others wait no longer than these take."""
QUALITY = 88
LARGEST = 1024
SMALLEST_TAUGHT = 2
STATIONS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Steps at which a taught direction is shown."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One message to the page: facts, and the picture that they are about where there is one."""

    facts: dict[str, Any]
    image: bytes = b""


Emit = Callable[[Answer], None]
Ask = Callable[[Bench, Emit, Pause], None]
"""What was asked for: works on a bench, and emits its answers."""


def read_ask(value: Any) -> Ask:
    """What the page asks for, from JSON that may come from anywhere.

    Raises:
        CheckpointError: naming the field that is wrong.
    """
    fields = Fields(value, "ask")
    kind = fields.take("kind", choice(KINDS))
    ask = KINDS[kind](fields)
    fields.end()
    return ask


def _picture(fields: Fields) -> Ask:
    scene, wanted = fields.take("scene", read_scene), fields.take("scores", flag, False)

    def answer(bench: Bench, emit: Emit, pause: Pause) -> None:
        images = bench.pictures(bench.codes([scene]))
        picture = to_pil(images[0])
        emit(
            Answer(
                facts={"kind": "picture", **_about(picture, columns=1, count=1)},
                image=_encoded(picture),
            )
        )
        if wanted:
            scores = bench.scores(images)
            found = None if scores is None else {name: values[0] for name, values in scores.items()}
            emit(Answer(facts={"kind": "scores", "scores": found}))

    return answer


def _sheet(fields: Fields) -> Ask:
    scenes = fields.take("scenes", several(read_scene, least=1, most=MOST_CELLS))
    columns = fields.take("columns", integer(1, MOST_CELLS), 8)
    size = fields.take("size", integer(8, LARGEST), None)
    wanted = fields.take("scores", flag, False)

    def answer(bench: Bench, emit: Emit, pause: Pause) -> None:
        images = _made(bench, bench.codes(scenes), pause)
        emit(_sheet_answer(images, columns=columns, size=size))
        if wanted:
            pause()
            emit(Answer(facts={"kind": "scores", "scores": bench.scores(images)}))

    return answer


def _walk(fields: Fields) -> Ask:
    keys = fields.take("keys", several(read_scene, least=2, most=MOST_KEYS))
    method = fields.take("method", choice(edits.PATH_METHODS), "lerp")
    frames = fields.take("frames", integer(2, MOST_FRAMES), 24)
    closed = fields.take("closed", flag, False)
    size = fields.take("size", integer(8, LARGEST), None)

    def answer(bench: Bench, emit: Emit, pause: Pause) -> None:
        latents = edits.path(bench.codes(keys), frames, method=method, closed=closed)
        images = _made(bench, latents, pause)
        steps = images.flatten(1).diff(dim=0).square().mean(1).sqrt()
        found = profile(steps, "pixels") if len(steps) > 1 and float(steps.max()) > 0 else None
        facts = (
            {}
            if found is None
            else {"speed": [round(value, 4) for value in steps.tolist()], "sharp": list(found.transitions)}
        )
        emit(_sheet_answer(images, columns=min(12, len(images)), size=size, **facts))

    return answer


def _mix(fields: Fields) -> Ask:
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
        count = len(columns)
        images = _made(bench, Latents.cat([down.to("w+"), across.to("w+"), mixed]), pause)
        white = torch.ones_like(images[:1])
        cells = [white, images[len(rows) : len(rows) + count]]
        inside = images[len(rows) + count :]
        for row in range(len(rows)):
            cells += [images[row : row + 1], inside[row * count : (row + 1) * count]]
        emit(_sheet_answer(torch.cat(cells), columns=count + 1, size=size))
        emit(_codes_answer(mixed))

    return answer


def _sum(fields: Fields) -> Ask:
    terms = fields.take("terms", several(_term, least=1, most=8))
    neighbours = fields.take("neighbours", integer(0, 24), 8)
    noise = fields.take("noise", number(0, 4), 0.25)
    size = fields.take("size", integer(8, LARGEST), None)

    def answer(bench: Bench, emit: Emit, pause: Pause) -> None:
        centre = Sum(terms=terms).draw(bench.generator)
        around = edits.neighbours(centre, n=neighbours, scale=noise) if neighbours else centre[:0]
        found = Latents.cat([centre, around])
        emit(_sheet_answer(_made(bench, found, pause), columns=3, size=size))
        emit(_codes_answer(found))

    return answer


def _teach(fields: Fields) -> Ask:
    name = fields.take("name", text, "taught")
    seeds = several(integer(0, 2**63 - 1), most=100)
    marks = Marks(yes=fields.take("yes", seeds, ()), no=fields.take("no", seeds, ()))
    num_next = fields.take("next", integer(0, 64), 8)
    scene = fields.take("scene", read_scene, None)
    size = fields.take("size", integer(8, LARGEST), None)

    def answer(bench: Bench, emit: Emit, pause: Pause) -> None:
        if min(len(marks.yes), len(marks.no)) < SMALLEST_TAUGHT:
            more = f"mark at least {SMALLEST_TAUGHT} pictures of each kind"
            facts = {"accuracy": None, "auc": None, "advice": more, "next": []}
            emit(Answer(facts={"kind": "taught", **facts}))
            return
        found = bench.taught(name, marks, num_next=num_next)
        figures = {
            figure: [round(estimate.value, 4), round(estimate.low, 4), round(estimate.high, 4)]
            for figure, estimate in (("accuracy", found.accuracy), ("auc", found.auc))
        }
        # Rows of the candidates are their seeds; marked pictures beyond them are not asked about again.
        facts = {**figures, "advice": found.advice, "next": list(found.next_rows)}
        emit(Answer(facts={"kind": "taught", **facts}))
        if scene is not None:
            pause()
            start = bench.codes([scene])
            along = edits.walk(start, found.direction, STATIONS, units="sigma", layers=scene.layers)
            emit(_sheet_answer(_made(bench, along, pause), columns=len(STATIONS), size=size))

    return answer


KINDS: dict[str, Callable[[Fields], Ask]] = {
    "picture": _picture,
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
        raise CheckpointError(f"{where!r} has {len(codes)} pictures; a basket holds at most 8")
    return Term(sign=sign, codes=codes)


def _drawn(bench: Bench, codes: Sequence[Codes]) -> Latents:
    return bench.codes([Scene(codes=each) for each in codes])


def _made(bench: Bench, latents: Latents, pause: Pause) -> Float[Tensor, "n c h w"]:
    """Pictures of codes, with a pause after every few."""
    parts = []
    for first in range(0, len(latents), AT_ONCE):
        if first:
            pause()
        parts.append(bench.pictures(latents[first : first + AT_ONCE]))
    return torch.cat(parts)


def _sheet_answer(
    images: Float[Tensor, "n c h w"], *, columns: int, size: int | None, **facts: Any
) -> Answer:
    sheet = sprite(images, columns=columns, size=size)
    about = _about(sheet, columns=min(columns, len(images)), count=len(images))
    return Answer(facts={"kind": "sheet", **about, **facts}, image=_encoded(sheet))


def _codes_answer(latents: Latents) -> Answer:
    """Codes by value, so that the page can make any of them its picture."""
    codes = [Given(latents=row).to_data() for row in _rows(latents)]
    return Answer(facts={"kind": "codes", "codes": codes})


def _rows(latents: Latents) -> Iterator[Latents]:
    for index in range(len(latents)):
        yield latents[index]


def sprite(images: Float[Tensor, "n c h w"], *, columns: int, size: int | None = None) -> Image.Image:
    """Pictures side by side without gaps, each `size` pixels wide."""
    columns = min(columns, len(images))
    side = size or images.shape[-1]
    num_rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * side, num_rows * side), (255, 255, 255))
    for index, image in enumerate(images):
        picture = to_pil(image)
        if picture.width != side:
            picture = picture.resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(picture, (index % columns * side, index // columns * side))
    return sheet


def _about(picture: Image.Image, *, columns: int, count: int) -> dict[str, Any]:
    return {
        "width": picture.width,
        "height": picture.height,
        "columns": columns,
        "count": count,
        "type": "image/jpeg" if picture.width * picture.height > JPEG_FROM else "image/webp",
    }


JPEG_FROM = 128**2
"""Pixels from which JPEG is used, which is quicker to write; smaller pictures show its blocks."""


def _encoded(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture = picture.convert("RGB")
    if picture.width * picture.height > JPEG_FROM:
        picture.save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    else:
        picture.save(buffer, "WEBP", quality=QUALITY + 4, method=0)
    return buffer.getvalue()

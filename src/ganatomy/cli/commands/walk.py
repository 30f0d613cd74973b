"""`ganatomy walk`: what happens along a direction, or between codes, as a strip or a film."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ganatomy.cli import parsing
from ganatomy.cli.console import answer, progress
from ganatomy.cli.inputs import open_codes, open_directions, open_model
from ganatomy.cli.outputs import FILMS, PICTURES, expect_file, make_pictures
from ganatomy.cli.parameters import (
    MODEL,
    SAMPLE,
    AnyGenerator,
    CodesFile,
    Hold,
    Json,
    Layers,
    Model,
    ModelOptions,
    SampleOptions,
    Scale,
    Seeds,
    SpaceName,
    Units,
    parsed,
)
from ganatomy.errors import SettingError

if TYPE_CHECKING:
    from torch import Tensor

STRIP_STEPS, FILM_STEPS = 7, 48


def walk(
    model: Model,
    codes: CodesFile = None,
    /,
    *,
    out: Annotated[
        Path,
        Parameter(name=["--out", "-o"], help="File to write: .png for a strip, .gif or .mp4 for a film."),
    ],
    seed: Seeds = (),
    along: Annotated[
        tuple[Path, str] | None,
        parsed(
            parsing.direction_in_file,
            "FILE:NAME",
            "The direction to walk along, such as my.directions:Smiling.",
        ),
    ] = None,
    start: Annotated[float, Parameter(name="--from", help="Strength at the start.")] = -3.0,
    stop: Annotated[float, Parameter(name="--to", help="Strength at the end.")] = 3.0,
    units: Units = "sigma",
    hold: Hold = (),
    layers: Layers = None,
    steps: Annotated[
        int | None, Parameter(help=f"Pictures of one walk; by default {STRIP_STEPS}, in a film {FILM_STEPS}.")
    ] = None,
    method: Annotated[
        Literal["lerp", "slerp", "spline"],
        Parameter(
            help="Without --along: how to go from code to code, straight, around the origin, or smoothly."
        ),
    ] = "slerp",
    space: SpaceName = None,
    fps: Annotated[float, Parameter(help="Frames per second of a film.")] = 25.0,
    scale: Scale = None,
    of_any_generator: AnyGenerator = False,
    sampling: SampleOptions = SAMPLE,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    r"""Walk codes along a direction, or from code to code, as a strip of pictures or a film.

    Example:
        ganatomy walk faces --seed 7 --along faces-report/:Smiling --hold Male \
            --from -3 --to 3 -o smile.gif
        ganatomy walk faces --seed 3,5,9 -o between.mp4
    """
    from ganatomy import edits
    from ganatomy.images import save_image
    from ganatomy.plots import film, grid

    expect_file(out, PICTURES + FILMS)
    moving = out.suffix.lower() in FILMS
    count = steps if steps is not None else FILM_STEPS if moving else STRIP_STEPS
    strengths = parsing.stations(start, stop, count)
    if along is None and (hold or layers):
        raise SettingError("--hold and --layers go with a direction; say which with --along FILE:NAME")
    generator = open_model(model, options)
    if along is not None:
        path, name = along
        found = open_directions(path, generator, of_any_generator=of_any_generator)
        direction, held = found[name], [found[other] for other in hold]
        at = open_codes(generator, codes, seed, space=direction.space, options=sampling)
        stations = edits.walk(at, direction, strengths, units=units, hold=held, layers=layers)
        captions = [f"{strength:+.1f}" if strength else "0" for strength in strengths]
    else:
        at = open_codes(generator, codes, seed, space=space, options=sampling)
        stations = edits.path(at, count, method=method, closed=moving)
        captions = None

    with progress("walking") as advance:
        images = make_pictures(generator, stations, batch_size=options.batch_size, advance=advance)
    if moving:
        film(_frames(images, len(images) // count, back=along is not None), out, fps=fps, scale=scale)
    else:
        save_image(grid(images, columns=count, captions=captions, scale=scale), out)
    data = {
        "model": model,
        "out": str(out),
        "along": None if along is None else along[1],
        "hold": list(hold),
        "codes": len(at),
        "pictures": len(stations),
    }
    what = (
        f"along {along[1]}, {start:g} to {stop:g} {units}"
        if along is not None
        else f"between {len(at)} codes"
    )
    answer(f"{out}: {len(stations)} pictures {what}", data, as_json=json)


def _frames(images: Tensor, rows: int, *, back: bool) -> Iterator[Tensor]:
    """One frame for each station, with the pictures of all codes side by side; and back again, for a loop."""
    import torch

    columns = len(images) // rows
    order = list(range(columns))
    for column in [*order, *order[-2:0:-1]] if back else order:
        yield torch.cat([images[row * columns + column] for row in range(rows)], dim=-1)

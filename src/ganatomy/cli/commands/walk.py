"""`ganatomy walk`: what happens along a direction, or between codes, as a strip or a film."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ganatomy.cli import parsing
from ganatomy.cli.console import answer
from ganatomy.cli.inputs import name_codes, name_model, name_seeds, open_directions, open_model
from ganatomy.cli.outputs import FILMS, IMAGES, expect_file, write
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
    from ganatomy.latents import Direction

STRIP_STEPS, FILM_STEPS = 7, 48
LEG_STEPS = 24
"""Frames of a film from one code to the next."""
REACH, TURN_REACH = 3.0, 1.0
"""How far a walk goes both ways along a direction, and along a turn."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Ways:
    """What to walk along; without any, from code to code."""

    along: Annotated[
        tuple[Path, str] | None,
        parsed(
            parsing.direction_in_file,
            "FILE:NAME",
            "The direction to walk along, such as my.directions:Smiling.",
        ),
    ] = None
    across: Annotated[
        tuple[Path, str] | None,
        parsed(
            parsing.direction_in_file,
            "FILE:NAME",
            "A second direction, as far as the first, from row to row: a grid of two.",
        ),
    ] = None
    plus: Annotated[
        tuple[int, ...],
        parsed(
            parsing.seed_list,
            "SEEDS",
            "Walk along a turn vector instead: the mean of these codes less that of --minus.",
        ),
    ] = ()
    minus: Annotated[
        tuple[int, ...], parsed(parsing.seed_list, "SEEDS", "The codes that a turn leads away from.")
    ] = ()


WAYS = Ways()


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
    ways: Ways = WAYS,
    start: Annotated[
        float | None,
        Parameter(
            name="--from", help=f"Strength at the start; by default -{REACH:g}, of a turn -{TURN_REACH:g}."
        ),
    ] = None,
    stop: Annotated[
        float | None,
        Parameter(name="--to", help=f"Strength at the end; by default {REACH:g}, of a turn {TURN_REACH:g}."),
    ] = None,
    units: Units = "sigma",
    hold: Hold = (),
    layers: Layers = None,
    steps: Annotated[
        int | None,
        Parameter(
            help=f"Images of one walk; by default {STRIP_STEPS}, in a film {FILM_STEPS} one way, "
            f"or {LEG_STEPS} from code to code."
        ),
    ] = None,
    method: Annotated[
        Literal["lerp", "slerp", "spline"],
        Parameter(help="From code to code: straight, around the origin, or smoothly through all of them."),
    ] = "slerp",
    loop: Annotated[
        bool | None,
        Parameter(help="From code to code: whether to go back to the first. By default a film does."),
    ] = None,
    space: SpaceName = None,
    fps: Annotated[float, Parameter(help="Frames per second of a film.")] = 25.0,
    scale: Scale = None,
    of_any_generator: AnyGenerator = False,
    sampling: SampleOptions = SAMPLE,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    r"""Walk codes along directions, or from code to code, as a strip of images, a grid or a film.

    Example:
        ganatomy walk faces --seed 7 --along faces-report/:Smiling --hold Male \
            --from -3 --to 3 -o smile.gif
        ganatomy walk faces --seed 7 --along faces-report/:Smiling \
            --across faces-report/:Male -o both.png
        ganatomy walk faces --seed 1:10 --method spline --loop -o nine.mp4
        ganatomy walk faces --seed 0:4 --plus 3,5,9 --minus 2,4,8 -o turn.png
    """
    from ganatomy.recipes import Along, CodePath, Recipe, Turn, Walk

    expect_file(out, IMAGES + FILMS)
    moving = out.suffix.lower() in FILMS
    _expect_ways(ways, moving=moving, hold=hold, layers=layers, loop=loop)
    turning, aimless = bool(ways.plus), ways.along is None and not ways.plus
    reach = TURN_REACH if turning else REACH
    ends = -reach if start is None else start, reach if stop is None else stop
    count = steps if steps is not None else FILM_STEPS if moving else STRIP_STEPS
    strengths = tuple((parsing.eased if moving else parsing.stations)(*ends, count))
    generator = open_model(model, options)

    # Say where to go.
    if aimless:
        at = name_codes(generator, codes, seed, space=space, options=sampling)
        closed = moving if loop is None else loop
        legs = len(at) if closed else len(at) - 1
        image = CodePath(
            frames=LEG_STEPS * max(legs, 1) if moving and steps is None else count,
            method=method,
            closed=closed,
        )
    elif turning:
        at = name_codes(generator, codes, seed, space=space, options=sampling)
        plus, minus = (
            name_seeds(generator, seeds, space=space, options=sampling) for seeds in (ways.plus, ways.minus)
        )
        image = Walk(along=Turn(plus=plus, minus=minus, strengths=strengths))
    else:
        held: tuple[Direction, ...] = ()
        legs = []
        for path, name in (way for way in (ways.along, ways.across) if way is not None):
            found = open_directions(path, generator, of_any_generator=of_any_generator)
            held = held or tuple(found[other] for other in hold)
            legs.append(
                Along(direction=found[name], strengths=strengths, units=units, hold=held, layers=layers)
            )
        at = name_codes(generator, codes, seed, space=legs[0].direction.space, options=sampling)
        image = Walk(along=legs[0], across=legs[1] if ways.across else None)

    recipe = Recipe(
        model=name_model(model, generator, options),
        codes=at,
        image=image,
        scale=scale,
        fps=fps,
        batch_size=options.batch_size,
    )
    write(recipe, out, doing="walking", generator=generator)
    images = image.frames if isinstance(image, CodePath) else len(at) * count
    data = {
        "model": model,
        "out": str(out),
        "along": None if ways.along is None else ways.along[1],
        "across": None if ways.across is None else ways.across[1],
        "plus": list(ways.plus),
        "minus": list(ways.minus),
        "hold": list(hold),
        "codes": len(at),
        "images": images * (count if ways.across else 1),
    }
    named = " and ".join(way[1] for way in (ways.along, ways.across) if way)
    what = (
        f"between {len(at)} codes"
        if aimless
        else f"along {named or 'a turn'}, {ends[0]:g} to {ends[1]:g}{'' if turning else f' {units}'}"
    )
    answer(f"{out}: {data['images']} images {what}", data, as_json=json)


def _expect_ways(
    ways: Ways, *, moving: bool, hold: tuple[str, ...], layers: tuple[int, int] | None, loop: bool | None
) -> None:
    """Refuse what does not go together, before the model is read."""
    if bool(ways.plus) != bool(ways.minus):
        raise SettingError(
            "a turn leads from the mean of some codes to that of others; give --plus and --minus"
        )
    if ways.along is not None and ways.plus:
        raise SettingError("--along and --plus with --minus are two ways to go; leave one out")
    if ways.along is None and (hold or layers or ways.across):
        raise SettingError(
            "--hold, --layers and --across go with a direction; say which with --along FILE:NAME"
        )
    if ways.across is not None and moving:
        raise SettingError("a film shows one walk; leave out --across, or write the grid of both as .png")
    if loop is not None and (ways.along is not None or ways.plus):
        raise SettingError(
            "--loop is for ways from code to code; a film along a direction goes there and back"
        )

"""`ganatomy walk`: images along a direction, or between codes, as a strip or a film."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ganatomy.cli import parsing
from ganatomy.cli.codes import INVERTING, Inverting
from ganatomy.cli.enlarging import ENLARGING, Enlarging
from ganatomy.cli.inputs import held_directions, one_of, open_directions, plain_units
from ganatomy.cli.outputs import FILMS, IMAGES, PAGES
from ganatomy.cli.parameters import (
    AnyGenerator,
    CodeFiles,
    Hold,
    Json,
    Layers,
    SeedList,
    Seeds,
    SmallOrNone,
    SpaceName,
    Units,
    options,
    out_path,
    parsed,
)
from ganatomy.cli.pasting import write_or_paste
from ganatomy.cli.readings import with_lines
from ganatomy.cli.solving import check_strength
from ganatomy.cli.subject import Subject
from ganatomy.errors import SettingError

if TYPE_CHECKING:
    from ganatomy.generators.base import Generator
    from ganatomy.recipes import Along, GridReading, Walk
    from ganatomy.recipes.codes import Codes

STRIP_STEPS, FILM_STEPS, PAGE_STEPS = 7, 48, 41
LEG_STEPS = 24
"""Frames of a film from one code to the next."""
REACH, TURN_REACH = 3.0, 1.0
"""How far a walk goes both ways along a direction, and along a turn vector."""


DirectionInFile = Annotated[tuple[Path, str] | None, parsed(parsing.direction_in_file, "FILE:NAME")]


@options
class Route:
    """What to walk along; without any, from code to code."""

    along: DirectionInFile = None
    """The direction to walk along, such as my.directions:Smiling."""
    across: DirectionInFile = None
    """A second direction, from row to row: a grid of both, with the same strengths, each with the other held. Where a
    classifier scores both, the grid of one image says how much of its identity each cell keeps, and marks cells where
    the judge disagrees."""
    plus: SeedList = ()
    """Walk along a turn vector instead: the mean of these codes minus that of --minus."""
    minus: SeedList = ()
    """Codes whose mean a turn vector starts from."""
    units: Units | None = None
    hold: Hold = ()
    layers: Layers = None
    of_any_generator: AnyGenerator = False

    def legs(self, generator: Generator, strengths: tuple[float, ...]) -> list[Along]:
        """The walk along each direction, with the other held; what is held besides is found beside the first."""
        from ganatomy.recipes import Along

        ways = [way for way in (self.along, self.across) if way]
        if not ways:
            return []
        files = [open_directions(path, generator, of_any_generator=self.of_any_generator) for path, _ in ways]
        moved = [found[name] for found, (_, name) in zip(files, ways, strict=True)]
        held = held_directions(files[0], self.hold, [direction.name for direction in moved])
        return [
            Along(
                direction=direction,
                strengths=strengths,
                units=plain_units(direction, self.units),
                hold=(*held, *(other for other in moved if other is not direction)),
                layers=self.layers,
            )
            for direction in moved
        ]

    def check(self, *, moving: bool, loop: bool | None) -> None:
        """Refuse what does not go together, before the model is read."""
        if bool(self.plus) != bool(self.minus):
            raise SettingError(
                "a turn vector leads from one mean of codes to another; give --plus and --minus"
            )
        if self.along is not None and self.plus:
            raise SettingError("--along and --plus with --minus are two different walks; leave one out")
        if self.along is None and (self.hold or self.layers or self.across):
            raise SettingError(
                "--hold, --layers and --across go with a direction; name it with --along FILE:NAME"
            )
        if self.across is not None and moving:
            raise SettingError(
                "a film or a page shows one walk; leave out --across, or write the grid of both as .png"
            )
        if loop is not None and (self.along is not None or self.plus):
            raise SettingError(
                "--loop is for walks from code to code; a film along a direction goes there and back"
            )


ROUTE = Route()


def walk(
    subject: Subject,
    codes: CodeFiles = None,
    *,
    out: Annotated[
        Path,
        out_path("File to write: .png for a strip, .gif or .mp4 for a film, .html for a slider."),
    ],
    seed: Seeds = (),
    route: Route = ROUTE,
    photographs: Inverting = INVERTING,
    start: Annotated[float | None, Parameter(name="--from")] = None,
    stop: Annotated[float | None, Parameter(name="--to")] = None,
    steps: SmallOrNone = None,
    method: Literal["lerp", "slerp", "spline"] = "slerp",
    loop: bool | None = None,
    space: SpaceName = None,
    fps: float = 25.0,
    enlarging: Enlarging = ENLARGING,
    json: Json = False,
) -> None:
    r"""Walk codes along directions, or from code to code, as a strip of images, a grid or a film.

    Args:
        start: Strength at the start; by default -3, of a turn vector -1.
        stop: Strength at the end; by default 3, of a turn vector 1.
        steps: Images of one walk; by default 7, on a page 41, in a film 48 one way, or 24 from code to code.
        method: Interpolation from code to code: linear, spherical, or a spline through all of them.
        loop: From code to code: whether to return to the first. By default films do.
        fps: Frames per second of a film.

    Example:
        ganatomy walk faces --seed 7 --along faces-report/:Smiling --hold Male \
            --from -3 --to 3 -o smile.gif
        ganatomy walk faces --seed 7 --along faces-report/:Smiling \
            --across faces-report/:Male -o both.png
        ganatomy walk faces --seed 7 --along faces-report/:Smiling -o smile.html
        ganatomy walk my.pt me.jpg --along my.directions:Smiling --paste -o me.mp4
        ganatomy walk faces --seed 1:10 --method spline --loop -o nine.mp4
        ganatomy walk faces --seed 0:4 --plus 3,5,9 --minus 2,4,8 -o turn.png
    """
    from ganatomy.recipes import CodePath, Turn, Walk

    photographs.expect(out, IMAGES + FILMS + PAGES)
    moving, sliding = out.suffix.lower() in FILMS, out.suffix.lower() in PAGES
    route.check(moving=moving or sliding, loop=loop)
    reach = TURN_REACH if route.plus else REACH
    ends = -reach if start is None else start, reach if stop is None else stop
    count = steps if steps is not None else FILM_STEPS if moving else PAGE_STEPS if sliding else STRIP_STEPS
    strengths = tuple((parsing.eased if moving else parsing.stations)(*ends, count))

    legs = route.legs(subject.generator, strengths)
    for leg in legs:
        check_strength(leg.direction, max(ends, key=abs), leg.units)
    inputs = photographs.read(subject, one_of(codes, seed), space=legs[0].direction.space if legs else space)
    at = inputs.codes
    if legs:
        image = Walk(along=legs[0], across=legs[1] if route.across else None)
        if route.across and len(at) == 1 and route.layers is None:
            image = replace(image, reading=_read(subject, at, image))
        names = " and ".join(leg.direction.name for leg in legs)
        what = f"along {names}, {ends[0]:g} to {ends[1]:g} {legs[0].units}"
    elif route.plus:
        plus, minus = (subject.seeds(seeds, space=space) for seeds in (route.plus, route.minus))
        image = Walk(along=Turn(plus=plus, minus=minus, strengths=strengths))
        what = f"along a turn vector, {ends[0]:g} to {ends[1]:g}"
    else:
        closed = moving if loop is None else loop
        frames = LEG_STEPS * max(len(at) if closed else len(at) - 1, 1) if moving and steps is None else count
        image = CodePath(frames=frames, method=method, closed=closed)
        what = f"between {len(at)} codes"

    recipe = subject.recipe(codes=at, image=image, enlarging=enlarging, fps=fps)
    write_or_paste(recipe, out, photographs, inputs, generator=subject.generator)
    images = image.frames if isinstance(image, CodePath) else len(at) * count
    data = {
        "along": None if route.along is None else route.along[1],
        "across": None if route.across is None else route.across[1],
        "plus": list(route.plus),
        "minus": list(route.minus),
        "hold": list(route.hold),
        "codes": len(at),
        **inputs.data(),
        "images": images * (count if route.across else 1),
    }
    lines = image.reading.lines if isinstance(image, Walk) and image.reading is not None else ()
    subject.done(out, with_lines(f"{data['images']} images {what}", lines), data, as_json=json)


def _read(subject: Subject, at: Codes, image: Walk) -> GridReading | None:
    """What classifiers of both attributes read in a grid; None where there is no such classifier."""
    from ganatomy.metrics import pair_grid
    from ganatomy.recipes import Along, GridReading

    along, across = image.along, image.across
    assert isinstance(along, Along)
    assert isinstance(across, Along)
    names = (along.name, across.name)
    scorer = subject.open_scorer(names) if subject.has_scorer else None
    if scorer is None or scorer.num_rows is not None or not {*names} <= {*scorer.names}:
        return None
    judge = subject.open_judge(scorer, names)
    found = pair_grid(
        subject.generator,
        scorer,
        at.draw(subject.generator),
        (along.direction, across.direction),
        along.strengths,
        hold=[direction for direction in along.hold if direction is not across.direction],
        units=along.units,
        judge=judge if judge is not None and {*names} <= {*judge.names} else None,
        batch_size=subject.batch_size,
    )
    return GridReading(
        identity=tuple(round(value, 4) for value in found.identity.flatten().tolist()),
        disagrees=tuple(found.disagrees.flatten().tolist()),
        lines=found.lines,
    )

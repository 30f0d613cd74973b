"""`ganatomy edit`: move codes along directions by how much is said, or until the scorer sees what is said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ganatomy.cli import parsing
from ganatomy.cli.console import answer, progress
from ganatomy.cli.inputs import name_as, name_codes, name_model, open_directions, open_model, open_scorer
from ganatomy.cli.outputs import CODES, IMAGES, expect_file, write
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
    OutFile,
    SampleOptions,
    Scale,
    ScorerName,
    Seeds,
    Units,
)
from ganatomy.errors import SettingError

if TYPE_CHECKING:
    from ganatomy.generators.base import Generator
    from ganatomy.latents import Directions, Latents
    from ganatomy.perception.base import Scorer
    from ganatomy.recipes.moves import Edit


def edit(
    model: Model,
    codes: CodesFile = None,
    /,
    *,
    out: OutFile,
    directions: Annotated[
        Path | None,
        Parameter(
            help="File of directions, or a folder that `ganatomy explore` wrote. With --to, edit in their span only."
        ),
    ] = None,
    move: Annotated[
        list[str] | None,
        Parameter(
            metavar="NAME=STRENGTH",
            negative=(),
            show_default=False,
            help="A move along a direction, such as Smiling=2; give it again for the next.",
        ),
    ] = None,
    to: Annotated[
        list[str] | None,
        Parameter(
            metavar="NAME=PROBABILITY",
            negative=(),
            show_default=False,
            help="What the scorer is to see, such as Smiling=0.9, or Smiling=+0.25 for a change; needs no directions.",
        ),
    ] = None,
    scorer: ScorerName = None,
    seed: Seeds = (),
    hold: Hold = (),
    units: Units = "sigma",
    layers: Layers = None,
    before: Annotated[
        bool,
        Parameter(negative=(), show_default=False, help="Show each image as it was above the edited one."),
    ] = False,
    scale: Scale = None,
    of_any_generator: AnyGenerator = False,
    sampling: SampleOptions = SAMPLE,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    r"""Move codes along directions, or until the scorer sees what is wanted, and hold what must not change.

    Example:
        ganatomy edit faces --seed 7 --to Smiling=0.9 --hold all -o smiling.png
        ganatomy edit faces --seed 7 --directions faces-report/ --move Smiling=2 \
            --hold Male,Eyeglasses -o smiling.png
        ganatomy edit faces me.latents --directions my.directions \
            --move Smiling=1 --move Young=-2 --units logit -o older.latents
    """
    from ganatomy.recipes import Recipe, Sheet

    if bool(move) == bool(to):
        raise SettingError(
            "say what to do, in one way: --move NAME=STRENGTH with --directions, or --to NAME=PROBABILITY"
        )
    moves = [parsing.named_strength(text) for text in move or ()]
    goals = dict(parsing.named_goal(text) for text in to or ())
    if goals and units != "sigma":
        raise SettingError(f"--units {units} counts strengths of --move; --to takes probabilities")
    if moves and directions is None:
        raise SettingError("--move needs --directions, the file that holds them; or use --to")
    expect_file(out, IMAGES + CODES)
    generator = open_model(model, options)
    # Directions may live in another space than the one that edits work best in.
    found = None
    if directions is not None:
        found = open_directions(directions, generator, of_any_generator=of_any_generator)
    space = None if found is None else found.space
    at = name_codes(generator, codes, seed, space=space, options=sampling)
    if found is None or goals:
        kept = () if hold == ("all",) else hold
        eye = open_scorer(scorer, model, words=[*goals, *kept], device=options.device)
        edits, data, done = _guide(
            generator,
            eye,
            at.draw(generator),
            {name_as(eye, said): goal for said, goal in goals.items()},
            hold=tuple(name_as(eye, said) for said in hold),
            along=found,
            layers=layers,
            batch_size=options.batch_size,
        )
    else:
        edits, data, done = _move(found, moves, units, hold, layers)
    recipe = Recipe(
        model=name_model(model, generator, options),
        codes=at,
        edits=edits,
        image=Sheet(before=before),
        scale=scale,
        batch_size=options.batch_size,
    )
    write(recipe, out, doing="drawing", generator=generator)
    answer(
        f"{out}: {len(at)} edited, {done}",
        {"model": model, "out": str(out), "n": len(at), **data},
        as_json=json,
    )


def _move(
    found: Directions,
    moves: list[tuple[str, float]],
    units: str,
    hold: tuple[str, ...],
    layers: tuple[int, int] | None,
) -> tuple[tuple[Edit, ...], dict[str, Any], str]:
    """Moves along directions, what is told of them as JSON, and in words."""
    from ganatomy.recipes import Move

    held = tuple(found[name] for name in hold)
    edits = tuple(
        Move(direction=found[name], strength=strength, units=units, hold=held, layers=layers)
        for name, strength in moves
    )
    done = ", ".join(f"{name} {strength:+g}" for name, strength in moves)
    return edits, {"moves": dict(moves), "units": units, "hold": list(hold)}, f"{done} {units}"


def _guide(
    generator: Generator,
    eye: Scorer,
    was: Latents,
    goals: dict[str, float | str],
    *,
    hold: tuple[str, ...],
    along: Directions | None,
    layers: tuple[int, int] | None,
    batch_size: int,
) -> tuple[tuple[Edit, ...], dict[str, Any], str]:
    """A guided edit that was searched for, and what is told of it."""
    from ganatomy.guidance import guided
    from ganatomy.recipes import Reached

    with progress("editing") as advance:
        result = guided(
            generator,
            eye,
            was,
            goals,
            hold="all" if hold == ("all",) else hold,
            directions=along,
            layers=layers,
            batch_size=min(batch_size, 16),
            progress=advance,
        )
    before, after = (
        [dict(zip(seen.names, row, strict=True)) for row in seen.probabilities.tolist()]
        for seen in (result.before, result.after)
    )
    wanted = [dict(zip(result.targets, row, strict=True)) for row in result.goals.tolist()]
    drift = [dict(zip(result.held, row, strict=True)) for row in result.drift.tolist()]
    images = [
        {
            "before": {name: before[row][name] for name in result.targets},
            "goal": wanted[row],
            "after": {name: after[row][name] for name in result.targets},
            "held_drift": drift[row],
            "reached": bool(result.reached[row]),
            "steps": int(result.steps[row]),
            "sigmas": float(result.distance[row]),
        }
        for row in range(len(result))
    ]
    data = {"to": goals, "hold": list(result.held), "slopes": result.slopes, "images": images}
    sought = {name: float(result.goals[:, k].mean()) for k, name in enumerate(result.targets)}
    return (Reached(latents=result.latents, sought=sought),), data, str(result)

"""`ganatomy edit`: move codes along directions by given strengths, or until the classifier reaches a target."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ganatomy.cli import parsing
from ganatomy.cli.console import answer, progress
from ganatomy.cli.inputs import one_of, open_directions
from ganatomy.cli.judging import judge_edits, judged_names
from ganatomy.cli.outputs import CODES, IMAGES, expect_file, write
from ganatomy.cli.parameters import (
    AnyGenerator,
    CodesFile,
    Json,
    LayerRange,
    Layers,
    Names,
    OutFile,
    Scale,
    Seeds,
    Units,
    parsed,
    switch,
)
from ganatomy.cli.subject import Subject, called
from ganatomy.errors import SettingError

if TYPE_CHECKING:
    from ganatomy.generators.base import Generator
    from ganatomy.latents import Directions, Latents
    from ganatomy.perception.base import Scorer
    from ganatomy.recipes.moves import Edit


def edit(
    subject: Subject,
    codes: CodesFile = None,
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
            help="Target probability of an attribute, such as Smiling=0.9, or Smiling=+0.25 for a change; needs no "
            "directions.",
        ),
    ] = None,
    seed: Seeds = (),
    hold: Annotated[
        Names,
        parsed(
            parsing.name_list,
            "NAMES",
            "Attributes to keep fixed, such as Male,Eyeglasses. With --move, directions of the same file; with --to, "
            'attributes of the classifier, or "all" others.',
        ),
    ] = (),
    units: Units = "sigma",
    layers: Layers = None,
    before: Annotated[bool, switch("Show each image as it was above the edited one.")] = False,
    scale: Scale = None,
    of_any_generator: AnyGenerator = False,
    json: Json = False,
) -> None:
    r"""Move codes along directions, or until the classifier reaches the target, keeping other attributes fixed.

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
            "give one kind of edit: --move NAME=STRENGTH with --directions, or --to NAME=PROBABILITY"
        )
    moves = [parsing.named_strength(text) for text in move or ()]
    goals = dict(parsing.named_goal(text) for text in to or ())
    if goals and units != "sigma":
        raise SettingError(f"--units {units} is for strengths of --move; --to takes probabilities")
    if moves and directions is None:
        raise SettingError("--move needs --directions, the file that holds them; or use --to")
    expect_file(out, IMAGES + CODES)
    generator = subject.open_generator()
    # Directions may live in another space than the one that edits work best in.
    found = None
    if directions is not None:
        found = open_directions(directions, generator, of_any_generator=of_any_generator)
    at = subject.codes(generator, one_of(codes, seed), space=None if found is None else found.space)
    was = at.draw(generator)
    scorer = None
    words = [*goals, *(() if hold == ("all",) else hold)]
    if goals:
        scorer = subject.open_scorer(words)
        goals = {called(scorer, name): goal for name, goal in goals.items()}
        hold = tuple(called(scorer, name) for name in hold)
    judge = subject.open_judge(scorer, words or [name for name, _ in moves])
    judged = judged_names(judge, [*goals, *dict(moves)])
    if scorer is not None:
        edits, data, done = _guide(
            generator,
            scorer,
            was,
            goals,
            hold=hold,
            along=found,
            layers=layers,
            batch_size=subject.batch_size,
        )
    else:
        assert found is not None
        edits, data, done = _move(found, moves, units, hold, layers)
    recipe = Recipe(
        model=subject.reference(generator),
        codes=at,
        edits=edits,
        image=Sheet(before=before),
        scale=scale,
        batch_size=subject.batch_size,
    )
    write(recipe, out, doing="drawing", generator=generator)
    lines = [f"{out}: {len(at)} edited, {done}"]
    if judge is not None:
        now = reduce(lambda latents, edit: edit.apply(latents, generator), edits, was)
        readings, line = judge_edits(judge, generator, was, now, judged, batch_size=subject.batch_size)
        data |= readings
        lines.append(line)
    answer("\n".join(lines), {"model": subject.model, "out": str(out), "n": len(at), **data}, as_json=json)


def _move(
    found: Directions,
    moves: list[tuple[str, float]],
    units: str,
    hold: Names,
    layers: LayerRange,
) -> tuple[tuple[Edit, ...], dict[str, Any], str]:
    """Moves along directions, the same as JSON, and in words."""
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
    scorer: Scorer,
    was: Latents,
    goals: dict[str, float | str],
    *,
    hold: Names,
    along: Directions | None,
    layers: LayerRange,
    batch_size: int,
) -> tuple[tuple[Edit, ...], dict[str, Any], str]:
    """The result of a guided edit, what it reached as JSON, and in words."""
    from ganatomy.guidance import GuidedSettings, guided
    from ganatomy.recipes import Reached

    with progress("editing") as advance:
        result = guided(
            generator,
            scorer,
            was,
            goals,
            hold="all" if hold == ("all",) else hold,
            directions=along,
            settings=GuidedSettings(layers=layers),
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
    data = {"to": goals, "hold": list(result.held), "derivatives": result.derivatives, "images": images}
    sought = {name: float(result.goals[:, k].mean()) for k, name in enumerate(result.targets)}
    return (Reached(latents=result.latents, sought=sought),), data, str(result)

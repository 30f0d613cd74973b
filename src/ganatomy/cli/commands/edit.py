"""`ganatomy edit`: move codes along directions by given strengths, or until the classifier reaches a target."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ganatomy.cli import parsing
from ganatomy.cli.console import progress
from ganatomy.cli.inputs import one_of, open_directions
from ganatomy.cli.outputs import CODES, IMAGES, expect_file
from ganatomy.cli.parameters import (
    AnyGenerator,
    CodesFile,
    Json,
    LayerRange,
    Layers,
    NameList,
    Names,
    OutFile,
    Scale,
    Seeds,
    Units,
    repeated,
    switch,
)
from ganatomy.cli.readings import each_image, judge_edits, judged_names, rows
from ganatomy.cli.subject import Subject, called
from ganatomy.errors import SettingError

if TYPE_CHECKING:
    from ganatomy.generators.base import Generator
    from ganatomy.guidance import Guided
    from ganatomy.latents import Directions, Latents
    from ganatomy.perception.base import Scorer
    from ganatomy.recipes.moves import Edit


def edit(
    subject: Subject,
    codes: CodesFile = None,
    *,
    out: OutFile,
    directions: Path | None = None,
    move: Annotated[list[str] | None, repeated("NAME=STRENGTH")] = None,
    to: Annotated[list[str] | None, repeated("NAME=PROBABILITY")] = None,
    seed: Seeds = (),
    hold: NameList = (),
    units: Units = "sigma",
    layers: Layers = None,
    before: Annotated[bool, switch("Show each image as it was above the edited one.")] = False,
    scale: Scale = None,
    of_any_generator: AnyGenerator = False,
    json: Json = False,
) -> None:
    r"""Move codes along directions, or until the classifier reaches the target, keeping other attributes fixed.

    Args:
        directions: File of directions, or a folder that `ganatomy explore` wrote. With --to, edit in their span only.
        move: A move along a direction, such as Smiling=2; give it again for the next.
        hold: Attributes to keep fixed, such as Male,Eyeglasses. With --move, directions of the same file; with --to,
            attributes of the classifier, or "all" others.
        to: Target probability of an attribute, such as Smiling=0.9, or Smiling=+0.25 for a change; needs no directions.

    Example:
        ganatomy edit faces --seed 7 --to Smiling=0.9 --hold all -o smiling.png
        ganatomy edit faces --seed 7 --directions faces-report/ --move Smiling=2 \
            --hold Male,Eyeglasses -o smiling.png
        ganatomy edit faces me.latents --directions my.directions \
            --move Smiling=1 --move Young=-2 --units logit -o older.latents
    """
    from ganatomy.recipes import Sheet

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
    generator = subject.generator
    # Directions may live in another space than the one that edits work best in.
    found = None
    if directions is not None:
        found = open_directions(directions, generator, of_any_generator=of_any_generator)
    at = subject.codes(one_of(codes, seed), space=None if found is None else found.space)
    was = at.draw(generator)
    scorer, scores, sought = None, None, None
    words = [*goals, *dict(moves), *(() if hold == ("all",) else hold)]
    if goals:
        scorer = subject.open_scorer(words)
        goals = {called(scorer, name): goal for name, goal in goals.items()}
        hold = tuple(called(scorer, name) for name in hold)
    judge = subject.open_judge(scorer, words)
    judged = judged_names(judge, [*goals, *dict(moves)])
    if scorer is not None:
        result = _guide(
            generator,
            scorer,
            was,
            goals,
            hold=hold,
            along=found,
            layers=layers,
            batch_size=subject.batch_size,
        )
        edits, data, done = _reached(result, goals)
        scores, sought = result.before, result.goals[:, [result.targets.index(name) for name in judged]]
    else:
        assert found is not None
        edits, data, done = _move(found, moves, units, hold, layers)
    subject.draw(out, codes=at, edits=edits, image=Sheet(before=before), scale=scale)
    now = reduce(lambda latents, edit: edit.apply(latents, generator), edits, was)
    readings, lines = judge_edits(
        judge, generator, was, now, judged, batch_size=subject.batch_size, scores=scores, goals=sought
    )
    what = "\n".join([f"{len(at)} edited, {done}", *lines])
    subject.done(out, what, {"n": len(at), **data, **readings}, as_json=json)


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
) -> Guided:
    """The guided edit."""
    from ganatomy.guidance import GuidedSettings, guided

    with progress("editing") as advance:
        return guided(
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


def _reached(result: Guided, goals: dict[str, float | str]) -> tuple[tuple[Edit, ...], dict[str, Any], str]:
    """The codes that a guided edit arrived at, what it reached as JSON, and in words."""
    from ganatomy.recipes import Reached

    columns = {
        "before": rows(result.targets, result.before.select(result.targets).probabilities),
        "goal": rows(result.targets, result.goals),
        "after": rows(result.targets, result.after.select(result.targets).probabilities),
        "held_drift": rows(result.held, result.drift),
        "reached": result.reached.tolist(),
        "steps": result.steps.tolist(),
        "sigmas": result.distance.tolist(),
    }
    data = {"to": goals, "hold": list(result.held), "derivatives": result.derivatives}
    sought = dict(zip(result.targets, result.goals.mean(0).tolist(), strict=True))
    edits = (Reached(latents=result.latents, sought=sought),)
    return edits, {**data, "images": each_image(columns)}, str(result)

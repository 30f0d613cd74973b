"""`ganatomy edit`: move codes along directions, or to wherever the classifier reaches a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ganatomy.cli import parsing
from ganatomy.cli.codes import INVERTING, Inverting
from ganatomy.cli.console import progress
from ganatomy.cli.enlarging import ENLARGING, Enlarging
from ganatomy.cli.inputs import held_directions, one_of, open_directions, plain_units
from ganatomy.cli.outputs import CODES, IMAGES
from ganatomy.cli.parameters import (
    AnyGenerator,
    CodeFiles,
    Json,
    LayerRange,
    Layers,
    NameList,
    Names,
    OutFile,
    Seeds,
    Units,
    repeated,
    switch,
)
from ganatomy.cli.pasting import write_or_paste
from ganatomy.cli.readings import each_image, open_readers, readings_data, rows, with_lines
from ganatomy.cli.solving import Moved, population, solve
from ganatomy.cli.subject import Guiding, called
from ganatomy.errors import SettingError

if TYPE_CHECKING:
    from ganatomy.generators.base import Generator
    from ganatomy.guidance import Guided
    from ganatomy.latents import Directions, Latents
    from ganatomy.perception.base import Scorer
    from ganatomy.recipes.codes import Codes
    from ganatomy.recipes.moves import Edit, Move


def edit(
    subject: Guiding,
    codes: CodeFiles = None,
    *,
    out: OutFile,
    directions: Path | None = None,
    move: Annotated[list[str] | None, repeated("NAME=AMOUNT")] = None,
    to: Annotated[list[str] | None, repeated("NAME=PROBABILITY")] = None,
    seed: Seeds = (),
    photographs: Inverting = INVERTING,
    hold: NameList = (),
    units: Units | None = None,
    layers: Layers = None,
    before: Annotated[bool, switch("Show each image as it was above the edited one.")] = False,
    enlarging: Enlarging = ENLARGING,
    of_any_generator: AnyGenerator = False,
    json: Json = False,
) -> None:
    r"""Move codes along directions, or until the classifier reaches the target, keeping other attributes fixed.

    Args:
        directions: File of directions, or a folder that `ganatomy explore` wrote. With --to, edit in their span only.
        move: A move along a direction, such as Smiling=2 (a strength, in --units). Or what the classifier is to read:
            Smiling=x2 (twice the image's own probability), +30% or -30% (a change of it, in percentage points), 90% (a
            probability), p90 (a percentile of generated images). The strength is then solved for each image. Give it
            again for the next.
        hold: Attributes to keep fixed, such as Male,Eyeglasses, or "all" others. With --move, directions of the same
            file; with --to, attributes of the classifier.
        to: Target probability of an attribute, such as Smiling=0.9, or Smiling=+0.25 for a change; needs no directions.

    Example:
        ganatomy edit faces --seed 7 --to Smiling=0.9 --hold all -o smiling.png
        ganatomy edit faces --seed 7 --directions faces-report/ --move Smiling=2 \
            --hold Male,Eyeglasses -o smiling.png
        ganatomy edit faces --seed 7,8 --directions faces-report/ --move Smiling=x2 \
            --hold Male -o twice-the-smile.png
        ganatomy edit my.pt me.jpg --directions my.directions --move Smiling=2 \
            --paste -o me-smiling.jpg
        ganatomy edit faces me.latents --directions my.directions \
            --move Smiling=1 --move Young=-2 --units logit -o older.latents
    """
    from ganatomy.recipes import Move, Sheet, read_edit

    if bool(move) == bool(to):
        raise SettingError(
            "give one kind of edit: --move NAME=AMOUNT with --directions, or --to NAME=PROBABILITY"
        )
    moves = _moves(move or ())
    goals = dict(parsing.named_goal(text) for text in to or ())
    if goals and units is not None:
        raise SettingError(f"--units {units} is for strengths of --move; --to takes probabilities")
    solving = [name for name, amount in moves.items() if amount.units is not None]
    if solving and len(solving) == len(moves) and units is not None:
        raise SettingError(f"--units {units} is for plain strengths, such as Smiling=2; leave it out")
    if moves and directions is None:
        raise SettingError("--move needs --directions, the file that holds them; or use --to")
    photographs.expect(out, IMAGES + CODES)
    generator = subject.generator
    # Directions may live in another space than the one that edits work best in.
    found = None
    if directions is not None:
        found = open_directions(directions, generator, of_any_generator=of_any_generator)
    inputs = photographs.read(subject, one_of(codes, seed), space=None if found is None else found.space)
    at = inputs.codes
    was = at.draw(generator)
    scorer = None
    words = [*goals, *moves, *(() if hold == ("all",) else hold)]
    if goals or solving:
        scorer = subject.open_scorer(words if goals else solving)
    if goals:
        assert scorer is not None
        goals = {called(scorer, name): goal for name, goal in goals.items()}
        hold = tuple(called(scorer, name) for name in hold)
    readers = open_readers(subject, scorer, [*goals, *moves], words)
    if goals:
        assert scorer is not None
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
        asked, reached = dict(zip(result.targets, result.goals.T, strict=True)), result.reached
    else:
        assert found is not None
        held = held_directions(found, hold, moves)
        sample = Move(direction=found[next(iter(moves))], strength=0.0, hold=held, layers=layers)
        units_of = {name: plain_units(found[name], units) for name in moves}
        moved, data, done = _move(
            subject, scorer, was, found, moves, sample=sample, units=units_of, images=_names(at)
        )
        edits, (asked, reached) = moved.edits, moved.asked()
    read = read_edit(
        generator,
        was,
        reduce(lambda latents, edit: edit.apply(latents, generator), edits, was),
        [*goals, *moves],
        scorer=readers[0],
        judge=readers[1],
        goals=asked,
        reached=reached,
        batch_size=subject.batch_size,
    )
    recipe = subject.recipe(
        codes=at, edits=edits, image=Sheet(before=before), enlarging=enlarging, readings=read
    )
    write_or_paste(recipe, out, photographs, inputs, generator=generator)
    # What the scorer read of goals stands in the line before.
    lines = read.lines if reached is None else [*read.judge_lines, read.codes_line]
    what = with_lines(f"{len(at)} edited, {done}", lines)
    subject.done(out, what, {"n": len(at), **data, **inputs.data(), **readings_data(read)}, as_json=json)


def _moves(texts: Sequence[str]) -> dict[str, parsing.Amount]:
    """The moves by name.

    Raises:
        SettingError: for a direction that is named twice.
    """
    moves = [parsing.named_move(text) for text in texts]
    names = [name for name, _ in moves]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SettingError(f"--move names {twice} twice; give it once, with the sum of both strengths")
    return dict(moves)


def _names(codes: Codes) -> list[str]:
    """What an image is called in text."""
    from ganatomy.recipes import Drawn

    if isinstance(codes, Drawn) and codes.n == 1:
        return [f"seed {seed}" for seed in codes.seeds]
    return [f"image {row}" for row in range(len(codes))]


def _move(
    subject: Guiding,
    scorer: Scorer | None,
    was: Latents,
    found: Directions,
    moves: Mapping[str, parsing.Amount],
    *,
    sample: Move,
    units: Mapping[str, str],
    images: Sequence[str],
) -> tuple[Moved, dict[str, Any], str]:
    """Moves along directions, the same as JSON, and in words."""
    counted = [name for name, amount in moves.items() if amount.units == "percentile"]
    seen = None
    if scorer is not None and counted:
        seen = population(
            subject.generator,
            scorer.select(counted),
            space=found.space,
            truncation_psi=subject.truncation_psi,
            batch_size=subject.batch_size,
        )
    moved = solve(
        subject.generator,
        scorer,
        was,
        found,
        moves,
        move=sample,
        units=units,
        population=seen,
        batch_size=subject.batch_size,
    )
    given = {name: amount.value if amount.units is None else amount.text for name, amount in moves.items()}
    data: dict[str, Any] = {
        "moves": given,
        "units": dict(units),
        "hold": [direction.name for direction in sample.hold],
    }
    if moved.solved:
        data["images"] = moved.images()
    plain = ", ".join(
        f"{name} {value:+g} {units[name]}" for name, value in given.items() if not isinstance(value, str)
    )
    looked_for = f"strengths of {', '.join(moved.solved)} solved for each image" if moved.solved else ""
    done = "; ".join(filter(None, [plain, looked_for]))
    return moved, data, "\n".join([done, *moved.lines(moves, images)])


def _guide(
    generator: Generator,
    scorer: Scorer,
    was: Latents,
    goals: dict[str, float | str],
    *,
    hold: Names,
    along: Directions | None,
    layers: LayerRange,
    batch_size: int | None,
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
            batch_size=batch_size,
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

"""`ganatomy edit`: move codes along directions, by how much is said."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ganatomy.cli import parsing
from ganatomy.cli.console import answer, progress
from ganatomy.cli.inputs import open_codes, open_directions, open_model
from ganatomy.cli.outputs import CODES, PICTURES, expect_file, make_pictures
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
    Seeds,
    Units,
)


def edit(
    model: Model,
    codes: CodesFile = None,
    /,
    *,
    out: OutFile,
    directions: Annotated[
        Path, Parameter(help="File of directions, or a folder that `ganatomy explore` wrote.")
    ],
    move: Annotated[
        list[str],
        Parameter(
            metavar="NAME=STRENGTH",
            negative=(),
            help="A move, such as Smiling=2; give it again for the next.",
        ),
    ],
    seed: Seeds = (),
    hold: Hold = (),
    units: Units = "sigma",
    layers: Layers = None,
    before: Annotated[
        bool,
        Parameter(negative=(), show_default=False, help="Show each picture as it was above the edited one."),
    ] = False,
    scale: Scale = None,
    of_any_generator: AnyGenerator = False,
    sampling: SampleOptions = SAMPLE,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    r"""Move codes along directions, one after another, and hold what must not change.

    Example:
        ganatomy edit faces --seed 7 --directions faces-report/ --move Smiling=2 \
            --hold Male,Eyeglasses -o smiling.png
        ganatomy edit faces me.latents --directions my.directions \
            --move Smiling=1 --move Young=-2 --units logit -o older.latents
    """
    import torch

    from ganatomy import edits
    from ganatomy.images import save_image
    from ganatomy.plots import grid
    from ganatomy.storage import save_latents

    moves = [parsing.named_strength(text) for text in move]
    expect_file(out, PICTURES + CODES)
    generator = open_model(model, options)
    found = open_directions(directions, generator, of_any_generator=of_any_generator)
    chosen = [(found[name], strength) for name, strength in moves]
    held = [found[name] for name in hold]
    was = open_codes(generator, codes, seed, space=found.space, options=sampling)
    now = was
    for direction, strength in chosen:
        now = edits.move(now, direction, strength, units=units, hold=held, layers=layers)

    if out.suffix.lower() in CODES:
        save_latents(now, out)
    else:
        with progress("editing") as advance:
            images = make_pictures(generator, now, batch_size=options.batch_size, advance=advance)
            if before:
                old = make_pictures(generator, was, batch_size=options.batch_size, advance=advance)
                images = torch.cat([old, images])
        columns = len(now) if before else None
        save_image(grid(images, columns=columns, scale=scale, gap=2 if len(images) > 1 else 0), out)
    data = {
        "model": model,
        "out": str(out),
        "n": len(now),
        "moves": dict(moves),
        "units": units,
        "hold": list(hold),
    }
    done = ", ".join(f"{name} {strength:+g}" for name, strength in moves)
    answer(f"{out}: {len(now)} edited, {done} {units}", data, as_json=json)

"""`ganatomy sample`: what a model draws."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from ganatomy.cli.console import answer
from ganatomy.cli.inputs import name_model, name_seeds, open_model
from ganatomy.cli.outputs import CODES, IMAGES, expect_file, write
from ganatomy.cli.parameters import (
    MODEL,
    SAMPLE,
    Count,
    Json,
    Model,
    ModelOptions,
    OutFile,
    SampleOptions,
    Scale,
    Seed,
    SpaceName,
)


def sample(
    model: Model,
    /,
    *,
    out: OutFile,
    n: Count = 16,
    seed: Seed = 0,
    space: SpaceName = None,
    columns: Annotated[int | None, Parameter(help="Images in a row; by default a square sheet.")] = None,
    scale: Scale = None,
    sampling: SampleOptions = SAMPLE,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    """Draw images as one sheet, or their codes as a file.

    Args:
        n: How many to draw.

    Example:
        ganatomy sample faces -n 16 --seed 7 --truncation-psi 0.7 -o samples.png
    """
    from ganatomy.recipes import Recipe, Sheet

    expect_file(out, IMAGES + CODES)
    generator = open_model(model, options)
    codes = name_seeds(generator, (seed,), n=n, space=space, options=sampling)
    recipe = Recipe(
        model=name_model(model, generator, options),
        codes=codes,
        image=Sheet(columns=columns),
        scale=scale,
        batch_size=options.batch_size,
    )
    write(recipe, out, doing="sampling", generator=generator)
    data = {"model": model, "n": n, "seed": seed, "space": codes.space.value, "out": str(out)}
    answer(f"{out}: {n} of {model}, seed {seed}, {codes.space}", data, as_json=json)

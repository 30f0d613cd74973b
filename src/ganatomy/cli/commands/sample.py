"""`ganatomy sample`: what a model draws."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from ganatomy.cli.console import answer
from ganatomy.cli.outputs import CODES, IMAGES, expect_file, write
from ganatomy.cli.parameters import Count, Json, OutFile, Scale, Seed, SpaceName
from ganatomy.cli.subject import Sampling


def sample(
    subject: Sampling,
    *,
    out: OutFile,
    n: Count = 16,
    seed: Seed = 0,
    space: SpaceName = None,
    columns: Annotated[int | None, Parameter(help="Images in a row; by default a square sheet.")] = None,
    scale: Scale = None,
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
    generator = subject.open_generator()
    codes = subject.seeds(generator, (seed,), n=n, space=space)
    recipe = Recipe(
        model=subject.reference(generator),
        codes=codes,
        image=Sheet(columns=columns),
        scale=scale,
        batch_size=subject.batch_size,
    )
    write(recipe, out, doing="sampling", generator=generator)
    data = {"model": subject.model, "n": n, "seed": seed, "space": codes.space.value, "out": str(out)}
    answer(f"{out}: {n} of {subject.model}, seed {seed}, {codes.space}", data, as_json=json)

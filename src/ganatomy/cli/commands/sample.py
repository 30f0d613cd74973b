"""`ganatomy sample`: what a model draws."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from ganatomy.cli.console import answer, progress
from ganatomy.cli.inputs import draw_codes, open_model
from ganatomy.cli.outputs import CODES, PICTURES, expect_file, make_pictures
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
    columns: Annotated[int | None, Parameter(help="Pictures in a row; by default a square sheet.")] = None,
    scale: Scale = None,
    sampling: SampleOptions = SAMPLE,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    """Draw pictures as one sheet, or their codes as a file.

    Args:
        n: How many to draw.

    Example:
        ganatomy sample faces -n 16 --seed 7 --truncation-psi 0.7 -o samples.png
    """
    from ganatomy.images import save_image
    from ganatomy.plots import grid
    from ganatomy.storage import save_latents

    expect_file(out, PICTURES + CODES)
    generator = open_model(model, options)
    codes = draw_codes(generator, n, seed=seed, space=space, options=sampling)
    if out.suffix.lower() in CODES:
        save_latents(codes, out)
    else:
        with progress("sampling") as advance:
            images = make_pictures(generator, codes, batch_size=options.batch_size, advance=advance)
        save_image(grid(images, columns=columns, scale=scale), out)
    data = {"model": model, "n": n, "seed": seed, "space": codes.space.value, "out": str(out)}
    answer(f"{out}: {n} of {model}, seed {seed}, {codes.space}", data, as_json=json)

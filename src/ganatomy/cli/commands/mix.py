"""`ganatomy mix`: the styles of some layers from one code, the rest from another."""

from __future__ import annotations

from typing import Annotated

from ganatomy.cli import parsing
from ganatomy.cli.console import answer, progress
from ganatomy.cli.inputs import open_codes, open_model
from ganatomy.cli.outputs import CODES, PICTURES, expect_file, make_pictures
from ganatomy.cli.parameters import (
    MODEL,
    SAMPLE,
    Json,
    Model,
    ModelOptions,
    OutFile,
    SampleOptions,
    Scale,
    parsed,
)


def mix(
    model: Model,
    /,
    *,
    out: OutFile,
    rows: Annotated[tuple[int, ...], parsed(parsing.seed_list, "SEEDS", "Codes that give all other layers.")],
    columns: Annotated[
        tuple[int, ...], parsed(parsing.seed_list, "SEEDS", "Codes that give the layers of --layers.")
    ],
    layers: Annotated[
        tuple[int, int],
        parsed(parsing.layer_range, "FIRST:END", "Layers to take from the columns, END not included."),
    ],
    scale: Scale = None,
    sampling: SampleOptions = SAMPLE,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    """Mix the styles of codes layer by layer: first layers carry pose and shape, last ones colour (Karras et al. 2019).

    Example:
        ganatomy mix faces --rows 1,2,3 --columns 4,5,6 --layers 0:4 -o mix.png
    """
    import torch

    from ganatomy import edits
    from ganatomy.images import save_image
    from ganatomy.latents import Latents
    from ganatomy.plots import grid
    from ganatomy.storage import save_latents

    expect_file(out, PICTURES + CODES)
    generator = open_model(model, options)
    given, giving = (
        open_codes(generator, None, seeds, space="w+", options=sampling) for seeds in (rows, columns)
    )
    mixed = edits.style_mix(given, giving, layers)
    if out.suffix.lower() in CODES:
        save_latents(mixed, out)
    else:
        with progress("mixing") as advance:
            every = Latents.cat([given, giving, mixed])
            images = make_pictures(generator, every, batch_size=options.batch_size, advance=advance)
        left, top, table = images.split([len(given), len(giving), len(mixed)])
        sheet = [torch.ones_like(images[:1]), top]
        for row in range(len(given)):
            sheet += [left[row : row + 1], table[row * len(giving) : (row + 1) * len(giving)]]
        save_image(grid(torch.cat(sheet), columns=len(giving) + 1, scale=scale), out)
    data = {
        "model": model,
        "out": str(out),
        "rows": list(rows),
        "columns": list(columns),
        "layers": list(layers),
    }
    answer(
        f"{out}: {len(given)} x {len(giving)} codes, layers {layers[0]}:{layers[1]} mixed", data, as_json=json
    )

"""`ganatomy mix`: the styles of some layers from one code, the rest from another."""

from __future__ import annotations

from typing import Annotated

from ganatomy.cli import parsing
from ganatomy.cli.outputs import CODES, IMAGES, expect_file
from ganatomy.cli.parameters import Json, OutFile, Scale, SeedList, parsed
from ganatomy.cli.subject import Sampling


def mix(
    subject: Sampling,
    *,
    out: OutFile,
    rows: SeedList,
    columns: SeedList,
    layers: Annotated[tuple[int, int], parsed(parsing.layer_range, "FIRST:END")],
    scale: Scale = None,
    json: Json = False,
) -> None:
    """Mix the styles of codes layer by layer: first layers carry pose and shape, last ones colour (Karras et al. 2019).

    Args:
        rows: Codes that give all other layers.
        columns: Codes that give the layers of --layers.
        layers: Layers to take from the columns, END not included.

    Example:
        ganatomy mix faces --rows 1,2,3 --columns 4,5,6 --layers 0:4 -o mix.png
    """
    from ganatomy.recipes import Mix

    expect_file(out, IMAGES + CODES)
    given, giving = (subject.seeds(seeds, space="w+") for seeds in (rows, columns))
    subject.draw(out, codes=given, image=Mix(columns=giving, layers=layers), scale=scale)
    what = f"{len(rows)} x {len(columns)} codes, layers {layers[0]}:{layers[1]} mixed"
    data = {"rows": list(rows), "columns": list(columns), "layers": list(layers)}
    subject.done(out, what, data, as_json=json)

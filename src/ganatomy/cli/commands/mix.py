"""`ganatomy mix`: the styles of some layers from one code, the rest from another."""

from __future__ import annotations

from typing import Annotated

from ganatomy.cli import parsing
from ganatomy.cli.codes import INVERTING, Inverting
from ganatomy.cli.enlarging import ENLARGING, Enlarging
from ganatomy.cli.inputs import Source, named
from ganatomy.cli.outputs import CODES, IMAGES, expect_file
from ganatomy.cli.parameters import Json, OutFile, parsed, sources
from ganatomy.cli.subject import Sampling


def mix(
    subject: Sampling,
    *,
    out: OutFile,
    rows: Annotated[Source, sources("ROWS")],
    columns: Annotated[Source, sources("COLUMNS")],
    layers: Annotated[tuple[int, int], parsed(parsing.layer_range, "FIRST:END")],
    photographs: Inverting = INVERTING,
    enlarging: Enlarging = ENLARGING,
    json: Json = False,
) -> None:
    """Mix the styles of codes layer by layer: first layers carry pose and shape, last ones colour (Karras et al. 2019).

    Args:
        rows: Codes that give all other layers: seeds such as 1,2,3, a file of latents, or photographs such as
            me.jpg,you.jpg.
        columns: Codes that give the layers of --layers.
        layers: Layers to take from the columns, END not included.

    Example:
        ganatomy mix faces --rows 1,2,3 --columns 4,5,6 --layers 0:4 -o mix.png
    """
    from ganatomy.recipes import Mix

    expect_file(out, IMAGES + CODES)
    photographs.refuse_paste("a mix")
    given, giving = (inputs.codes for inputs in photographs.read_all(subject, [rows, columns], space="w+"))
    subject.draw(out, codes=given, image=Mix(columns=giving, layers=layers), enlarging=enlarging)
    what = f"{len(given)} x {len(giving)} codes, layers {layers[0]}:{layers[1]} mixed"
    data = {"rows": named(rows), "columns": named(columns), "layers": list(layers)}
    subject.done(out, what, data, as_json=json)

"""`ganatomy sample`: random images of a model."""

from __future__ import annotations

from typing import Annotated

from ganatomy.cli.enlarging import ENLARGING, Enlarging
from ganatomy.cli.outputs import CODES, IMAGES, expect_file
from ganatomy.cli.parameters import Count, Json, OutFile, Seeds, SmallOrNone, SpaceName, switch
from ganatomy.cli.subject import Sampling


def sample(
    subject: Sampling,
    *,
    out: OutFile,
    n: Count | None = None,
    seed: Seeds = (0,),
    space: SpaceName = None,
    columns: SmallOrNone = None,
    numbers: Annotated[
        bool, switch("Write below each image the number of its row, which `ganatomy edit --row` takes.")
    ] = False,
    enlarging: Enlarging = ENLARGING,
    json: Json = False,
) -> None:
    """Draw images as one sheet, or their codes as a file.

    Args:
        n: Number of images of each seed; by default 16 of one seed, 1 of each of several.
        columns: Images in a row; by default a square sheet.

    Example:
        ganatomy sample faces -n 16 --seed 7 --truncation-psi 0.7 -o samples.png
        ganatomy sample faces --seed 0:16 --numbers -o sixteen.png
    """
    from ganatomy.recipes import Sheet

    expect_file(out, IMAGES + CODES)
    count = n if n is not None else 16 if len(seed) == 1 else 1
    codes = subject.seeds(seed, n=count, space=space)
    subject.draw(out, codes=codes, image=Sheet(columns=columns, numbered=numbers), enlarging=enlarging)
    one = len(seed) == 1
    data = {
        "n": len(codes),
        **({"seed": seed[0]} if one else {"seeds": list(seed)}),
        "space": codes.space.value,
    }
    named = f"seed {seed[0]}" if one else f"seeds {codes.title}"
    subject.done(out, f"{len(codes)} of {subject.model}, {named}, {codes.space}", data, as_json=json)

"""`ganatomy sample`: random images of a model."""

from __future__ import annotations

from ganatomy.cli.outputs import CODES, IMAGES, expect_file
from ganatomy.cli.parameters import Count, Json, OutFile, Scale, Seed, SpaceName
from ganatomy.cli.subject import Sampling


def sample(
    subject: Sampling,
    *,
    out: OutFile,
    n: Count = 16,
    seed: Seed = 0,
    space: SpaceName = None,
    columns: int | None = None,
    scale: Scale = None,
    json: Json = False,
) -> None:
    """Draw images as one sheet, or their codes as a file.

    Args:
        n: Number of images.
        columns: Images in a row; by default a square sheet.

    Example:
        ganatomy sample faces -n 16 --seed 7 --truncation-psi 0.7 -o samples.png
    """
    from ganatomy.recipes import Sheet

    expect_file(out, IMAGES + CODES)
    codes = subject.seeds((seed,), n=n, space=space)
    subject.draw(out, codes=codes, image=Sheet(columns=columns), scale=scale)
    data = {"n": n, "seed": seed, "space": codes.space.value}
    subject.done(out, f"{n} of {subject.model}, seed {seed}, {codes.space}", data, as_json=json)

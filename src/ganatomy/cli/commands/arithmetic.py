"""`ganatomy arithmetic`: smiling woman - woman + man."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter, Token

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
    SpaceName,
)

Term = tuple[str, tuple[int, ...]]
"""The sign of a basket, and its seeds."""


def _terms(_: Any, tokens: Sequence[Token]) -> list[Term]:
    """One option with two names keeps the order in which a person wrote the terms."""
    return [("-" if token.keyword == "--minus" else "+", parsing.seed_list(token.value)) for token in tokens]


def arithmetic(
    model: Model,
    /,
    *,
    out: OutFile,
    terms: Annotated[
        list[Term],
        Parameter(
            name=["--plus", "--minus"],
            converter=_terms,
            n_tokens=1,
            allow_repeating=True,
            negative=(),
            metavar="SEEDS",
            help="A basket of codes to add or to take away, such as --plus 3,5,9; its mean counts.",
        ),
    ],
    neighbours: Annotated[int, Parameter(help="Also show so many codes close to the result.")] = 0,
    space: SpaceName = None,
    scale: Scale = None,
    sampling: SampleOptions = SAMPLE,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    r"""Add and subtract codes; each basket counts by its mean (Radford et al. 2016).

    Example:
        ganatomy arithmetic faces --plus 3,5,9 --minus 2,4,8 --plus 1,6,7 \
            -o sum.png
    """
    from ganatomy import edits
    from ganatomy.images import save_image
    from ganatomy.latents import Latents
    from ganatomy.plots import grid
    from ganatomy.storage import save_latents

    expect_file(out, PICTURES + CODES)
    generator = open_model(model, options)
    baskets = [
        (sign, open_codes(generator, None, seeds, space=space, options=sampling)) for sign, seeds in terms
    ]
    total = edits.arithmetic(
        [basket for sign, basket in baskets if sign == "+"],
        [basket for sign, basket in baskets if sign == "-"],
    )
    if out.suffix.lower() in CODES:
        save_latents(total, out)
    else:
        means = [edits.arithmetic([basket]) for _, basket in baskets]
        near = [edits.neighbours(total, n=neighbours + 1)[1:]] if neighbours else []
        with progress("drawing") as advance:
            shown = Latents.cat([*means, total, *near])
            images = make_pictures(generator, shown, batch_size=options.batch_size, advance=advance)
        equation = [f"{sign} {','.join(map(str, seeds))}" for sign, seeds in terms]
        labels = [*equation, "= sum", *["near it"] * neighbours]
        save_image(grid(images, columns=len(means) + 1, labels=labels, scale=scale), out)
    data = {
        "model": model,
        "out": str(out),
        "space": total.space.value,
        "terms": [{"sign": sign, "seeds": list(seeds)} for sign, seeds in terms],
    }
    written = " ".join(f"{sign} ({', '.join(map(str, seeds))})" for sign, seeds in terms)
    answer(f"{out}: {written}, in {total.space}", data, as_json=json)

"""`ganatomy arithmetic`: smiling woman - woman + man."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter, Token

from ganatomy.cli import parsing
from ganatomy.cli.console import answer
from ganatomy.cli.inputs import name_model, name_seeds, open_model
from ganatomy.cli.outputs import CODES, IMAGES, expect_file, write
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
    from ganatomy.recipes import Arithmetic, Recipe, Sum, Term

    expect_file(out, IMAGES + CODES)
    generator = open_model(model, options)
    total = Sum(
        terms=tuple(
            Term(sign=sign, codes=name_seeds(generator, seeds, space=space, options=sampling))
            for sign, seeds in terms
        )
    )
    recipe = Recipe(
        model=name_model(model, generator, options),
        codes=total,
        image=Arithmetic(neighbours=neighbours),
        scale=scale,
        batch_size=options.batch_size,
    )
    write(recipe, out, doing="drawing", generator=generator)
    used = total.terms[0].codes.space
    data = {
        "model": model,
        "out": str(out),
        "space": str(used),
        "terms": [{"sign": sign, "seeds": list(seeds)} for sign, seeds in terms],
    }
    written = " ".join(f"{sign} ({', '.join(map(str, seeds))})" for sign, seeds in terms)
    answer(f"{out}: {written}, in {used}", data, as_json=json)

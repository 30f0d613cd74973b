"""`ganatomy arithmetic`: smiling woman - woman + man."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter, Token

from ganatomy.cli import parsing
from ganatomy.cli.outputs import CODES, IMAGES, expect_file
from ganatomy.cli.parameters import Json, OutFile, Scale, SpaceName
from ganatomy.cli.subject import Sampling

Term = tuple[str, tuple[int, ...]]
"""The sign of a term, and its seeds."""


def _terms(_: Any, tokens: Sequence[Token]) -> list[Term]:
    """Both options are one, so that the order of the terms is kept."""
    return [("-" if token.keyword == "--minus" else "+", parsing.seed_list(token.value)) for token in tokens]


TERMS = Parameter(
    name=["--plus", "--minus"],
    converter=_terms,
    n_tokens=1,
    allow_repeating=True,
    negative=(),
    metavar="SEEDS",
)


def arithmetic(
    subject: Sampling,
    *,
    out: OutFile,
    terms: Annotated[list[Term], TERMS],
    neighbours: int = 0,
    space: SpaceName = None,
    scale: Scale = None,
    json: Json = False,
) -> None:
    r"""Add and subtract codes (Radford et al. 2016); of several seeds, their mean is added or subtracted.

    Args:
        terms: Seeds of codes whose mean is added or subtracted, such as --plus 3,5,9.
        neighbours: Number of images close to the result that are shown as well.

    Example:
        ganatomy arithmetic faces --plus 3,5,9 --minus 2,4,8 --plus 1,6,7 \
            -o sum.png
    """
    from ganatomy.recipes import Arithmetic, Sum, Term

    expect_file(out, IMAGES + CODES)
    total = Sum(
        terms=tuple(Term(sign=sign, codes=subject.seeds(seeds, space=space)) for sign, seeds in terms)
    )
    subject.draw(out, codes=total, image=Arithmetic(neighbours=neighbours), scale=scale)
    used = total.terms[0].codes.space
    data = {"space": str(used), "terms": [{"sign": sign, "seeds": list(seeds)} for sign, seeds in terms]}
    written = " ".join(f"{sign} ({', '.join(map(str, seeds))})" for sign, seeds in terms)
    subject.done(out, f"{written}, in {used}", data, as_json=json)

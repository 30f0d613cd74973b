"""`ganatomy arithmetic`: smiling woman - woman + man."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter, Token

from ganatomy.cli import parsing
from ganatomy.cli.codes import INVERTING, Inverting
from ganatomy.cli.enlarging import ENLARGING, Enlarging
from ganatomy.cli.inputs import Source, named
from ganatomy.cli.outputs import CODES, IMAGES, expect_file
from ganatomy.cli.parameters import Json, OutFile, Repetitions, SpaceName
from ganatomy.cli.subject import Sampling

Term = tuple[str, Source]
"""The sign of a term, and where its codes come from."""


def _terms(_: Any, tokens: Sequence[Token]) -> list[Term]:
    """Both options are one, so that the order of the terms is kept."""
    return [
        ("-" if token.keyword == "--minus" else "+", parsing.seeds_or_files(token.value)) for token in tokens
    ]


TERMS = Parameter(
    name=["--plus", "--minus"],
    converter=_terms,
    n_tokens=1,
    allow_repeating=True,
    negative=(),
    metavar="CODES",
)


def arithmetic(
    subject: Sampling,
    *,
    out: OutFile,
    terms: Annotated[list[Term], TERMS],
    neighbours: Repetitions = 0,
    space: SpaceName = None,
    photographs: Inverting = INVERTING,
    enlarging: Enlarging = ENLARGING,
    json: Json = False,
) -> None:
    r"""Add and subtract codes (Radford et al. 2016); of several seeds, their mean is added or subtracted.

    Args:
        terms: Codes whose mean is added or subtracted: seeds such as --plus 3,5,9, a file of latents, or photographs
            such as --plus me.jpg,you.jpg.
        neighbours: Number of images close to the result that are shown as well.

    Example:
        ganatomy arithmetic faces --plus 3,5,9 --minus 2,4,8 --plus 1,6,7 \
            -o sum.png
    """
    from ganatomy.recipes import Arithmetic, Sum, Term

    expect_file(out, IMAGES + CODES)
    photographs.refuse_paste("a sum")
    signs, given = zip(*terms, strict=True)
    found = photographs.read_all(subject, given, space=space)
    total = Sum(
        terms=tuple(Term(sign=sign, codes=inputs.codes) for sign, inputs in zip(signs, found, strict=True))
    )
    subject.draw(out, codes=total, image=Arithmetic(neighbours=neighbours), enlarging=enlarging)
    used = total.draw(subject.generator).space
    data = {"space": str(used), "terms": [{"sign": sign, "codes": named(source)} for sign, source in terms]}
    written = " ".join(f"{sign} ({', '.join(map(str, source))})" for sign, source in terms)
    subject.done(out, f"{written}, in {used}", data, as_json=json)

"""Every public name has a docstring with an example, whose calls are those of functions as they are."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator

import pytest

import ganatomy as ga

CONSTANTS = ("MEASURES", "METHODS")
"""Tables, whose entries have examples of their own."""


def examples() -> Iterator[tuple[str, str]]:
    """Public names and their examples: those without a prompt, for doctest runs the others."""
    for name in ga.__all__:
        if name in CONSTANTS:
            continue
        docstring = inspect.getdoc(getattr(ga, name)) or ""
        if ">>>" not in docstring:
            yield name, code_of(docstring)


def code_of(docstring: str) -> str:
    """The block of code behind `Example::`."""
    found = re.search(r"^Examples?:{1,2}\n(.*)", docstring, re.DOTALL | re.MULTILINE)
    if found is None:
        return ""
    block = textwrap.dedent(found[1]).strip("\n").removeprefix("::").strip("\n")
    return textwrap.dedent(block)


def test_every_public_name_has_an_example() -> None:
    without = [name for name, code in examples() if not code]
    assert without == []


def test_examples_call_functions_as_they_are() -> None:
    """The arguments of every call of a public name fit its signature, in all examples."""
    called = 0
    for name, code in examples():
        for node in ast.walk(ast.parse(code)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id in ("ga", "ganatomy")):
                continue
            target = getattr(ga, node.func.attr)
            given = {keyword.arg: None for keyword in node.keywords if keyword.arg}
            try:
                inspect.signature(target).bind(*node.args, **given)
            except TypeError as error:
                pytest.fail(f"the example of {name} calls {node.func.attr}: {error}")
            called += 1
    assert called > 100

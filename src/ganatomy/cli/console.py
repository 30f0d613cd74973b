"""What a person or a program sees: the answer on stdout, everything else on stderr."""

from __future__ import annotations

import json
import math
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from rich.console import Console
from rich.text import Text

from ganatomy.progress import Advance, is_quiet
from ganatomy.progress import bars as stages

__all__ = ["answer", "complain", "plain", "progress", "remark", "row", "stages"]


def plain(text: str) -> str:
    r"""Text as it may be printed: what could move the cursor, hide letters or turn them around shows as its code.

    >>> plain("Smiling\x1b[2J\n"), plain("a\u202eb")
    ('Smiling\\x1b[2J\n', 'a\\u202eb')
    """
    return "".join(
        letter
        if letter.isprintable() or letter in "\n\t" or unicodedata.category(letter) == "Zs"
        else letter.encode("unicode_escape").decode()
        for letter in text
    )


def complain(message: str) -> None:
    """One red line on stderr."""
    _line(message, style="bold red")


def remark(message: str) -> None:
    """One quiet line on stderr; none with --quiet."""
    if not is_quiet():
        _line(message, style="dim")


def row(message: str) -> None:
    """One quiet line on stderr whose blanks stay, such as a row of a table."""
    if not is_quiet():
        Console(stderr=True, highlight=False).print(Text(message, style="dim"), soft_wrap=True)


def answer(lines: str, data: dict[str, Any], *, as_json: bool) -> None:
    """The result of a command on stdout: lines for a person, or one JSON object; nan and infinity become null there."""
    text = json.dumps(_finite(data), indent=2, allow_nan=False) if as_json else plain(lines)
    sys.stdout.write(text + "\n")


@contextmanager
def progress(what: str) -> Iterator[Advance]:
    """A bar for one piece of long work."""
    with stages() as advance:
        yield partial(advance, what)


def _line(message: str, *, style: str) -> None:
    # soft_wrap keeps it one line however narrow the terminal.
    Console(stderr=True, highlight=False).print(
        Text(plain(" ".join(message.split())), style=style), soft_wrap=True
    )


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

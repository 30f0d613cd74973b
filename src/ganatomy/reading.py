"""Files that anyone may have written: read whole up to a size, and JSON that may be nested without end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ganatomy.errors import CheckpointError

MOST_BYTES = 4 << 30
"""A file that is read whole is refused where it is larger: a sparse file of terabytes costs its author nothing."""


def read_whole(path: Path, *, most: int = MOST_BYTES) -> bytes:
    """All bytes of a file, unless it is larger than any file of its kind.

    Args:
        path: of a file that exists.
        most: bytes that files of this kind have.

    Raises:
        CheckpointError: for a larger one; its message goes behind the path.
        OSError: as reading does.
    """
    size = path.stat().st_size
    if size > most:
        raise CheckpointError(
            f"has {_size(size)}, and files of its kind have {_size(most)} at most; it is damaged or hostile"
        )
    with path.open("rb") as file:
        return file.read(size)


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text; one that is nested too deeply is an error of values, as any other damage is.

    Args:
        text: JSON.

    Raises:
        ValueError: where it is none.

    Example:
        >>> parse_json('{"a": [1, null]}')
        {'a': [1, None]}
        >>> parse_json("[" * 100_000)
        Traceback (most recent call last):
        ValueError: it is nested too deeply
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _size(count: int) -> str:
    return f"{count / 2**30:.0f} GB" if count >= 2**30 else f"{count / 2**20:.0f} MB"

"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from safetensors import SafetensorError

from ganatomy.arguments import a_path
from ganatomy.errors import OutputError


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary name beside `path` to write to. It replaces `path` when the block succeeds, else it is removed.

    Raises:
        OutputError: when the folder or the file cannot be written.
    """
    path = a_path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except (OSError, SafetensorError) as error:
        raise OutputError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)

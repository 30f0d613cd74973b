"""Pickles that are not PyTorch's own files: NVIDIA's networks, and plain dictionaries of arrays or tensors."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from ganatomy.errors import CheckpointError, in_file
from ganatomy.generators.checkpoints.inert import BUILDERS
from ganatomy.generators.checkpoints.legacy import check_storage
from ganatomy.generators.checkpoints.machine import interpret
from ganatomy.generators.checkpoints.tensors import TensorReader
from ganatomy.reading import read_whole

RAW_BUILDERS = BUILDERS | {"torch.storage._load_from_bytes": check_storage}
"""Only here, so that a tensor within a pickle cannot hold another."""


def load_pickle(path: Path) -> Any:
    """What a pickle holds, as inert values; `TensorReader` makes tensors of those that are wanted.

    Raises:
        CheckpointError: when it asks for anything to be run, is damaged, or needs more memory than there is.
    """
    try:
        with in_file(path):
            return interpret(io.BytesIO(read_whole(path)), builders=RAW_BUILDERS)
    except MemoryError:
        raise CheckpointError(
            f"{path} asks for more memory than there is; it is damaged or hostile"
        ) from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from None


def plain_weights(content: Any, path: Path) -> Any:
    """The same nesting of dictionaries and lists, with tensors in the place of records."""
    with in_file(path):
        return TensorReader(path.stat().st_size).tree(content)

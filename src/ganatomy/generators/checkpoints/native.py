"""The files of this project: safetensors with the architecture, its settings, the prior and a card in the metadata."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.reading import parse_json
from ganatomy.rounding import narrowed, widened
from ganatomy.storage import tensor_file
from ganatomy.writing import atomic_write

KIND = "generator"
FORMAT = "1"


def save_generator(
    generator: Generator,
    path: str | os.PathLike[str],
    *,
    card: Mapping[str, Any] | None = None,
    bits: int = 32,
) -> Path:
    """Write a generator whole or not at all; `load` gives it back with the fingerprint that the file records.

    Args:
        card: how it was made, kept as JSON.
        bits: of the numbers of matrices: 32, 16 (half the size), or 8 to 4 (a quarter and less, as whole
            numbers with a scale for each row). Fewer than 32 round them, which makes another fingerprint.

    Raises:
        SettingError: for a wrapped module or function, whose code cannot be stored, for one with hooks, and another
            number of bits.
        OutputError: when the place cannot be written.

    Example::

        ga.save_generator(generator, "model.safetensors", card={"made": "by hand"})
    """
    if generator.settings is None:
        raise SettingError(
            f"{generator.signature.architecture} is code of yours, which a file of weights cannot hold"
        )
    if any(module._forward_hooks for module in generator.modules()):  # noqa: SLF001 (torch has no other)
        raise SettingError(
            "hooks change what this generator makes, and a file of weights cannot hold them; save its images instead"
        )
    path = Path(path)
    tensors = narrowed(generator.state_dict(), bits)
    if bits != 32:
        generator = copy.deepcopy(generator)
        generator.load_state_dict(widened(tensors))
    metadata = {
        "kind": KIND,
        "format": FORMAT,
        "architecture": generator.signature.architecture,
        "prior": generator.signature.prior,
        "settings": json.dumps(generator.settings),
        "fingerprint": generator.fingerprint,
        "card": json.dumps(dict(card or {})),
    }
    with atomic_write(path) as part:
        part.write_bytes(tensor_file(tensors, metadata))
    return path


def read_settings(metadata: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Name of the architecture and its settings, from the metadata of a file of ours.

    Raises:
        CheckpointError: when the file holds something else, or is of a later format.
    """
    if metadata["kind"] != KIND:
        raise CheckpointError(f"holds {metadata['kind'][:40]}, not a generator")
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"is of format {metadata.get('format', 'unknown')[:40]}; this ganatomy reads format {FORMAT}"
        )
    try:
        settings = parse_json(metadata["settings"])
        # Settings hold tuples, which JSON does not have.
        return metadata["architecture"], {
            name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()
        }
    except (KeyError, ValueError, AttributeError) as error:
        raise CheckpointError(f"has damaged metadata: {error}") from None

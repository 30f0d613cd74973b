"""The files of this project: safetensors with the architecture, its settings, the prior and a card in the metadata."""

from __future__ import annotations

import contextlib
import copy
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganatomy.errors import CheckpointError, OutputError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.storage import tensor_file

KIND = "generator"
FORMAT = "1"


def save_generator(
    generator: Generator,
    path: str | os.PathLike[str],
    *,
    card: Mapping[str, Any] | None = None,
    half: bool = False,
) -> Path:
    """Write a generator whole or not at all; `load` gives it back with the fingerprint that the file records.

    Args:
        card: how it was made, kept as JSON.
        half: store large weights in 16 bits: half the size, and another fingerprint, because numbers are rounded.

    Raises:
        SettingError: for a wrapped module or function, whose code cannot be stored.
        OutputError: when the place cannot be written.

    Example::

        ga.save_generator(generator, "model.safetensors", card={"made": "by hand"})
    """
    if generator.settings is None:
        raise SettingError(
            f"{generator.signature.architecture} is code of yours, which a file of weights cannot hold"
        )
    path = Path(path)
    if half:
        generator = _rounded(generator)
    metadata = {
        "kind": KIND,
        "format": FORMAT,
        "architecture": generator.signature.architecture,
        "prior": generator.signature.prior,
        "settings": json.dumps(generator.settings),
        "fingerprint": generator.fingerprint,
        "card": json.dumps(dict(card or {})),
    }
    tensors = {name: _stored(tensor, half=half) for name, tensor in generator.state_dict().items()}
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(tensor_file(tensors, metadata))
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from None
    return path


def read_settings(metadata: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Name of the architecture and its settings, from the metadata of a file of ours.

    Raises:
        CheckpointError: when the file holds something else, or is of a later format.
    """
    if metadata["kind"] != KIND:
        raise CheckpointError(f"holds {metadata['kind']}, not a generator")
    if metadata.get("format") != FORMAT:
        raise CheckpointError(f"is of format {metadata.get('format')}; this ganatomy reads format {FORMAT}")
    try:
        settings = json.loads(metadata["settings"])
        # Settings hold tuples, which JSON does not have.
        return metadata["architecture"], {
            name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()
        }
    except (KeyError, ValueError, AttributeError) as error:
        raise CheckpointError(f"has damaged metadata: {error}") from None


def _rounded(generator: Generator) -> Generator:
    """The same generator with the numbers that are left of it in 16 bits."""
    copied = copy.deepcopy(generator)
    copied.load_state_dict(
        {name: _stored(tensor, half=True).to(tensor.dtype) for name, tensor in copied.state_dict().items()}
    )
    return copied


def _stored(tensor: Tensor, *, half: bool) -> Tensor:
    """Matrices in 16 bits where that is wanted and their numbers fit; what has one axis is small, and kept whole."""
    tensor = tensor.detach().cpu().contiguous()
    if not tensor.is_floating_point():
        return tensor
    if half and tensor.ndim > 1 and tensor.half().isfinite().all():
        return tensor.half()
    return tensor.to(torch.float32)

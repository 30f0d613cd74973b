"""PyTorch's own files, new (zip) and old (pickles), read with `weights_only` and checked before they are opened."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganatomy.errors import CheckpointError


def load_torch(path: Path) -> Any:
    """What `torch.save` put in a file: tensors, and dictionaries and lists of them.

    Raises:
        CheckpointError: when the file is cut off, damaged, a TorchScript program, or asks for code to be run.
    """
    with path.open("rb") as file:
        if file.read(2) == b"PK":
            _check_archive(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # torch's remarks on old formats do not help whoever loads the file
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(_refusal(path, str(error))) from None
    except MemoryError:
        raise CheckpointError(
            f"{path} asks for more memory than there is; it is damaged or hostile"
        ) from None
    except Exception as error:  # noqa: BLE001 - a damaged file makes torch raise whatever it stumbles over
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"{path} is cut off or damaged: {first}") from None
    for tensor in _tensors(content):
        if tensor.layout is not torch.strided or tensor.is_meta or tensor.is_quantized:
            raise CheckpointError(
                f"{path} holds a tensor that is sparse, quantised or empty; save it as a plain one"
            )
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise CheckpointError(
                f"{path} claims a tensor of shape {list(tensor.shape)} and holds less; it is hostile"
            )
    return content


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise CheckpointError(f"{path} is cut off or damaged: {error}") from None
    names = {member.filename.rpartition("/")[2] for member in members}
    if "constants.pkl" in names:
        raise CheckpointError(
            f"{path} is a TorchScript program, which would run; open it yourself with torch.jit.load if you trust it, "
            "and give the module to ganatomy.wrap"
        )
    if "data.pkl" not in names:
        raise CheckpointError(f"{path} is a zip archive, but not one that torch.save wrote")
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise CheckpointError(
            f"{path} is a compressed archive, which torch.save does not write; save it anew"
        )


def _refusal(path: Path, message: str) -> str:
    """Name what a pickle asked for."""
    match = re.search(r"(?:GLOBAL|Unsupported (?:global|class|operand)[: ]*(?:GLOBAL)?)\s+([\w.]+)", message)
    if match and "." in match[1]:
        return (
            f"{path} asks for {match[1]} to be run, so it was not opened; files of weights hold numbers only. "
            "If you trust its source, open it yourself and give the module to ganatomy.wrap"
        )
    lines = [line.strip() for line in message.splitlines() if "WeightsUnpickler error" in line] or [
        message[:100]
    ]
    return f"{path} is not a file of weights that can be read safely: {lines[0]}"


def _tensors(content: Any) -> Iterator[Tensor]:
    if isinstance(content, Tensor):
        yield content
    elif isinstance(content, Mapping):
        for value in content.values():
            yield from _tensors(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from _tensors(value)

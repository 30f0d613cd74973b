"""PyTorch's own files, new (zip) and old (pickles), read with `weights_only` and checked before they are opened."""

from __future__ import annotations

import contextlib
import io
import pickle
import pickletools
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganatomy.errors import CheckpointError

HARMLESS = {"collections.OrderedDict"}
MAX_PICKLE = 1 << 24
MAX_PICKLES = 8


def load_torch(path: Path) -> Any:
    """What `torch.save` put in a file: tensors, and dictionaries and lists of them.

    Raises:
        CheckpointError: when the file is cut off, damaged, a TorchScript program, or asks for code to be run.
    """
    with path.open("rb") as file:
        zipped = file.read(2) == b"PK"
    if zipped:
        _check_archive(path)
    try:
        # The open file, because torch chooses another reader by the ending of a path.
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # torch's remarks on old formats do not help whoever loads the file
            content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(_refusal(path, zipped, str(error))) from None
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


def _refusal(path: Path, zipped: bool, message: str) -> str:
    for name in _names_asked_for(path, zipped):
        if name not in HARMLESS and not name.startswith(("torch.storage.", "torch._utils._rebuild")):
            return (
                f"{path} asks for {name} to be run, so it was not opened; files of weights hold numbers only. "
                "If you trust its source, open it yourself and give the module to ganatomy.wrap"
            )
    reason = message.partition("WeightsUnpickler error: ")[2] or message
    return f"{path} is not a file of weights that can be read safely: {reason.strip().splitlines()[0]}"


def _names_asked_for(path: Path, zipped: bool) -> Iterator[str]:
    """What the pickles in a file would import, found by reading their instructions without following them."""
    if zipped:
        with zipfile.ZipFile(path) as archive:
            name = next(name for name in archive.namelist() if name.rpartition("/")[2] == "data.pkl")
            stream = io.BytesIO(archive.read(name))
    else:
        with path.open("rb") as file:
            stream = io.BytesIO(file.read(MAX_PICKLE))
    strings: list[str] = []
    with contextlib.suppress(ValueError):  # the first thing that is no instruction ends the search
        for _ in range(MAX_PICKLES):
            for instruction, argument, _ in pickletools.genops(stream):
                if instruction.name == "GLOBAL":
                    yield str(argument).replace(" ", ".")
                elif instruction.name == "STACK_GLOBAL" and len(strings) > 1:
                    yield ".".join(strings[-2:])
                elif isinstance(argument, str):
                    strings = [*strings[-1:], argument]


def _tensors(content: Any) -> Iterator[Tensor]:
    if isinstance(content, Tensor):
        yield content
    elif isinstance(content, Mapping):
        for value in content.values():
            yield from _tensors(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from _tensors(value)

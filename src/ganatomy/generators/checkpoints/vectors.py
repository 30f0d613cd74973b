"""Directions and codes in the files of others: NumPy's arrays, GANSpace, SeFa of rosinality, StyleCLIP, e4e, NVIDIA's.

Like files of weights, they are read without running anything in them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from ganatomy.errors import CheckpointError, in_file
from ganatomy.generators.checkpoints.arrays import read_npy, read_npz
from ganatomy.generators.checkpoints.foreign import first_bytes, what_is
from ganatomy.generators.checkpoints.pickles import load_pickle, plain_weights
from ganatomy.generators.checkpoints.zipped import load_torch

ENDINGS = (".npy", ".npz", ".pt", ".pth", ".pkl")
MAX_DEPTH = 4


@dataclass(frozen=True, kw_only=True)
class StoredVectors:
    """Arrays of a file by name, and whose kind of file it is.

    Args:
        form: in words for a person.
        codes: whether they are latent codes rather than directions; None where the file does not say.
    """

    arrays: Mapping[str, Tensor]
    form: str
    codes: bool | None = None


def read_vectors(path: str | os.PathLike[str]) -> StoredVectors:
    """The arrays of directions or codes in a file.

    Raises:
        MissingFileError: when there is no such file.
        CheckpointError: when it is of another format, damaged, or asks for code to be run.
    """
    path = Path(path)
    head = first_bytes(path)
    if head.startswith(b"\x93NUMPY"):
        with in_file(path):
            return StoredVectors(arrays={"": read_npy(path)}, form="NumPy array")
    kind = what_is(head, path.suffix.lower())
    if kind == "npz":
        with in_file(path):
            return _of_archive(read_npz(path)[0])
    if kind == "torch":
        return _of_content(load_torch(path), path)
    if kind == "pickle":
        return _of_content(plain_weights(load_pickle(path), path), path)
    raise CheckpointError(f"{path} holds no directions or codes of others; .npy, .npz and .pt are read")


def _of_archive(arrays: Mapping[str, Tensor]) -> StoredVectors:
    if "lat_comp" in arrays:
        components = arrays["lat_comp"]
        return StoredVectors(
            arrays={"": components.reshape(len(components), -1)}, form="GANSpace", codes=False
        )
    if set(arrays) == {"w"}:
        return StoredVectors(arrays={"": arrays["w"]}, form="projected w of NVIDIA", codes=True)
    return StoredVectors(arrays=arrays, form="NumPy archive")


def _of_content(content: Any, path: Path) -> StoredVectors:
    if isinstance(content, Tensor):
        return StoredVectors(arrays={"": content}, form="PyTorch tensor")
    if isinstance(content, Mapping) and isinstance(content.get("eigvec"), Tensor):
        # SeFa's eigenvectors are columns there.
        return StoredVectors(arrays={"": content["eigvec"].T}, form="rosinality's SeFa", codes=False)
    named = dict(_tensors(content, ""))
    latents = {name: tensor for name, tensor in named.items() if name.rpartition(".")[2] == "latent"}
    if latents:
        return StoredVectors(arrays=latents, form="projection of rosinality", codes=True)
    if not named:
        raise CheckpointError(f"{path} holds no tensors")
    return StoredVectors(arrays=named, form="PyTorch tensors")


def _tensors(content: Any, name: str, depth: int = MAX_DEPTH) -> Iterator[tuple[str, Tensor]]:
    if isinstance(content, Tensor):
        yield name, content
    elif depth and isinstance(content, Mapping | list):
        items = content.items() if isinstance(content, Mapping) else enumerate(content)
        for key, value in items:
            yield from _tensors(value, f"{name}.{key}" if name else str(key), depth - 1)

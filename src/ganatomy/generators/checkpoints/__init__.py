"""Reading weights that others wrote, without trusting them: no file runs code, and each refusal says what the file is.

__init__    one reader for every format: `read_state`
foreign     what other files look like from their first bytes, and what they hold instead of a generator
layouts     stacks of layers, read off names and shapes
native      the safetensors files of this project
statistics  what batch norms tell of strides, activations and the prior
zipped      PyTorch's files, with the checks that keep them harmless
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from ganatomy.errors import CheckpointError, MissingFileError
from ganatomy.generators.checkpoints.foreign import what_is
from ganatomy.generators.checkpoints.zipped import load_torch

GENERATOR_KEYS = (
    "g_ema", "G_ema", "params_ema", "ema", "generator_ema", "generator", "netG", "G", "g", "gen",
    "state_dict", "model_state_dict", "model", "params", "weights",
)  # fmt: skip
"""Where training scripts put the weights of a generator, the averaged ones first."""
WRAPPERS = ("module.", "_orig_mod.")
"""What data parallelism and compilation put before each name."""


def read_state(path: str | os.PathLike[str]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The weights in a file, as float32, and its metadata (safetensors only).

    Nothing in the file is run. Where it holds several networks, the generator's weights are taken, averaged ones first.

    Raises:
        MissingFileError: when there is no such file.
        CheckpointError: when it holds no weights that can be read: it is of another format, cut off, asks for
            code to be run, or holds numbers that are not finite.
    """
    path = Path(path)
    if path.is_dir():
        inside = sorted(p.name for p in path.iterdir() if p.suffix in {".pt", ".pth", ".safetensors"})
        hint = f"; give one of the files in it: {', '.join(inside[:3])}" if inside else ""
        raise CheckpointError(f"{path} is a folder, not a file of weights{hint}")
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except FileNotFoundError:
        raise MissingFileError(f"{path} does not exist") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from None

    kind = what_is(head, path.suffix.lower())
    if kind == "safetensors":
        state, metadata = _load_safetensors(path)
    elif kind == "torch":
        state, metadata = select_weights(load_torch(path), path), {}
    else:
        raise CheckpointError(f"{path} {kind}")

    for name, tensor in state.items():
        if tensor.is_complex():
            raise CheckpointError(f"{path} holds complex numbers, in {name!r}; generators have real weights")
        if tensor.is_floating_point():
            state[name] = tensor.float()
            if not state[name].isfinite().all():
                raise CheckpointError(f"{path} holds weights that are not finite numbers, in {name!r}")
    return state, metadata


def select_weights(content: Any, path: Path) -> dict[str, Tensor]:
    """The generator's weights within whatever nesting of dictionaries a training script saved."""
    while isinstance(content, Mapping):
        tensors = {str(key): value for key, value in content.items() if isinstance(value, Tensor)}
        inner = {str(key): value for key, value in content.items() if isinstance(value, Mapping)}
        chosen = next((key for key in GENERATOR_KEYS if key in inner), None)
        if chosen is None and tensors:
            return _strip(_half_of_pair(tensors))
        if chosen is None and len(inner) != 1:
            found = f"only {', '.join(map(repr, [*content][:5]))}" if content else "nothing"
            raise CheckpointError(f"{path} holds no weights of a generator, {found}")
        content = inner[chosen] if chosen is not None else next(iter(inner.values()))
    raise CheckpointError(f"{path} holds a {type(content).__name__}, not a dictionary of weights")


def _half_of_pair(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The generator's part where generator and discriminator stand in one dictionary, told apart by their names."""
    for key in GENERATOR_KEYS:
        part = {name.removeprefix(f"{key}."): t for name, t in tensors.items() if name.startswith(f"{key}.")}
        if part and len(part) < len(tensors):
            return part
    return tensors


def _strip(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    for wrapper in WRAPPERS:
        if all(name.startswith(wrapper) for name in tensors):
            tensors = {name.removeprefix(wrapper): tensor for name, tensor in tensors.items()}
    return tensors


def _load_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise CheckpointError(f"{path} is not a whole safetensors file: {error}") from None
    if not tensors:
        raise CheckpointError(f"{path} holds no weights")
    return (tensors if "kind" in metadata else _strip(_half_of_pair(tensors))), metadata

"""Reading weights that others wrote, without trusting them: no file runs code, and each refusal says what the file is.

__init__    one reader for every format: `read_checkpoint`
foreign     what other files look like from their first bytes, and what they hold instead of a generator
layouts     stacks of layers, read off names and shapes
native      the safetensors files of this project
statistics  what batch norms tell of strides, activations and the prior
zipped      PyTorch's files, with the checks that keep them harmless
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The weights of one network, out of whatever file, and what the file says about them.

    Args:
        state: weights by name, float32, under the names of our own architectures where a dialect is known.
        format: the words for a person, such as "safetensors" or "NVIDIA pickle".
        metadata: of a safetensors file.
        settings: how the network was built, where the file says so, by the names of the file's authors.
        notes: what is unusual, in sentences for a person.
    """

    state: Mapping[str, Tensor]
    format: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


READERS: dict[str, Callable[[Path, str | None], Checkpoint]] = {}
"""What reads each kind of file that `what_is` tells apart, given the path and the network that is wanted."""

DIALECTS: tuple[Callable[[Mapping[str, Tensor]], dict[str, Tensor] | None], ...] = ()
"""Translations of other people's names into ours; each gives None for weights that it does not know."""


def read_checkpoint(path: str | os.PathLike[str], *, network: str | None = None) -> Checkpoint:
    """The weights in a file, as float32, and what it says of them. Nothing in the file is run.

    Args:
        network: which of the networks in the file; by default the generator, with averaged weights if there are any.

    Raises:
        MissingFileError: when there is no such file.
        CheckpointError: when it holds no weights that can be read: it is of another format, cut off, asks for
            code to be run, or holds numbers that are not finite.
    """
    path = Path(path)
    if path.is_dir():
        inside = sorted(p.name for p in path.iterdir() if p.suffix in {".pt", ".pth", ".pkl", ".safetensors"})
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
    if kind not in READERS:
        raise CheckpointError(f"{path} {kind}")
    found = READERS[kind](path, network)
    state = {name: _as_float(tensor, name, path) for name, tensor in found.state.items()}
    if "kind" not in found.metadata:
        translated = (translate(state) for translate in DIALECTS)
        state = next((names for names in translated if names is not None), state)
    return replace(found, state=state)


def _as_float(tensor: Tensor, name: str, path: Path) -> Tensor:
    if tensor.is_complex():
        raise CheckpointError(f"{path} holds complex numbers, in {name!r}; generators have real weights")
    if not tensor.is_floating_point():
        return tensor
    tensor = tensor.float()
    if not tensor.isfinite().all():
        raise CheckpointError(f"{path} holds weights that are not finite numbers, in {name!r}")
    return tensor


def _read_torch(path: Path, network: str | None) -> Checkpoint:
    return Checkpoint(state=select_weights(load_torch(path), path, network), format="PyTorch")


def select_weights(content: Any, path: Path, network: str | None = None) -> dict[str, Tensor]:
    """The generator's weights within whatever nesting of dictionaries a training script saved."""
    if network is not None:
        inside = content if isinstance(content, Mapping) else {}
        if not isinstance(inside.get(network), Mapping):
            raise CheckpointError(
                f"{path} holds no network {network!r}, only {', '.join(map(repr, [*inside][:8])) or 'weights'}"
            )
        content = inside[network]
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


def _read_safetensors(path: Path, network: str | None) -> Checkpoint:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise CheckpointError(f"{path} is not a whole safetensors file: {error}") from None
    if not tensors:
        raise CheckpointError(f"{path} holds no weights")
    if network is not None:
        raise CheckpointError(f"{path} holds one network only; leave out network={network!r}")
    state = tensors if "kind" in metadata else _strip(_half_of_pair(tensors))
    return Checkpoint(state=state, metadata=metadata, format="safetensors")


READERS |= {"torch": _read_torch, "safetensors": _read_safetensors}

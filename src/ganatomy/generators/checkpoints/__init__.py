"""Reading weights that others wrote, without trusting them: no file runs code, and each refusal says what the file is.

__init__    one reader for every format: `read_checkpoint`
allowance   how large a network a file may have built
arrays      NumPy's archives
budget      how much a file may unpack to
choosing    which reading of a stack is taken, and what is told of the others
dialects    what translations of other people's names into ours share
fitting     the reading that agrees best with the batch norms
foreign     what other files look like from their first bytes, and what they hold instead of a generator
genforce    Progressive GAN, StyleGAN and StyleGAN2 of genforce
hdf5        HDF5 files, as far as Keras needs them
hdf5_texts  texts of open length in them
inert       what may come out of a pickle
keras       Keras's files
keras_classes  what leads from a class to a layer of Keras
keras_layers  Keras's layers as a stack of ours
keras_values  sizes, margins and activations in Keras's words
layouts     stacks of layers, read off names and shapes
legacy      PyTorch's old files
machine     the one reader of pickles, which runs nothing
modules     whole modules of PyTorch, by what they are made of
native      the safetensors files of this project
nvidia      StyleGAN2 and StyleGAN3 of NVIDIA
pickles     pickles that are not PyTorch's own files
rosinality  StyleGAN2 of rosinality
selection   which weights are the generator's, by the words in their names
stack_guesses  what is told of a stack that was read
statistics  what batch norms recorded, and how well a reading agrees
tensors     records of tensors, made into tensors
tfjs        layers models of TensorFlow.js
vectors     directions and codes of others
zipped      PyTorch's files, with the checks that keep them harmless
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ganatomy.errors import CheckpointError, in_file
from ganatomy.generators.checkpoints import genforce, rosinality
from ganatomy.generators.checkpoints.arrays import read_npz
from ganatomy.generators.checkpoints.dialects import Translation
from ganatomy.generators.checkpoints.foreign import SAVED_MODEL, first_bytes, what_is
from ganatomy.generators.checkpoints.modules import find_module, read_module
from ganatomy.generators.checkpoints.nvidia import is_nvidia, read_network
from ganatomy.generators.checkpoints.pickles import load_pickle, plain_weights
from ganatomy.generators.checkpoints.selection import fuse_norms, select_weights
from ganatomy.generators.checkpoints.zipped import load_torch
from ganatomy.generators.guesses import Guess
from ganatomy.rounding import widened


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The weights of one network, out of whatever file, and what the file says about them.

    Args:
        state: weights by name, float32, under the names of our own architectures where a dialect is known.
        format: the words for a person, such as "safetensors" or "NVIDIA pickle".
        metadata: of a safetensors file.
        settings: how the network was built, where the file says so, by the names of the file's authors.
        notes: what is unusual, in sentences for a person.
        guesses: what the file does not say, so that it was assumed.
    """

    state: Mapping[str, Tensor]
    format: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    guesses: tuple[Guess, ...] = ()


HALF = (torch.float16, torch.bfloat16)
ROUNDED = "its weights are stored in"

READERS: dict[str, Callable[[Path, str | None], Checkpoint]] = {}
"""What reads each kind of file that `what_is` tells apart, given the path and the network that is wanted."""

DIALECTS: tuple[Callable[[Mapping[str, Tensor]], Translation | None], ...] = (
    rosinality.translate,
    genforce.translate,
)
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
    kind = kind_of(path)
    if kind not in READERS:
        raise CheckpointError(f"{path} {kind}")
    found = READERS[kind](path, network)
    told = any(note.startswith(ROUNDED) for note in found.notes)
    if not told and any(tensor.dtype in HALF for tensor in found.state.values()):
        found = replace(found, notes=(*found.notes, f"{ROUNDED} 16 bits, so they are rounded"))
    state = {name: _as_float(tensor, name, path) for name, tensor in found.state.items()}
    if "kind" not in found.metadata:
        return _translate(replace(found, state=state), path)
    return replace(found, state=state)


def kind_of(path: Path) -> str:
    """The kind of file, one of `READERS` or "onnx", or words that say what it is instead.

    Raises:
        MissingFileError: when there is no such file.
        CheckpointError: for a folder.
    """
    if path.is_dir():
        if (path / "saved_model.pb").exists():
            raise CheckpointError(f"{path} {SAVED_MODEL}")
        endings = {".h5", ".json", ".keras", ".npz", ".onnx", ".pt", ".pth", ".pkl", ".safetensors"}
        inside = sorted(p.name for p in path.iterdir() if p.suffix in endings)
        hint = f"; give one of the files in it: {', '.join(inside[:3])}" if inside else ""
        raise CheckpointError(f"{path} is a folder, not a file of weights{hint}")
    return what_is(first_bytes(path), path.suffix.lower())


def _translate(found: Checkpoint, path: Path) -> Checkpoint:
    """The same checkpoint under our names, where its own are of a dialect that is known."""
    try:
        with in_file(path):
            translated = (translate(found.state) for translate in DIALECTS)
            known = next((translation for translation in translated if translation), None)
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} has known names on weights of other shapes: {error}") from None
    if known is None:
        return found
    return replace(
        found,
        state=known.state,
        format=f"{found.format}, {known.dialect}",
        notes=(*found.notes, *known.notes),
        guesses=known.guesses,
    )


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
    content = load_torch(path)
    module = find_module(content, path, network)
    if module is None:
        return Checkpoint(state=select_weights(content, path, network), format="PyTorch")
    found = read_module(module, path)
    return Checkpoint(
        state=fuse_norms(found.state), format=found.format, settings=found.settings, guesses=found.guesses
    )


MOST_TENSORS = 20_000
"""Files of more are refused before their tensors are read."""


def _read_safetensors(path: Path, network: str | None) -> Checkpoint:
    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            if len(names) > MOST_TENSORS:
                raise CheckpointError(
                    f"{path} holds {len(names):,} tensors, and no generator has more than {MOST_TENSORS:,}"
                )
            tensors = {name: file.get_tensor(name) for name in names}
            metadata = file.metadata() or {}
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise CheckpointError(f"{path} is not a whole safetensors file: {error}") from None
    if not tensors:
        raise CheckpointError(f"{path} holds no weights")
    if network is not None and "kind" in metadata:
        raise _only_one(path, network)
    with in_file(path):
        wide = widened(tensors)
    notes = (f"{ROUNDED} 8 bits or fewer, so they are rounded",) if len(wide) < len(tensors) else ()
    state = wide if "kind" in metadata else select_weights(wide, path, network)
    return Checkpoint(state=state, metadata=metadata, format="safetensors", notes=notes)


def _read_npz(path: Path, network: str | None) -> Checkpoint:
    with in_file(path):
        state, settings = read_npz(path)
    return Checkpoint(state=select_weights(state, path, network), format="NumPy archive", settings=settings)


def _read_keras(path: Path, network: str | None, *, kind: str) -> Checkpoint:
    # Here, because they import HDF5, which no other file needs.
    from ganatomy.generators.checkpoints.keras import read_keras_archive, read_keras_hdf5
    from ganatomy.generators.checkpoints.tfjs import read_tfjs

    if network is not None:
        raise _only_one(path, network)
    read = {"hdf5": read_keras_hdf5, "keras": read_keras_archive, "tfjs": read_tfjs}[kind]
    with in_file(path):
        state, settings = read(path)
    rounded = settings.pop("rounded", None)
    notes = (f"{ROUNDED} {rounded} bits, so they are rounded",) if rounded else ()
    name = "TensorFlow.js" if kind == "tfjs" else "Keras"
    return Checkpoint(state=state, format=name, settings=settings, notes=notes)


def _only_one(path: Path, network: str) -> CheckpointError:
    return CheckpointError(f"{path} holds one network only; leave out network={network!r}")


def _read_pickle(path: Path, network: str | None) -> Checkpoint:
    content = load_pickle(path)
    if is_nvidia(content):
        found = read_network(content, path, network)
        return Checkpoint(
            state=found.state, format="NVIDIA pickle", settings=found.settings, notes=found.notes
        )
    return Checkpoint(state=select_weights(plain_weights(content, path), path, network), format="pickle")


READERS |= {
    "hdf5": partial(_read_keras, kind="hdf5"),
    "keras": partial(_read_keras, kind="keras"),
    "npz": _read_npz,
    "pickle": _read_pickle,
    "safetensors": _read_safetensors,
    "tfjs": partial(_read_keras, kind="tfjs"),
    "torch": _read_torch,
}

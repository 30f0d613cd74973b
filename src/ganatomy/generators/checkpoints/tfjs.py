"""Layers models of TensorFlow.js: `model.json` describes Keras's layers, files beside it hold their weights.

Graph models of TensorFlow.js are programs, and refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganatomy.errors import CheckpointError
from ganatomy.generators.checkpoints.keras import (
    MAX_WEIGHTS,
    check_leaves,
    parse_model,
    read_steps,
    stack_settings,
)
from ganatomy.generators.checkpoints.keras_layers import Arrays, KerasStep, assemble
from ganatomy.reading import read_whole

LONGEST = 32 << 20
"""Bytes of a `model.json`."""
DTYPES = {"float32": "<f4", "float16": "<f2", "uint8": "u1", "uint16": "<u2"}


@dataclass(frozen=True, kw_only=True)
class StoredWeight:
    """One array, as the manifest describes it.

    Args:
        dtype: of the bytes.
        scale: by which whole numbers are multiplied before `least` is added; None for floats.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float | None = None
    least: float = 0.0

    @property
    def num_bytes(self) -> int:
        return math.prod(self.shape) * np.dtype(DTYPES[self.dtype]).itemsize

    def read(self, data: memoryview) -> np.ndarray:
        """The array in these bytes, as float32."""
        array = np.frombuffer(data, DTYPES[self.dtype]).reshape(self.shape).astype(np.float32)
        return array if self.scale is None else array * np.float32(self.scale) + np.float32(self.least)


def read_tfjs(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Weights and settings of a layers model.

    Args:
        path: of its `model.json`; the files that this names must lie beside it.

    Raises:
        CheckpointError: when it is damaged, no layers model, or has a layer that is not read.
    """
    model = parse_model(read_whole(path, most=LONGEST))
    if model.get("format") == "graph-model":
        raise CheckpointError(
            "is a graph model of TensorFlow.js, which is a program and not read; convert what it was made from, "
            "for a SavedModel with python -m tf2onnx.convert --saved-model FOLDER --output generator.onnx"
        )
    topology, manifest = model.get("modelTopology"), model.get("weightsManifest")
    if not isinstance(topology, Mapping) or not isinstance(manifest, list):
        raise CheckpointError("is JSON, but not the model.json of TensorFlow.js")
    try:
        weights, dtypes = _read_weights(manifest, path.parent)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"describes its weights in an unknown way: {error!r}") from None
    described = topology.get("model_config", topology)
    if not isinstance(described, Mapping):
        raise CheckpointError("has a damaged description of its layers")
    stack = assemble(read_steps(described), lambda step: _weights_of(step, weights))
    bits = min((8 * np.dtype(DTYPES[dtype]).itemsize for dtype in dtypes), default=32)
    return stack.state, stack_settings(stack) | ({"rounded": bits} if bits < 32 else {})


def _read_weights(manifest: list[Any], folder: Path) -> tuple[dict[str, np.ndarray], set[str]]:
    """All arrays by their names, and what numbers they are stored as."""
    found: dict[str, np.ndarray] = {}
    dtypes: set[str] = set()
    for group in manifest:
        data = memoryview(b"".join(_shards(group["paths"], folder)))
        at = 0
        for described in group["weights"]:
            weight = _stored(described)
            if at + weight.num_bytes > len(data):
                raise CheckpointError(f"claims more bytes in {weight.name!r} than the files beside it hold")
            found[weight.name] = weight.read(data[at : at + weight.num_bytes])
            at += weight.num_bytes
            dtypes.add(weight.dtype)
            if len(found) > MAX_WEIGHTS:
                raise CheckpointError(f"names more than {MAX_WEIGHTS} weights; it is damaged or hostile")
        if at != len(data):
            raise CheckpointError(
                f"describes {at} bytes of weights, and the files beside it hold {len(data)}"
            )
    return found, dtypes


def _shards(names: list[Any], folder: Path) -> Iterator[bytes]:
    """The contents of the files that a group names."""
    if len(set(names)) != len(names) or len(names) > MAX_WEIGHTS:
        raise CheckpointError("names the same file twice; it is damaged or hostile")
    for name in names:
        if not isinstance(name, str) or name != Path(name).name or name in ("", ".", ".."):
            raise CheckpointError(f"keeps its weights in {name!r}, which is no file beside it")
        try:
            yield read_whole(folder / name)
        except CheckpointError as error:
            raise CheckpointError(f"keeps its weights in {name!r}, which {error}") from None
        except (OSError, ValueError):
            raise CheckpointError(f"keeps its weights in {name!r}, which must lie beside it") from None


def _stored(described: Mapping[str, Any]) -> StoredWeight:
    quantised = described.get("quantization") or {}
    dtype = str(quantised.get("dtype", described["dtype"]))
    if dtype not in DTYPES or (dtype.startswith("uint") and "scale" not in quantised):
        raise CheckpointError(f"holds weights {described['name']!r} of {dtype}, which are not read")
    shape = tuple(described["shape"])
    if not all(isinstance(side, int) and 0 <= side < 2**40 for side in shape):
        raise CheckpointError(f"holds weights {described['name']!r} of shape {list(shape)}")
    return StoredWeight(
        name=str(described["name"]),
        shape=shape,
        dtype=dtype,
        scale=float(quantised["scale"]) if "scale" in quantised else None,
        least=float(quantised.get("min", 0.0)),
    )


def _weights_of(step: KerasStep, weights: Mapping[str, np.ndarray]) -> Arrays:
    """The weights of a layer, which lie under its name, behind those of models that it lies in or not."""
    found: Arrays = {}
    for name, array in weights.items():
        owner, _, leaf = name.rpartition("/")
        if owner.rpartition("/")[2] == step.name:
            leaf = leaf.partition(":")[0]
            if leaf in found:
                raise CheckpointError(f"two layers are called {step.name!r}")
            found[leaf] = array
    check_leaves(step, found)
    return found

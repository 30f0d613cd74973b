"""What leads from a class to a layer of a conditional Keras model: it has one result a class, so it becomes a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ganatomy.errors import CheckpointError
from ganatomy.generators.checkpoints.budget import MAX_EXPANSION
from ganatomy.generators.checkpoints.keras_values import read_activation
from ganatomy.generators.stacks import Layer, activate

JOINS = {"Concatenate", "Multiply"}
"""Layers of two inputs that may bring in a class."""
ACTIVATIONS = {"Activation", "ReLU", "LeakyReLU", "ELU"}
PASSING = {"Dropout", "GaussianNoise"}


def class_table(branch: Sequence[Any], weights: Callable[[Any], Mapping[str, np.ndarray]]) -> np.ndarray:
    """The results of a chain of layers that begins with an embedding, `[classes, ...]`.

    Args:
        branch: steps, as `keras_layers` has them.

    Raises:
        CheckpointError: for a layer that is not read.
    """
    rows: np.ndarray | None = None
    for step in branch:
        if step.kind == "InputLayer" or step.kind in PASSING:
            continue
        if step.kind == "Embedding" and rows is None:
            rows = weights(step)["embeddings"]
            if rows.ndim != 2:
                raise CheckpointError(f"has an embedding of shape {list(rows.shape)}, not [classes, numbers]")
        elif rows is None:
            raise CheckpointError(f"has a {step} between a class and its embedding, which is not read")
        else:
            rows = _after(rows, step, weights)
    if rows is None or rows.size > (MAX_EXPANSION << 20):
        raise CheckpointError("has a class input without an embedding, or of absurd size")
    return rows


def _after(rows: np.ndarray, step: Any, weights: Callable[[Any], Mapping[str, np.ndarray]]) -> np.ndarray:
    config = step.config
    if step.kind == "Flatten":
        return rows.reshape(len(rows), -1)
    if step.kind == "Reshape":
        return rows.reshape(len(rows), *(int(n) for n in config["target_shape"]))
    if step.kind == "Dense":
        found = weights(step)
        made = rows @ found["kernel"] + found.get("bias", np.float32(0))
        return _activated(made, config.get("activation"))
    if step.kind in ACTIVATIONS:
        own = {"class_name": step.kind, "config": config}
        return _activated(rows, config.get("activation") if step.kind == "Activation" else own)
    raise CheckpointError(f"has a {step} behind an embedding of classes, which is not read")


def _activated(rows: np.ndarray, described: Any) -> np.ndarray:
    activation, slope = read_activation(described)
    layer = Layer(kind="linear", in_channels=1, out_channels=1, activation=activation, slope=slope)
    return activate(torch.from_numpy(np.ascontiguousarray(rows)), layer).numpy()

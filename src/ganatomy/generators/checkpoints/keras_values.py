"""Values in Keras's descriptions of layers: sizes, margins and activations, in all the ways that they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganatomy.errors import CheckpointError
from ganatomy.generators.checkpoints.layouts import SIZES
from ganatomy.generators.stacks import LEAK, Activation

_ACTIVATIONS: dict[str, Activation] = {
    "linear": "none", "relu": "relu", "leaky_relu": "leaky_relu", "elu": "elu", "selu": "selu", "silu": "silu",
    "swish": "silu", "gelu": "gelu", "softplus": "softplus", "tanh": "tanh", "sigmoid": "sigmoid",
}  # fmt: skip


def read_activation(activation: Any) -> tuple[Activation, float]:
    """An activation and its slope below zero, given as a word or as a layer."""
    if isinstance(activation, Mapping):
        kind, config = activation["class_name"], activation["config"]
        if kind == "function":
            return read_activation(config)
        if kind == "Activation":
            return read_activation(config["activation"])
        if kind == "LeakyReLU":
            return "leaky_relu", _number(config.get("alpha", config.get("negative_slope", 0.3)))
        if kind == "ELU" and _number(config.get("alpha", 1.0)) == 1:
            return "elu", LEAK
        if kind == "ReLU" and config.get("max_value") is None and not _number(config.get("threshold") or 0.0):
            slope = _number(config.get("negative_slope") or 0.0)
            return ("leaky_relu", slope) if slope else ("relu", LEAK)
        raise CheckpointError(f"the activation {kind} with {dict(config)} is not read")
    word = activation or "linear"
    if word not in _ACTIVATIONS:
        raise CheckpointError(f"the activation {word!r} is not read; read are {', '.join(_ACTIVATIONS)}")
    return _ACTIVATIONS[word], LEAK


def sides_and_channels(shape: Any, channels_first: bool) -> tuple[list[int], Any]:
    """The sides of images, none for vectors, and their channels."""
    shape = list(shape)
    if len(shape) not in (1, 3):
        raise CheckpointError(f"{shape} is neither a vector nor an image")
    return (shape[1:], shape[0]) if channels_first else (shape[:-1], shape[-1])


def pair(value: Any, *, least: int = 1) -> tuple[int, int]:
    first, second = value if isinstance(value, list | tuple) else (value, value)
    return whole_number(first, least=least), whole_number(second, least=least)


def same_number(value: Any, *, least: int = 1) -> int:
    first, second = pair(value, least=least)
    if first != second:
        raise CheckpointError(f"{first} x {second} is not square")
    return first


def margins(value: Any) -> tuple[int, int]:
    """Pixels before and after, the same for rows and columns."""
    rows, columns = (value, value) if isinstance(value, int) else value
    rows, columns = ((side, side) if isinstance(side, int) else tuple(side) for side in (rows, columns))
    if rows != columns or len(rows) != 2 or not all(0 <= n <= SIZES[-1] for n in rows):
        raise CheckpointError(f"margins {value} differ for rows and columns")
    return rows


def whole_number(value: Any, *, least: int = 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 1 << 24:
        raise CheckpointError(f"{value!r} is no size")
    return value


def _number(value: Any) -> float:
    # Old versions of Keras wrote an array in the place of a number.
    return float(value["value"] if isinstance(value, Mapping) else value)

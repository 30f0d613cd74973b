"""Conditional Keras models: what leads from the class to a layer becomes a table, and images are Keras's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from generators.checkpoints.test_keras import Z_DIM, KerasLayer, Maker, apply, write_layer

import ganatomy as ga
from ganatomy.latents import Latents, Space

CLASSES = 4


def described(kind: str, called: str, before: list[str], **config: Any) -> dict[str, Any]:
    nodes = [[[name, 0, 0, {}] for name in before]] if before else []
    return {"class_name": kind, "name": called, "config": {**config, "name": called}, "inbound_nodes": nodes}


def write(path: Path, layers: list[dict[str, Any]], weighted: list[KerasLayer], end: str) -> None:
    ends = {"input_layers": [["z", 0, 0], ["label", 0, 0]], "output_layers": [[end, 0, 0]]}
    config = {"class_name": "Functional", "config": {"name": "model", "layers": layers, **ends}}
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config).encode()
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [layer.name.encode() for layer in weighted]
        for layer in weighted:
            write_layer(group.create_group(layer.name), [layer])


def inputs() -> list[dict[str, Any]]:
    return [
        described("InputLayer", "z", [], batch_input_shape=[None, Z_DIM]),
        described("InputLayer", "label", [], batch_input_shape=[None, 1]),
    ]


def embedding(dim: int) -> KerasLayer:
    weights = np.random.default_rng(3).standard_normal((CLASSES, dim)).astype(np.float32)
    return KerasLayer(
        "Embedding", {"name": "embedding", "input_dim": CLASSES, "output_dim": dim}, {"embeddings": weights}
    )


def run_on(layers: list[KerasLayer], x: np.ndarray) -> np.ndarray:
    for layer in layers:
        x = apply(layer, x.astype(np.float64))
    return x


def check(path: Path, expected: np.ndarray, z: np.ndarray, label: int) -> None:
    found = ga.load(path)
    assert found.signature.num_classes == CLASSES
    labels = torch.eye(CLASSES)[torch.full((len(z),), label)]
    images = found(Latents(codes=torch.from_numpy(z), space=Space.Z, labels=labels)).numpy()
    np.testing.assert_allclose(images, expected.transpose(0, 3, 1, 2), atol=1e-4)


def codes() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((2, Z_DIM)).astype(np.float32)


@pytest.mark.parametrize("label_first", [True, False])
def test_a_class_that_becomes_a_channel(label_first: bool, tmp_path: Path) -> None:
    """A much copied tutorial: an embedding, a dense layer and a reshape make one more channel of 7 x 7."""
    first = Maker().dense(5 * 49, name="noise").leak(alpha=0.2).reshape(7, 7, 5)
    rest = Maker()
    rest.x = np.zeros((1, 7, 7, 6))
    rest.deconv(6, 4, 2).leak(alpha=0.2, name="leak2").deconv(4, 4, 2, name="up2").conv(
        1, 7, activation="tanh"
    )
    table = embedding(5)
    dense = KerasLayer("Dense", {"name": "map", "units": 49}, {
        "kernel": np.random.default_rng(4).standard_normal((5, 49)).astype(np.float32), "bias": np.ones(49, np.float32),
    })  # fmt: skip
    layers = inputs()
    for layer, before in zip(first.layers, ["z", *(each.name for each in first.layers)], strict=False):
        layers.append(described(layer.kind, layer.name, [before], **layer.config))
    layers += [
        described("Embedding", "embedding", ["label"], **table.config),
        described("Dense", "map", ["embedding"], **dense.config),
        described("Reshape", "square", ["map"], target_shape=[7, 7, 1]),
    ]
    both = ["square", first.layers[-1].name]
    layers.append(described("Concatenate", "join", both if label_first else both[::-1], axis=-1))
    for layer, before in zip(rest.layers, ["join", *(each.name for each in rest.layers)], strict=False):
        layers.append(described(layer.kind, layer.name, [before], **layer.config))
    weighted = [layer for layer in (*first.layers, table, dense, *rest.layers) if layer.weights]
    write(tmp_path / "model.h5", layers, weighted, rest.layers[-1].name)

    z, label = codes(), 2
    row = (table.weights["embeddings"][label] @ dense.weights["kernel"] + 1).reshape(1, 7, 7, 1)
    parts = [np.repeat(row, 2, 0), run_on(first.layers, z)]
    joined = np.concatenate(parts if label_first else parts[::-1], axis=-1)
    check(tmp_path / "model.h5", run_on(rest.layers, joined), z, label)


def test_a_class_that_multiplies_z(tmp_path: Path) -> None:
    rest = Maker().dense(32).leak(alpha=0.2).dense(256, activation="tanh", name="dense_1").reshape(16, 16, 1)
    table = embedding(Z_DIM)
    layers = [
        *inputs(),
        described("Embedding", "embedding", ["label"], **table.config),
        described("Flatten", "flat", ["embedding"]),
        described("Multiply", "join", ["z", "flat"]),
    ]
    for layer, before in zip(rest.layers, ["join", *(each.name for each in rest.layers)], strict=False):
        layers.append(described(layer.kind, layer.name, [before], **layer.config))
    write(
        tmp_path / "model.h5", layers, [table, *(layer for layer in rest.layers if layer.weights)], "reshape"
    )
    z, label = codes(), 1
    check(tmp_path / "model.h5", run_on(rest.layers, z * table.weights["embeddings"][label]), z, label)


def test_what_is_no_class_is_refused(tmp_path: Path) -> None:
    rest = Maker().dense(256, activation="tanh").reshape(16, 16, 1)
    layers = [*inputs(), described("Multiply", "join", ["z", "label"])]
    for layer, before in zip(rest.layers, ["join", *(each.name for each in rest.layers)], strict=False):
        layers.append(described(layer.kind, layer.name, [before], **layer.config))
    write(tmp_path / "model.h5", layers, [rest.layers[0]], "reshape")
    with pytest.raises(ga.CheckpointError, match="'join' .Multiply. that takes 2 inputs"):
        ga.load(tmp_path / "model.h5")

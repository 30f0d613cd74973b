"""Layers models of TensorFlow.js: images are those of an independent reading of Keras's layers, in plain NumPy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generators.checkpoints import test_keras as keras
from generators.checkpoints.test_keras import MODELS, KerasLayer

import ganatomy as ga
from ganatomy.errors import CheckpointError


def write(
    path: Path,
    layers: list[KerasLayer],
    *,
    topology: dict[str, Any] | None = None,
    shards: int = 1,
    under: str = "",
    quantised: str | None = None,
) -> Path:
    """As the converter writes it; layers made in JavaScript have no `model_config` around them."""
    described, content = [], b""
    for layer in layers:
        for leaf, array in layer.weights.items():
            entry = {"name": f"{under}{layer.name}/{leaf}", "shape": list(array.shape), "dtype": "float32"}
            if quantised == "float16":
                entry["quantization"] = {"dtype": quantised, "original_dtype": "float32"}
                content += array.astype("<f2").tobytes()
            elif quantised:
                most, low = np.iinfo(quantised).max, float(array.min())
                scale = (float(array.max()) - low) / most or 1.0
                entry["quantization"] = {"dtype": quantised, "scale": scale, "min": low}
                content += (
                    np.rint((array - low) / scale).astype(np.dtype(quantised).newbyteorder("<")).tobytes()
                )
            else:
                content += array.astype("<f4").tobytes()
            described.append(entry)
    names = [f"group1-shard{number + 1}of{shards}.bin" for number in range(shards)]
    for number, name in enumerate(names):
        first, last = (len(content) * place // shards for place in (number, number + 1))
        (path.parent / name).write_bytes(content[first:last])
    model = {
        "format": "layers-model",
        "modelTopology": topology or {"keras_version": "2.15.0", "model_config": keras.sequential(layers)},
        "weightsManifest": [{"paths": names, "weights": described}],
    }
    path.write_text(json.dumps(model))
    return path


@pytest.mark.parametrize("name", MODELS)
def test_images_are_those_that_keras_makes(name: str, tmp_path: Path):
    layers = MODELS[name]().layers
    found = keras.check(write(tmp_path / "model.json", layers), layers)
    assert found.origin is not None
    assert found.origin.format == "TensorFlow.js"
    assert found.fingerprint == keras.check(keras.write_model(tmp_path / "m.h5", layers), layers).fingerprint


@pytest.mark.parametrize(
    "how",
    [
        {"shards": 3},
        {"topology": "javascript"},
        {"topology": "nested", "under": "sequential/"},
        {"topology": "functional"},
    ],
    ids=["three shards", "made in JavaScript", "a model within a model", "functional"],
)
def test_every_way_to_save_a_model_is_the_same_model(how: dict[str, Any], tmp_path: Path):
    layers = MODELS["TensorFlow's tutorial"]().layers
    topologies = {"javascript": keras.sequential, "nested": keras.nested, "functional": keras.functional}
    if "topology" in how:
        how = {**how, "topology": topologies[how["topology"]](layers)}
    keras.check(write(tmp_path / "model.json", layers, **how), layers)


@pytest.mark.parametrize("dtype", ["float16", "uint16", "uint8"])
def test_rounded_weights_are_read_and_said(dtype: str, tmp_path: Path):
    layers = MODELS["dense layers, norms behind activations"]().layers
    exact = ga.load(write(tmp_path / "exact.json", layers))
    found = ga.load(write(tmp_path / "model.json", layers, quantised=dtype))
    assert found.origin is not None
    (note,) = found.origin.notes
    assert note == f"its weights are stored in {8 if dtype == 'uint8' else 16} bits, so they are rounded"
    z = exact.sample(2, seed=0)
    error = (found.synthesize(z) - exact.synthesize(z)).abs().max()
    assert 0 < error < (0.2 if dtype == "uint8" else 2e-2)


def test_files_beside_it_must_be_whole_and_its_own(tmp_path: Path):
    layers = MODELS["dense layers, norms behind activations"]().layers
    path = write(tmp_path / "model.json", layers)
    model = json.loads(path.read_text())
    shard = tmp_path / "group1-shard1of1.bin"
    shard.write_bytes(shard.read_bytes()[:-4])
    with pytest.raises(CheckpointError, match="claims more bytes in"):
        ga.load(path)
    shard.unlink()
    with pytest.raises(CheckpointError, match="'group1-shard1of1.bin', which must lie beside it"):
        ga.load(path)
    for elsewhere in ("../secret", "/etc/passwd", "a/b"):
        model["weightsManifest"][0]["paths"] = [elsewhere]
        path.write_text(json.dumps(model))
        with pytest.raises(CheckpointError, match="is no file beside it"):
            ga.load(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"format": "graph-model"}', "graph model of TensorFlow.js, which is a program.*tf2onnx"),
        ('{"a": 1}', "is JSON, but not the model.json"),
        ("[1, 2]", "damaged description: a list"),
        ("{", "damaged description"),
    ],
)
def test_other_json_is_refused(content: str, reason: str, tmp_path: Path):
    (tmp_path / "model.json").write_text(content)
    with pytest.raises(CheckpointError, match=reason):
        ga.load(tmp_path / "model.json")


def test_a_folder_of_a_saved_model_is_told_how_it_is_converted(tmp_path: Path):
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01")
    for path in (tmp_path, tmp_path / "saved_model.pb"):
        with pytest.raises(CheckpointError, match="SavedModel of TensorFlow.*tf2onnx.*tf_keras"):
            ga.load(path)

"""Keras's files: images are those of an independent reading of Keras's own layers, in plain NumPy."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

import ganatomy as ga
from ganatomy.generators.dcgan import DCGAN
from ganatomy.latents import Latents, Space

Z_DIM = 12


@dataclass
class KerasLayer:
    kind: str
    config: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.config["name"]


# Keras's layers in plain NumPy: images are [n, rows, columns, channels].


def convolve(x: np.ndarray, kernel: np.ndarray, *, stride: int, padding: str) -> np.ndarray:
    size, inputs = kernel.shape[0], x.shape[1]
    if padding == "same":
        outputs = -(-inputs // stride)
        total = max((outputs - 1) * stride + size - inputs, 0)
        x = np.pad(x, [(0, 0), (total // 2, total - total // 2), (total // 2, total - total // 2), (0, 0)])
    outputs = (x.shape[1] - size) // stride + 1
    y = np.zeros((len(x), outputs, outputs, kernel.shape[3]))
    for i, j in product(range(outputs), repeat=2):
        patch = x[:, i * stride : i * stride + size, j * stride : j * stride + size]
        y[:, i, j] = np.einsum("nabc,abco->no", patch, kernel)
    return y


def convolve_transposed(x: np.ndarray, kernel: np.ndarray, *, stride: int, padding: str) -> np.ndarray:
    """The gradient of the convolution that would make x from the output: TensorFlow's definition."""
    size, inputs = kernel.shape[0], x.shape[1]
    outputs = inputs * stride + (max(size - stride, 0) if padding == "valid" else 0)
    total = 0 if padding == "valid" else max((-(-outputs // stride) - 1) * stride + size - outputs, 0)
    y = np.zeros((len(x), outputs, outputs, kernel.shape[2]))
    for i, j, a, b in product(range(inputs), range(inputs), range(size), range(size)):
        row, column = i * stride + a - total // 2, j * stride + b - total // 2
        if 0 <= row < outputs and 0 <= column < outputs:
            y[:, row, column] += x[:, i, j] @ kernel[a, b].T
    return y


def enlarge(x: np.ndarray, factor: int, interpolation: str) -> np.ndarray:
    if interpolation == "nearest":
        return x.repeat(factor, 1).repeat(factor, 2)
    size = x.shape[1]
    weights = np.zeros((size * factor, size))
    for i in range(size * factor):
        at = np.clip((i + 0.5) / factor - 0.5, 0, size - 1)
        low = int(at)
        weights[i, low] += 1 - (at - low)
        weights[i, min(low + 1, size - 1)] += at - low
    return np.einsum("ia,jb,nabc->nijc", weights, weights, x)


ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "elu": lambda x: np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1),
    "selu": lambda x: 1.05070098 * np.where(x > 0, x, 1.67326324 * (np.exp(np.minimum(x, 0)) - 1)),
}


def apply(layer: KerasLayer, x: np.ndarray) -> np.ndarray:  # noqa: PLR0911 (one for each kind of layer)
    config, weights = layer.config, layer.weights
    match layer.kind:
        case "Reshape":
            return x.reshape(len(x), *config["target_shape"])
        case "Flatten":
            return x.reshape(len(x), -1)
        case "LeakyReLU":
            return np.where(x > 0, x, config.get("alpha", config.get("negative_slope", 0.3)) * x)
        case "BatchNormalization":
            scale = weights.get("gamma", 1) / np.sqrt(weights["moving_variance"] + config["epsilon"])
            return (x - weights["moving_mean"]) * scale + weights.get("beta", 0)
        case "UpSampling2D":
            return enlarge(x, config["size"][0], config["interpolation"])
        case "ZeroPadding2D":
            return np.pad(x, [(0, 0), *config["padding"], (0, 0)])
        case "Cropping2D":
            (top, bottom), (left, right) = config["cropping"]
            return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]
        case "Dense":
            x = x @ weights["kernel"]
        case "Conv2D" | "Conv2DTranspose":
            how = convolve if layer.kind == "Conv2D" else convolve_transposed
            x = how(x, weights["kernel"], stride=config["strides"][0], padding=config["padding"])
        case "Dropout" | "InputLayer":
            return x
    return ACTIVATIONS[config.get("activation", "linear")](x + weights.get("bias", 0))


def run(layers: list[KerasLayer], z: np.ndarray) -> np.ndarray:
    x = z.astype(np.float64)
    for layer in layers:
        x = apply(layer, x)
    return x


# Models.


class Maker:
    """Layers with random weights, which know what flows into them as Keras's do."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)
        self.layers: list[KerasLayer] = []
        self.x = np.zeros((1, Z_DIM))

    def add(self, kind: str, **config: Any) -> Maker:
        names = {
            "Conv2D": "conv2d",
            "Conv2DTranspose": "conv2d_transpose",
            "BatchNormalization": "batch_normalization",
        }
        stem = names.get(kind, kind.lower())
        number = sum(layer.kind == kind for layer in self.layers)
        config = {"name": f"{stem}_{number}" if number else stem} | config
        layer = KerasLayer(kind, config)
        channels = self.x.shape[-1]
        if kind == "Dense":
            layer.weights["kernel"] = self.random(channels, config["units"])
        elif kind.startswith("Conv"):
            ends = (channels, config["filters"])
            size = config["kernel_size"]
            layer.weights["kernel"] = self.random(*size, *(ends if kind == "Conv2D" else ends[::-1]))
        elif kind == "BatchNormalization":
            config.setdefault("epsilon", 1e-3)
            for leaf in ["gamma"] * config.get("scale", True) + ["beta", "moving_mean", "moving_variance"]:
                around = 0.3 * self.rng.standard_normal(channels)
                layer.weights[leaf] = (
                    around if leaf in ("beta", "moving_mean") else 0.5 + abs(around)
                ).astype(np.float32)
        if kind in ("Dense", "Conv2D", "Conv2DTranspose") and config.get("use_bias", True):
            outputs = config.get("units", config.get("filters"))
            layer.weights["bias"] = (0.3 * self.rng.standard_normal(outputs)).astype(np.float32)
        self.x = apply(layer, self.x)
        self.layers.append(layer)
        return self

    def random(self, *shape: int) -> np.ndarray:
        spread = 2 / np.sqrt(np.prod(shape[:-1]))
        return (spread * self.rng.standard_normal(shape)).astype(np.float32)

    def dense(self, units: int, **config: Any) -> Maker:
        return self.add("Dense", units=units, **config)

    def reshape(self, *shape: int) -> Maker:
        return self.add("Reshape", target_shape=list(shape))

    def norm(self, **config: Any) -> Maker:
        return self.add("BatchNormalization", **config)

    def leak(self, **config: Any) -> Maker:
        return self.add("LeakyReLU", **config)

    def up(self, interpolation: str = "nearest") -> Maker:
        return self.add("UpSampling2D", size=[2, 2], interpolation=interpolation)

    def conv(
        self, filters: int, size: int, *, stride: int = 1, padding: str = "same", **config: Any
    ) -> Maker:
        sizes = {"kernel_size": [size, size], "strides": [stride, stride]}
        return self.add("Conv2D", filters=filters, padding=padding, **sizes, **config)

    def deconv(self, filters: int, size: int, stride: int, *, padding: str = "same", **config: Any) -> Maker:
        sizes = {"kernel_size": [size, size], "strides": [stride, stride]}
        return self.add("Conv2DTranspose", filters=filters, padding=padding, **sizes, **config)


def tensorflow_tutorial() -> Maker:
    """28 px: 5 x 5 kernels, norms after everything, no biases."""
    free: dict[str, Any] = {"use_bias": False}
    maker = Maker().dense(7 * 7 * 16, **free).norm().leak().reshape(7, 7, 16)
    maker.deconv(8, 5, 1, **free).norm().leak().deconv(6, 5, 2, **free).norm().leak()
    return maker.deconv(1, 5, 2, activation="tanh", **free)


def upsampling_tutorial() -> Maker:
    """A much copied collection of GANs: up-sampling, then convolutions."""
    maker = Maker().dense(8 * 49, activation="relu").reshape(7, 7, 8).up().conv(8, 3).norm()
    maker.add("Activation", activation="relu").up().conv(6, 3).norm().add("Activation", activation="relu")
    return maker.conv(1, 3).add("Activation", activation="tanh")


def celebrities() -> Maker:
    """64 px: kernels of four, strides of two, sigmoid."""
    maker = (
        Maker()
        .dense(8 * 8 * 8)
        .reshape(8, 8, 8)
        .deconv(8, 4, 2)
        .leak(alpha=0.2)
        .deconv(8, 4, 2)
        .leak(alpha=0.2)
    )
    return maker.deconv(6, 4, 2).leak(alpha=0.2).conv(3, 5, activation="sigmoid")


def dense_layers() -> Maker:
    """Norms behind the activations, and images out of a dense layer."""
    maker = Maker().dense(16).leak(alpha=0.2).norm(epsilon=0.01).dense(24).leak(alpha=0.2).norm()
    return maker.dense(3 * 16 * 16, activation="tanh").reshape(16, 16, 3)


def upsampled_and_transposed() -> Maker:
    """28 px: norm, activation, then up-sampling before transposed convolutions; dropout."""
    maker = Maker().dense(7 * 7 * 8).norm().add("Activation", activation="relu").reshape(7, 7, 8)
    maker.add("Dropout", rate=0.4).up().deconv(6, 5, 1).norm().add("Activation", activation="relu").up()
    return maker.deconv(1, 5, 1).add("Activation", activation="sigmoid")


def everything_else() -> Maker:
    maker = (
        Maker().dense(4 * 4 * 6, activation="selu").reshape(4, 4, 6).up("bilinear").leak(negative_slope=0.1)
    )
    maker.conv(5, 4).norm(scale=False).norm().up("bilinear").norm().add(
        "ZeroPadding2D", padding=[[1, 2], [1, 2]]
    )
    maker.conv(4, 3, stride=2).conv(4, 4, padding="valid").add("Cropping2D", cropping=[[1, 0], [1, 0]])
    maker.add("Flatten").norm().add("Activation", activation="elu").dense(4 * 4 * 6).reshape(4, 4, 6)
    maker.deconv(5, 3, 2, padding="valid").deconv(4, 2, 3).deconv(4, 3, 1).deconv(3, 4, 1)
    return maker.add("Cropping2D", cropping=[[2, 1], [2, 1]]).up()


MODELS = {
    "TensorFlow's tutorial": tensorflow_tutorial,
    "up-sampling and convolutions": upsampling_tutorial,
    "64 px, kernels of four": celebrities,
    "dense layers, norms behind activations": dense_layers,
    "up-sampling and transposed convolutions": upsampled_and_transposed,
    "everything else": everything_else,
}


# Files.


def sequential(layers: list[KerasLayer], name: str = "sequential") -> dict[str, Any]:
    described = [{"class_name": layer.kind, "config": dict(layer.config)} for layer in layers]
    described[0]["config"]["batch_input_shape"] = [None, Z_DIM]
    return {"class_name": "Sequential", "config": {"name": name, "layers": described}}


def functional(layers: list[KerasLayer]) -> dict[str, Any]:
    entry = {
        "class_name": "InputLayer",
        "name": "z",
        "config": {"name": "z", "batch_input_shape": [None, Z_DIM]},
    }
    described: list[dict[str, Any]] = [{**entry, "inbound_nodes": []}]
    for layer in layers:
        nodes = [[[described[-1]["name"], 0, 0, {}]]]
        described.append(
            {"class_name": layer.kind, "name": layer.name, "config": layer.config, "inbound_nodes": nodes}
        )
    # Layers stand in any order.
    ends = {"input_layers": [["z", 0, 0]], "output_layers": [[described[-1]["name"], 0, 0]]}
    return {"class_name": "Functional", "config": {"name": "model", "layers": described[::-1], **ends}}


def nested(layers: list[KerasLayer]) -> dict[str, Any]:
    """A model around a model, with Keras 3's way to say what flows where."""
    history = {
        "args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["z", 0, 0]}}],
        "kwargs": {},
    }
    entry = {"class_name": "InputLayer", "name": "z", "config": {"name": "z", "batch_shape": [None, Z_DIM]}}
    inside = sequential(layers) | {"name": "sequential", "inbound_nodes": [history]}
    ends = {"input_layers": ["z", 0, 0], "output_layers": ["sequential", 0, 0]}
    described = [{**entry, "inbound_nodes": []}, inside]
    return {"class_name": "Functional", "config": {"name": "model", "layers": described, **ends}}


def write_layer(group: h5py.Group, layers: list[KerasLayer]) -> None:
    names = []
    moving = ("moving_mean", "moving_variance")
    for trainable, layer in [(True, layer) for layer in layers] + [(False, layer) for layer in layers]:
        for leaf, array in layer.weights.items():
            if (leaf not in moving) == trainable:
                names.append(f"{layer.name}/{leaf}:0".encode())
                group[f"{layer.name}/{leaf}:0"] = array
    group.attrs["weight_names"] = names


def write_weights(group: h5py.Group, layers: list[KerasLayer], *, inside: str | None = None) -> None:
    if inside:
        group.attrs["layer_names"] = [b"z", inside.encode()]
        group.create_group("z").attrs["weight_names"] = []
        write_layer(group.create_group(inside), layers)
        return
    group.attrs["layer_names"] = [layer.name.encode() for layer in layers]
    for layer in layers:
        write_layer(group.create_group(layer.name), [layer])


def write_model(
    path: Path, layers: list[KerasLayer], config: dict[str, Any] | None = None, **inside: str
) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config or sequential(layers)).encode()
        write_weights(file.create_group("model_weights"), layers, **inside)
    return path


def write_archive(path: Path, layers: list[KerasLayer], *, around: str = "", rename: bool = False) -> Path:
    """Keras 3's: groups are named by kind and number, or by the layer in some versions."""
    content, counts = io.BytesIO(), {}
    with h5py.File(content, "w") as file:
        for layer in layers:
            stem = layer.name if rename else re.sub(r"_\d+$", "", layer.name)
            count = counts[stem] = counts.get(stem, -1) + 1
            place = stem if rename or not count else f"{stem}_{count}"
            group = file.create_group(f"{around}layers/{place}/vars")
            for number, array in enumerate(layer.weights.values()):
                group[str(number)] = array
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(nested(layers) if around else functional(layers)))
        archive.writestr("model.weights.h5", content.getvalue())
    return path


def check(path: Path, layers: list[KerasLayer]) -> DCGAN:
    model = ga.load(path)
    assert isinstance(model, DCGAN)
    z = np.random.default_rng(1).standard_normal((2, Z_DIM)).astype(np.float32)
    expected = run(layers, z).transpose(0, 3, 1, 2)
    if model.config.output == "sigmoid":
        expected = 2 * expected - 1
    images = model(Latents(codes=torch.from_numpy(z), space=Space.Z)).numpy()
    np.testing.assert_allclose(images, expected, atol=1e-5 * max(1, np.abs(expected).max()))
    assert np.abs(expected).std() > 0.01, "the images show something"
    return model


@pytest.mark.parametrize("name", MODELS)
def test_a_whole_model_makes_the_images_that_keras_makes(name: str, tmp_path: Path) -> None:
    layers = MODELS[name]().layers
    model = check(write_model(tmp_path / "model.h5", layers), layers)
    assert model.signature.z_dim == Z_DIM
    again = ga.load(ga.save_generator(model, tmp_path / "ours.safetensors"))
    assert again.fingerprint == model.fingerprint
    torch.testing.assert_close(again(model.sample(2)), model(model.sample(2)))


@pytest.mark.parametrize("name", ["TensorFlow's tutorial", "up-sampling and convolutions"])
def test_every_way_to_save_a_model_is_the_same_model(name: str, tmp_path: Path) -> None:
    layers = MODELS[name]().layers
    files = [
        write_model(tmp_path / "sequential.hdf5", layers),
        write_model(tmp_path / "functional.h5", layers, functional(layers)),
        write_model(tmp_path / "nested.h5", layers, nested(layers), inside="sequential"),
        write_archive(tmp_path / "model.keras", layers),
        write_archive(tmp_path / "nested.zip", layers, around="layers/sequential/"),
    ]
    # Keras counts on from model to model, but not in its archives.
    renamed = [KerasLayer(x.kind, x.config | {"name": f"{re.sub(r'_[0-9]+$', '', x.name)}_{i + 7}"}, x.weights)
               for i, x in enumerate(layers)]  # fmt: skip
    files += [write_archive(tmp_path / "by name.keras", renamed, rename=True)]
    assert len({check(path, layers).fingerprint for path in files}) == 1


def test_channels_first_models_are_not_reordered(tmp_path: Path) -> None:
    layers = celebrities().layers
    first = [KerasLayer(x.kind, dict(x.config), dict(x.weights)) for x in layers]
    first[1].config["target_shape"] = [8, 8, 8]
    order = np.arange(512).reshape(8, 8, 8).transpose(2, 0, 1).ravel()
    first[0].weights = {leaf: array[..., order] for leaf, array in first[0].weights.items()}
    for layer in first[2:]:
        layer.config["data_format"] = "channels_first"
    check(write_model(tmp_path / "model.h5", first), layers)


def settled(layers: list[KerasLayer]) -> list[KerasLayer]:
    """The same layers with norms as after some training: what they see is what they recorded."""
    x = np.random.default_rng(5).standard_normal((1500, Z_DIM))
    for layer in layers[:-1]:
        if layer.kind == "BatchNormalization":
            axes = tuple(range(x.ndim - 1))
            layer.weights |= {
                "moving_mean": x.mean(axes).astype(np.float32),
                "moving_variance": x.var(axes).astype(np.float32),
            }
        x = apply(layer, x)
    return layers


@pytest.mark.parametrize("inside", [None, "sequential"], ids=["flat", "a model within a model"])
def test_weights_alone_are_read_by_their_norms(inside: str | None, tmp_path: Path) -> None:
    layers = settled(tensorflow_tutorial().layers)
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        write_weights(file, layers, inside=inside)
    model = check(tmp_path / "weights.h5", layers)
    assert [layer.stride for layer in model.config.layers] == [1, 1, 2, 2]
    assert [layer.slope for layer in model.config.layers[:-1]] == [0.3, 0.3, 0.3]
    with pytest.raises(ga.CheckpointError, match="do not chain into a square image of 64 px"):
        ga.load(tmp_path / "weights.h5", resolution=64)


def test_what_a_file_says_cannot_be_chosen_but_the_prior_can(tmp_path: Path) -> None:
    path = write_model(tmp_path / "model.h5", celebrities().layers)
    with pytest.raises(ga.SettingError, match="leave out output: the file records what it holds"):
        ga.load(path, output="tanh")
    assert ga.load(path).signature.prior == "normal"
    assert ga.load(path, prior="uniform").signature.prior == "uniform"
    with pytest.raises(ga.CheckpointError, match="holds one network only"):
        ga.load(path, network="G")


def test_a_norm_behind_the_codes_tells_the_prior(tmp_path: Path) -> None:
    layers = tensorflow_tutorial().layers
    kernel = layers[0].weights["kernel"]
    layers[1].weights["moving_variance"] = (kernel**2).sum(0) / 3
    assert ga.load(write_model(tmp_path / "model.h5", layers)).signature.prior == "uniform"


def with_layer(kind: str, **config: Any) -> list[KerasLayer]:
    layers = celebrities().layers
    layers.insert(3, KerasLayer(kind, {"name": "odd_one", **config}))
    return layers


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (with_layer("PReLU"), r"has a layer 'odd_one' \(PReLU\), which is not read; read are Activation, .*Dense"),
        (with_layer("Lambda", function=["4wEAAAA", None]), r"'odd_one' \(Lambda\) and holds code, which is not opened"),
        (with_layer("Activation", activation="mish"), "cannot be read at layer 'odd_one'.*'mish' is not read"),
        (with_layer("ReLU", max_value=6.0), "the activation ReLU with"),
        (with_layer("BatchNormalization"), "'odd_one' .BatchNormalization.: it has no weights"),
        (with_layer("Reshape", target_shape=[16, 8, 16]), r"images of 8 x 16 x 16 become \[16, 8, 16\]"),
        (with_layer("UpSampling2D", size=[4096, 4096]), "images of 65536 px are larger than 1024"),
        (with_layer("UpSampling2D", size=[2, 3]), "2 x 3 is not square"),
        (with_layer("ZeroPadding2D", padding="many"), "in an unknown way|margins"),
        (with_layer("Cropping2D", cropping=[[9, 9], [9, 9]]), "images shrink to -2 px"),
        (celebrities().layers[:-1], "ends in leaky_relu|ends in 6 x 64 x 64, which is no image"),
        (celebrities().layers[:1], "ends in 512 numbers, which is no image"),
    ],
    ids=["unknown layer", "code", "unknown activation", "bounded activation", "no weights", "oblong images",
         "huge images", "oblong up-sampling", "padding of words", "cropped away", "six channels", "numbers"],
)  # fmt: skip
def test_models_that_are_not_read_are_refused_by_the_layer(
    layers: list[KerasLayer], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ga.CheckpointError, match=message):
        ga.load(write_model(tmp_path / "model.h5", layers))


def test_networks_that_are_no_chains_and_no_generators_are_refused(tmp_path: Path) -> None:
    layers = celebrities().layers

    def refusal(change, config: dict[str, Any]) -> str:
        change(config["config"])
        with pytest.raises(ga.CheckpointError) as caught:
            ga.load(write_model(tmp_path / "model.h5", layers, config))
        return str(caught.value)

    def join(config: dict[str, Any]) -> None:
        config["layers"][2]["inbound_nodes"][0].append(["z", 0, 0, {}])

    def circle(config: dict[str, Any]) -> None:
        config["layers"][-2]["inbound_nodes"] = [[["leakyrelu", 0, 0, {}]]]

    def images(config: dict[str, Any]) -> None:
        config["layers"][0]["config"]["batch_input_shape"] = [None, 28, 28, 1]

    def two_ends(config: dict[str, Any]) -> None:
        config["output_layers"].append(["dense", 0, 0])

    assert "that takes 2 inputs; only chains of layers are read" in refusal(join, functional(layers))
    assert "feed each other in a circle" in refusal(circle, functional(layers))
    assert "takes images [28, 28, 1], so this is no generator" in refusal(images, sequential(layers))
    assert "with 2 outputs" in refusal(two_ends, functional(layers))
    assert "in an unknown way" in refusal(lambda config: config.pop("layers"), sequential(layers))


def test_weights_of_other_shapes_and_missing_ones_are_refused(tmp_path: Path) -> None:
    layers = celebrities().layers
    whole = dict(layers[2].weights)
    layers[2].weights = whole | {"kernel": whole["kernel"][:3]}
    with pytest.raises(ga.CheckpointError, match=r"weights are of shape \[3, 4, 8, 8\], not \[4, 4, 8, 8\]"):
        ga.load(write_model(tmp_path / "model.h5", layers))
    layers[2].weights = {"kernel": whole["kernel"]}
    with pytest.raises(ga.CheckpointError, match="'conv2d_transpose' .*has no weights bias, only kernel"):
        ga.load(write_model(tmp_path / "model.h5", layers))


@pytest.mark.parametrize("keep", [0.02, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["h5", "keras"])
def test_files_that_are_cut_off_are_refused(kind: str, keep: float, tmp_path: Path) -> None:
    write = write_model if kind == "h5" else write_archive
    path = write(tmp_path / f"model.{kind}", celebrities().layers)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(ga.CheckpointError, match="is cut off or damaged"):
        ga.load(path)


def test_weights_of_keras_3_alone_and_other_hdf5_files_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "model.weights.h5", "w") as file:
        file["layers/dense/vars/0"] = np.zeros((3, 4))
    with pytest.raises(ga.CheckpointError, match=r"weights alone as Keras 3 writes them.*model.save\("):
        ga.load(tmp_path / "model.weights.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = np.zeros((3, 4))
    with pytest.raises(ga.CheckpointError, match="is an HDF5 file, but not one that Keras wrote"):
        ga.load(tmp_path / "other.h5")


# Hostile files.


def link_outside(group: h5py.Group, secret: Path) -> None:
    group["kernel:0"] = h5py.ExternalLink(str(secret), "/kernel:0")


def link_softly(group: h5py.Group, secret: Path) -> None:
    group["kernel:0"] = h5py.SoftLink("/model_weights/conv2d/conv2d/kernel:0")


def lie_outside(group: h5py.Group, secret: Path) -> None:
    group.create_dataset("kernel:0", (Z_DIM, 512), "f4", external=[(str(secret), 0, h5py.h5f.UNLIMITED)])


def be_virtual(group: h5py.Group, secret: Path) -> None:
    layout = h5py.VirtualLayout((Z_DIM, 512), "f4")
    layout[:] = h5py.VirtualSource(secret, "/kernel:0", (Z_DIM, 512))
    group.create_virtual_dataset("kernel:0", layout)


def claim_terabytes(group: h5py.Group, secret: Path) -> None:
    group.create_dataset("kernel:0", (1 << 20, 1 << 20), "f4", chunks=(1 << 10, 1 << 10), compression="gzip")
    group["kernel:0"][0, 0] = 1


def claim_a_huge_chunk(group: h5py.Group, secret: Path) -> None:
    group.create_dataset(
        "kernel:0", (8, 8), "f4", maxshape=(None, None), chunks=(1 << 14, 1 << 15), compression="gzip"
    )


def claim_what_is_not_there(group: h5py.Group, secret: Path) -> None:
    group.create_dataset("kernel:0", (Z_DIM, 512), "f4")


def hold_objects(group: h5py.Group, secret: Path) -> None:
    group.create_dataset("kernel:0", (Z_DIM,), dtype=h5py.vlen_dtype(np.float32))


def hold_records(group: h5py.Group, secret: Path) -> None:
    group.create_dataset("kernel:0", (Z_DIM,), dtype=[("a", "f4"), ("b", "f4")])


def hold_five_axes(group: h5py.Group, secret: Path) -> None:
    group["kernel:0"] = np.zeros((1, 1, 1, 2, 2), np.float32)


def be_in_itself(group: h5py.Group, secret: Path) -> None:
    for number in range(8):
        group[f"again{number}"] = group


@pytest.mark.parametrize(
    ("trap", "message"),
    [
        (link_outside, "points elsewhere"),
        (link_softly, "points elsewhere"),
        (lie_outside, "in another file, which is not followed"),
        (be_virtual, "in another file, which is not followed"),
        (claim_terabytes, r"claims an array of shape \[1048576, 1048576\].*damaged or hostile"),
        (claim_a_huge_chunk, "and holds less; it is damaged or hostile"),
        (claim_what_is_not_there, r"claims an array of shape \[12, 512\].*and holds less"),
        (hold_objects, "holds objects in"),
        (hold_records, "holds values of type"),
        (hold_five_axes, "holds no weights in"),
        (be_in_itself, "more than 4096 groups and arrays"),
    ],
    ids=lambda value: value.__name__.replace("_", " ") if callable(value) else "",
)
def test_hostile_arrays_are_not_opened(trap, message: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["kernel:0"] = np.ones((Z_DIM, 512), np.float32)
    path = write_model(tmp_path / "model.h5", celebrities().layers)
    with h5py.File(path, "a") as file:
        group = file["model_weights/dense/dense"]
        del group["kernel:0"]
        trap(group, secret)
    with pytest.raises(ga.CheckpointError, match=message):
        ga.load(path)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (b"[" * 100_000, "damaged description"),
        (b'{"class_name": "Sequential", "config": {"layers": [3]}}', "in an unknown way"),
        (b'{"class_name": "Sequential", "config": {"layers": []}}', "no layers with weights"),
        (b'{"class_name": "Evil", "config": {}}', "a Keras model of kind Evil"),
        (b"3", "a int instead of a model"),
        (np.arange(3), "where a text should be"),
    ],
    ids=["recursion", "a number for a layer", "no layers", "own class", "number", "no text"],
)
def test_hostile_descriptions_are_refused(config, message: str, tmp_path: Path) -> None:
    path = write_model(tmp_path / "model.h5", celebrities().layers)
    with h5py.File(path, "a") as file:
        del file.attrs["model_config"]
        file.attrs["model_config"] = config
    with pytest.raises(ga.CheckpointError, match=message):
        ga.load(path)


def test_models_within_models_without_end_are_refused(tmp_path: Path) -> None:
    config = sequential(celebrities().layers)
    for _ in range(50):
        config = {"class_name": "Sequential", "config": {"name": "outer", "layers": [config]}}
    with pytest.raises(ga.CheckpointError, match="more than 8 deep"):
        ga.load(write_model(tmp_path / "model.h5", celebrities().layers, config))


def test_an_archive_that_is_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(sequential(celebrities().layers)))
        archive.writestr("model.weights.h5", bytes(200 << 20))
    with pytest.raises(
        ga.CheckpointError, match="claims 209715200 bytes in 'model.weights.h5' and holds less"
    ):
        ga.load(tmp_path / "bomb.keras")
    with zipfile.ZipFile(tmp_path / "part.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(ga.CheckpointError, match="without model.weights.h5, so it is no whole Keras model"):
        ga.load(tmp_path / "part.keras")

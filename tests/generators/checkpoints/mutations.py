"""Valid files of every format, small, and random damage to them: what a reader must withstand."""

from __future__ import annotations

import io
import json
import pickle
import random
import re
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from generators.checkpoints import nvidia_files
from generators.onnx_files import Net
from safetensors.torch import save
from torch import Tensor, nn

from ganatomy.generators import save_generator
from ganatomy.generators.dcgan import DCGAN
from ganatomy.generators.progan import ProGAN, ProGANConfig
from ganatomy.generators.stylegan import StyleGAN, StyleGANConfig
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.generators.stylegan3 import StyleGAN3, StyleGAN3Config

# Samples.


def _dcgan() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return {
        "main.0.weight": torch.randn(3, 2, 4, 4),
        "main.0.bias": torch.randn(2),
        "main.2.weight": torch.randn(2, 1, 4, 4),
    }


def _stylegan2() -> tuple[StyleGAN2, dict[str, object]]:
    torch.manual_seed(0)
    model = StyleGAN2(StyleGAN2Config(widths=(2,), z_dim=2, w_dim=2, mapping_layers=1))
    kwargs = {"z_dim": 2, "c_dim": 0, "w_dim": 2, "img_resolution": 4, "img_channels": 3}
    return model.eval(), kwargs | {"mapping_kwargs": {"num_layers": 1}}


def write_nvidia(path: Path) -> None:
    model, kwargs = _stylegan2()
    G = nvidia_files.generator(model.state_dict(), kwargs)
    nvidia_files.write(path, {"G_ema": G, "training_set_kwargs": nvidia_files.EasyDict(resolution=4)})


def write_pickled_arrays(path: Path) -> None:
    path.write_bytes(pickle.dumps({name: tensor.numpy() for name, tensor in _dcgan().items()}, 4))


def write_torch_zip(path: Path) -> None:
    torch.save(_dcgan(), path)


def write_torch_legacy(path: Path) -> None:
    torch.save(_dcgan(), path, _use_new_zipfile_serialization=False)


def _module() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(3, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Unflatten(1, (1, 4, 4)),
        nn.ConvTranspose2d(1, 1, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip


def write_module(path: Path) -> None:
    torch.save(_module(), path)


def write_legacy_module(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save(_module(), path, _use_new_zipfile_serialization=False)


def write_torchscript(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(_module().eval(), torch.zeros(2, 3)).save(str(path))


def write_conditional(path: Path) -> None:
    torch.manual_seed(0)
    torch.save({"label_emb.weight": torch.randn(2, 2), "fc.weight": torch.randn(64, 5)}, path)


def write_ours(path: Path) -> None:
    save_generator(DCGAN.build(z_dim=3, widths=(2,), channels=1).eval(), path)


def write_our_stylegan2(path: Path) -> None:
    save_generator(_stylegan2()[0], path)


def write_our_stylegan(path: Path) -> None:
    torch.manual_seed(0)
    config = StyleGANConfig(widths=(2, 2), z_dim=2, w_dim=2, mapping_dim=2, mapping_layers=1)
    save_generator(StyleGAN(config).eval(), path)


def write_our_progan(path: Path) -> None:
    torch.manual_seed(0)
    save_generator(ProGAN(ProGANConfig(widths=(2, 2), z_dim=2)).eval(), path)


def write_our_stylegan3(path: Path) -> None:
    torch.manual_seed(0)
    config = StyleGAN3Config(resolution=16, widths=(2, 2, 2, 2, 3), z_dim=2, w_dim=2, mapping_layers=1)
    save_generator(StyleGAN3(config).eval(), path)


def write_safetensors(path: Path) -> None:
    path.write_bytes(save(_dcgan()))


def write_npz(path: Path) -> None:
    model, kwargs = _stylegan2()
    arrays = {f"state/{name}": tensor.numpy() for name, tensor in model.state_dict().items()}
    with path.open("wb") as file:
        np.savez(file, init_kwargs=json.dumps(kwargs), **arrays)


DECONV = {"filters": 1, "kernel_size": [4, 4], "strides": [2, 2], "padding": "same", "use_bias": False}


def _keras(first: dict[str, object]) -> dict[str, object]:
    dense = {"name": "dense", "units": 16, "use_bias": False, "activation": "linear"}
    deconv = DECONV | {"name": "conv2d_transpose", "activation": "tanh"}
    layers = [
        {"class_name": "Dense", "config": dense | first},
        {"class_name": "Reshape", "config": {"name": "reshape", "target_shape": [4, 4, 1]}},
        {"class_name": "Conv2DTranspose", "config": deconv},
    ]
    return {"class_name": "Sequential", "config": {"name": "G", "layers": layers}}


def _keras_weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = {"dense": (3, 16), "conv2d_transpose": (4, 4, 1, 1)}
    return {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def write_keras(path: Path) -> None:
    import h5py

    weights = _keras_weights()
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(_keras({"batch_input_shape": [None, 3]}))
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [b"dense", b"reshape", b"conv2d_transpose"]
        for name in ("dense", "reshape", "conv2d_transpose"):
            layer = group.create_group(name)
            layer.attrs["weight_names"] = [f"{name}/kernel:0".encode()] if name in weights else []
            if name in weights:
                layer.create_dataset(f"{name}/kernel:0", data=weights[name])


def write_keras_classes(path: Path) -> None:
    import h5py

    def layer(kind: str, name: str, before: list[str], **config: object) -> dict[str, object]:
        nodes = [[[each, 0, 0, {}] for each in before]] if before else []
        return {"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": nodes}

    weights = _keras_weights()
    arrays = {
        "embedding/embeddings:0": np.ones((2, 3), np.float32),
        "dense/kernel:0": weights["dense"],
        "conv2d_transpose/kernel:0": weights["conv2d_transpose"],
    }
    layers = [
        layer("InputLayer", "z", [], batch_input_shape=[None, 3]),
        layer("InputLayer", "label", [], batch_input_shape=[None, 1]),
        layer("Embedding", "embedding", ["label"]),
        layer("Flatten", "flatten", ["embedding"]),
        layer("Multiply", "multiply", ["z", "flatten"]),
        layer("Dense", "dense", ["multiply"], units=16, use_bias=False, activation="linear"),
        layer("Reshape", "reshape", ["dense"], target_shape=[4, 4, 1]),
        layer("Conv2DTranspose", "conv2d_transpose", ["reshape"], **DECONV),
    ]
    config = {"name": "model", "layers": layers, "output_layers": [["conv2d_transpose", 0, 0]]}
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": config})
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.partition("/")[0].encode() for name in arrays]
        for name, array in arrays.items():
            own = group.create_group(name.partition("/")[0])
            own.attrs["weight_names"] = [name.encode()]
            own.create_dataset(name, data=array)


def write_keras_archive(path: Path) -> None:
    import h5py

    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for name, array in _keras_weights().items():
            file.create_group(f"layers/{name}/vars")["0"] = array
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(_keras({"batch_shape": [None, 3]})))
        archive.writestr("model.weights.h5", content.getvalue())


def write_tfjs(path: Path) -> None:
    """The description; its weights lie beside it."""
    weights = _keras_weights()
    (path.parent / "shard.bin").write_bytes(b"".join(array.tobytes() for array in weights.values()))
    described = [
        {"name": f"{name}/kernel", "shape": list(array.shape), "dtype": "float32"}
        for name, array in weights.items()
    ]
    model = {
        "modelTopology": {"model_config": _keras({"batch_input_shape": [None, 3]})},
        "weightsManifest": [{"paths": ["shard.bin"], "weights": described}],
    }
    path.write_text(json.dumps(model))


def write_onnx(path: Path) -> None:
    Net(z_dim=2, channels=1).save(path)


def write_conditional_onnx(path: Path) -> None:
    Net(z_dim=2, channels=1, classes="index", num_classes=3).save(path)


SAMPLES: dict[str, tuple[Callable[[Path], None], str]] = {
    "NVIDIA pickle": (write_nvidia, "pkl"),
    "pickled arrays": (write_pickled_arrays, "pkl"),
    "torch archive": (write_torch_zip, "pt"),
    "torch before 1.6": (write_torch_legacy, "pt"),
    "torch module": (write_module, "pt"),
    "torch module before 1.6": (write_legacy_module, "pt"),
    "TorchScript": (write_torchscript, "pt"),
    "conditional": (write_conditional, "pt"),
    "safetensors of ours": (write_ours, "safetensors"),
    "StyleGAN2 of ours": (write_our_stylegan2, "safetensors"),
    "plain safetensors": (write_safetensors, "safetensors"),
    "NumPy archive": (write_npz, "npz"),
    "Keras HDF5": (write_keras, "h5"),
    "Keras, conditional": (write_keras_classes, "h5"),
    "Keras archive": (write_keras_archive, "keras"),
    "StyleGAN of ours": (write_our_stylegan, "safetensors"),
    "ProGAN of ours": (write_our_progan, "safetensors"),
    "StyleGAN3 of ours": (write_our_stylegan3, "safetensors"),
    "TensorFlow.js": (write_tfjs, "json"),
    "ONNX": (write_onnx, "onnx"),
    "ONNX, conditional": (write_conditional_onnx, "onnx"),
}
"""How a valid file of each format is written, and the ending that it usually has."""

# Damage.

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63, 2**64 - 1)
INSTRUCTIONS = b"(.0122FIJKLMNPQRSTUVXabcdeghijlopqrstu}]){" + bytes(range(0x80, 0x99))
NAMES = (
    b"cos\nsystem\n", b"cbuiltins\nexec\n", b"cbuiltins\neval\n", b"csubprocess\ncall\n", b"ctorch\nload\n",
    b"(cos\nsystem\nS'true'\no", b"cos\nsystem\n(S'true'\ntR", b"\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R",
)  # fmt: skip


def mutate(data: bytes, rng: random.Random) -> bytes:
    """The same file with damage of one to three kinds; that of archives is repaired around it half the time."""
    if data.startswith(b"PK") and rng.random() < 0.5:
        return _mutate_member(data, rng)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        data = rng.choice(KINDS)(data, rng)
    return data


def _mutate_member(data: bytes, rng: random.Random) -> bytes:
    """Damage within an archive whose checksums are right."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(stream, "w") as after:
        members = before.infolist()
        chosen = rng.choice(
            [m for m in members if m.filename.endswith(("data.pkl", "kwargs.npy", "config.json", ".h5"))] * 3
            + members
        )
        for member in members:
            content = before.read(member)
            if member is chosen:
                content = rng.choice(KINDS)(content, rng)
            name = member.filename if rng.random() > 0.02 else rng.choice(members).filename
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # two members of one name are meant
                after.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


def _place(data: bytes, rng: random.Random) -> int:
    return rng.randrange(len(data)) if data else 0


def _flip_bits(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8)) if data else 0):
        changed[_place(data, rng)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut_off(data: bytes, rng: random.Random) -> bytes:
    return data[: _place(data, rng)]


def _leave_out(data: bytes, rng: random.Random) -> bytes:
    at = _place(data, rng)
    return data[:at] + data[at + rng.choice((1, 2, 4, 16, 200)) :]


def _splice(data: bytes, rng: random.Random) -> bytes:
    at, start = _place(data, rng), _place(data, rng)
    part = data[start : start + rng.choice((1, 4, 16, 64, 400))]
    return data[:at] + part * rng.choice((1, 1, 2, 50)) + data[at + rng.choice((0, len(part))) :]


def _write_extreme(data: bytes, rng: random.Random) -> bytes:
    at, width = _place(data, rng), rng.choice((1, 2, 4, 8))
    value = rng.choice(EXTREMES) % (1 << 8 * width)
    return data[:at] + value.to_bytes(width, rng.choice(("little", "big"))) + data[at + width :]


def _insert_instructions(data: bytes, rng: random.Random) -> bytes:
    at = _place(data, rng)
    return (
        data[:at]
        + bytes(rng.choices(INSTRUCTIONS, k=rng.choice((1, 1, 2, 5))))
        + data[at + rng.choice((0, 1)) :]
    )


def _insert_name(data: bytes, rng: random.Random) -> bytes:
    at = _place(data, rng)
    return data[:at] + rng.choice(NAMES) + data[at:]


def _change_number(data: bytes, rng: random.Random) -> bytes:
    """Another number of the same length, in the texts of headers."""
    found = list(re.finditer(rb"\d+", data))
    if not found:
        return data
    at = rng.choice(found)
    digits = rng.choice((b"0", b"9", b"1", b"-1", str(rng.randrange(10**6)).encode()))
    return data[: at.start()] + (digits * len(at[0]))[: len(at[0])] + data[at.end() :]


def _exchange_words(data: bytes, rng: random.Random) -> bytes:
    """One word of the file in the place of another."""
    found = list(re.finditer(rb"[A-Za-z_.\d]{3,40}", data))
    if not found:
        return data
    at, other = rng.choice(found), rng.choice(found)
    return data[: at.start()] + other[0] + data[at.end() :]


KINDS = (
    _flip_bits, _flip_bits, _cut_off, _leave_out, _splice, _write_extreme, _insert_instructions, _insert_name,
    _change_number, _exchange_words,
)  # fmt: skip

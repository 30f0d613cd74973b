"""Files as stylegan2-ada-pytorch and stylegan3 write them, with source text that leaves a trace if it is ever run."""

from __future__ import annotations

import contextlib
import io
import math
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

BUFFERS = {
    "resample_filter", "noise_const", "w_avg", "magnitude_ema", "up_filter", "down_filter", "freqs", "phases",
    "transform", "p", "Hz_geom",
}  # fmt: skip
HARMLESS = "import torch\nclass Generator(torch.nn.Module):\n    pass\n"


class EasyDict(dict):
    """Stands for dnnlib.util.EasyDict."""


def _reconstruct_persistent_obj(meta: dict[str, Any]) -> Any:
    """What NVIDIA's loader does, as far as it matters here: it runs the source text."""
    exec(meta["module_src"], {})
    return meta


EasyDict.__module__, EasyDict.__qualname__ = "dnnlib.util", "EasyDict"
_reconstruct_persistent_obj.__module__ = "torch_utils.persistence"


@contextlib.contextmanager
def nvidia_modules() -> Iterator[None]:
    """The modules that such files name, while the block lasts: to write a file, or to spring a trap."""
    names = ("dnnlib", "dnnlib.util", "torch_utils", "torch_utils.persistence")
    made = {name: types.ModuleType(name) for name in names}
    made["dnnlib.util"].EasyDict = EasyDict
    made["torch_utils.persistence"]._reconstruct_persistent_obj = _reconstruct_persistent_obj
    before = {name: sys.modules.get(name) for name in names}
    sys.modules.update(made)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


class Network:
    """A module as it is pickled: its attributes, which hold further modules, and the text of its source."""

    def __init__(self, class_name: str, attributes: dict[str, Any], source: str = HARMLESS) -> None:
        self.class_name, self.attributes, self.source = class_name, attributes, source

    def __reduce__(self):
        meta = {
            "type": "class", "version": 6, "module_src": self.source, "class_name": self.class_name,
            "state": self.attributes,
        }  # fmt: skip
        return _reconstruct_persistent_obj, (meta,)


def module(
    class_name: str, weights: Mapping[str, Tensor | None], source: str = HARMLESS, **own: Any
) -> Network:
    """A record of a module with these weights, "b4.conv1.weight" and the like, and of the modules in it."""
    children: dict[str, dict[str, Tensor | None]] = {}
    parameters, buffers = OrderedDict(), OrderedDict()
    for name, tensor in weights.items():
        child, dot, rest = name.partition(".")
        if dot:
            children.setdefault(child, {})[rest] = tensor
        elif name in BUFFERS:
            buffers[name] = tensor
        else:
            parameters[name] = None if tensor is None else nn.Parameter(tensor)
    below = own.pop("below", {})
    modules = OrderedDict(
        (child, module(_class_of(child), part, source, **below.get(child, _own(child, part))))
        for child, part in children.items()
    )
    attributes = {
        "training": False, "_parameters": parameters, "_buffers": buffers, "_non_persistent_buffers_set": set(),
        "_backward_hooks": OrderedDict(), "_is_full_backward_hook": None, "_forward_hooks": OrderedDict(),
        "_forward_pre_hooks": OrderedDict(), "_state_dict_hooks": OrderedDict(), "_modules": modules,
    }  # fmt: skip
    return Network(class_name, attributes | own, source)


def _class_of(child: str) -> str:
    known = {
        "synthesis": "SynthesisNetwork",
        "mapping": "MappingNetwork",
        "torgb": "ToRGBLayer",
        "input": "SynthesisInput",
    }
    if child.startswith(("fc", "affine", "embed")):
        return "FullyConnectedLayer"
    return known.get(child, "SynthesisBlock" if child.startswith("b") else "SynthesisLayer")


def _own(child: str, weights: Mapping[str, Any]) -> dict[str, Any]:
    if child.startswith("fc"):
        return {"activation": "lrelu", "weight_gain": 0.01 / math.sqrt(64), "bias_gain": 0.01}
    return {"act_gain": np.sqrt(2), "in_size": np.asarray([4, 4]), "sampling_rate": np.float64(16.0)}


def generator(
    state: Mapping[str, Tensor], init_kwargs: Mapping[str, Any], source: str = HARMLESS, **own: Any
) -> Network:
    """A generator's record: what it was called with beside its weights."""
    kwargs = EasyDict({k: EasyDict(v) if isinstance(v, dict) else v for k, v in init_kwargs.items()})
    sizes = {k: v for k, v in init_kwargs.items() if isinstance(v, int)}
    return module("Generator", state, source, _init_args=(), _init_kwargs=kwargs, **sizes | own)


def discriminator(source: str = HARMLESS) -> Network:
    weights = {"b4.fromrgb.weight": torch.randn(4, 3, 1, 1), "b4.out.weight": torch.randn(1, 4)}
    return module("Discriminator", weights, source, _init_args=(), _init_kwargs=EasyDict(c_dim=0))


def augment_pipe(source: str = HARMLESS) -> Network:
    return module(
        "AugmentPipe",
        {"p": torch.tensor(0.2), "Hz_geom": torch.randn(12)},
        source,
        xflip=1.0,
        brightness_std=0.2,
    )


def snapshot(G: Network, **changes: Any) -> dict[str, Any]:
    """The dictionary that training writes."""
    return {
        "G": G, "D": discriminator(), "G_ema": G, "augment_pipe": augment_pipe(),
        "training_set_kwargs": EasyDict(class_name="training.dataset.ImageFolderDataset", path="x.zip", resolution=32),
    } | changes  # fmt: skip


def dumps(content: Any, protocol: int = 4) -> bytes:
    stream = io.BytesIO()
    with nvidia_modules():
        pickle.dump(content, stream, protocol)
    return stream.getvalue()


def write(path: Path, content: Any, protocol: int = 4) -> Path:
    path.write_bytes(dumps(content, protocol))
    return path

"""Whole modules, as `torch.save(generator)` and TorchScript write them: what they are made of, without their code.

A module of torch's own layers in `Sequential` is read exactly, with its strides and activations. For a class of the
user's, what `forward` does is code, which is not run: its children are taken to follow each other as they were declared
where that leads to an image, and this is said. TorchScript keeps weights and the kinds of modules, no strides.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import CheckpointError, in_file
from ganatomy.generators.checkpoints.inert import SCRIPTED, StoredModule, printable
from ganatomy.generators.checkpoints.keras_layers import KerasStep, assemble
from ganatomy.generators.checkpoints.keras_values import pair
from ganatomy.generators.checkpoints.selection import choose_name
from ganatomy.generators.guesses import Guess

MAX_MODULES = 10_000
WRAPPERS = {"DataParallel", "DistributedDataParallel"}
IN_ORDER = {"Sequential", *WRAPPERS}
"""Containers that run their children one after another."""
NOTHING = {"Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "Identity"}
WEIGHTLESS = {
    "InstanceNorm1d", "InstanceNorm2d", "PixelShuffle", "GLU", "Softmax", "MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d",
    "ReflectionPad2d", "ReplicationPad2d", "LocalResponseNorm", "UpsamplingBilinear2d", "Softsign", "Hardtanh", "CELU",
}  # fmt: skip
"""Modules that change images and leave no weights, so that nothing else tells of them."""
ACTIVATIONS: Mapping[str, str] = {
    "ReLU": "relu", "ELU": "elu", "SELU": "selu", "SiLU": "silu", "GELU": "gelu", "Softplus": "softplus",
    "Tanh": "tanh", "Sigmoid": "sigmoid",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ModuleWeights:
    """The weights of a module, how it was built where that is known, and what was guessed."""

    state: dict[str, Tensor]
    settings: dict[str, Any] = field(default_factory=dict)
    guesses: tuple[Guess, ...] = ()
    format: str = "PyTorch module"


@dataclass(frozen=True, kw_only=True)
class _Leaf:
    """A module without children: its name, its class without the module that it lies in, and its attributes."""

    name: str
    kind: str
    attributes: Mapping[str, Any]


def find_module(content: Any, path: Path, network: str | None) -> StoredModule | None:
    """The module that a file is, or the generator among those in its dictionary; None where it holds none.

    Raises:
        CheckpointError: when there is none of that name, or no name tells which is the generator.
    """
    if isinstance(content, StoredModule):
        if network is not None:
            raise CheckpointError(f"{path} holds one network only; leave out network={network!r}")
        return content
    found = (
        {str(key): value for key, value in content.items() if isinstance(value, StoredModule)}
        if isinstance(content, Mapping)
        else {}
    )
    if not found or (network is not None and network not in found):
        return None
    chosen = network or choose_name(found)
    if chosen is None:
        raise CheckpointError(f"{path} holds modules {', '.join(map(repr, found))}; say which with network=")
    return found[chosen]


def read_module(module: StoredModule, path: Path) -> ModuleWeights:
    """The weights of a module, and its layers where they are known.

    Raises:
        CheckpointError: for layers that are not read, or that do not chain into an image.
    """
    with in_file(path):
        state = dict(_weights(module))
        if module.class_name.startswith(SCRIPTED):
            return replace(_by_kinds(module, state), format="TorchScript")
        leaves, declared = list(_leaves(module)), not _runs_in_order(module)
        if any("affine" in leaf.name or "modulation" in leaf.name for leaf in leaves):
            return ModuleWeights(state=state)  # of a style-based generator, which its names tell
        try:
            stack = assemble(list(_steps(leaves, state)), lambda step: _arrays(step, state))
        except CheckpointError:
            if declared:
                return _by_kinds(module, state)
            raise
        if declared and not _each_activated(stack.layers):
            return _by_kinds(module, state)
    return ModuleWeights(
        state=stack.state,
        settings={"framework": "PyTorch", "layers": stack.layers, "output": stack.output},
        guesses=(_in_declared_order(module),) if declared else (),
    )


def _in_declared_order(module: StoredModule) -> Guess:
    return Guess(
        what="order of layers",
        chosen="as declared",
        note=f"what {printable(module.class_name)} does in forward is code, which is not run",
    )


def _by_kinds(module: StoredModule, state: dict[str, Tensor]) -> ModuleWeights:
    """The weights in their order, with what the kinds of modules say.

    Raises:
        CheckpointError: for a module of torch without weights, which would be left out.
    """
    for name, part in _walk(module):
        kind = _kind(part)
        if kind in WEIGHTLESS:
            raise CheckpointError(_not_read(name.removesuffix("."), kind))
    return ModuleWeights(
        state=state, settings=_hints(module), guesses=(_in_declared_order(module), *_from_kinds(module))
    )


def _not_read(name: str, kind: str) -> str:
    return (
        f"has a module {name!r} ({printable(kind)}), which is not read; read are {', '.join(sorted(_READ))}; "
        "ganatomy.wrap takes any module"
    )


def _from_kinds(module: StoredModule) -> tuple[Guess, ...]:
    """That the activations of a network are where they usually are."""
    hints = {name: value for name, value in _hints(module).items() if name != "framework"}
    note = "the kinds of modules are in the file, not their order"
    return (
        (Guess(what="activations", chosen=" and ".join(hints.values()), option="hidden", note=note),)
        if hints
        else ()
    )


def _kind(module: StoredModule) -> str:
    """The class of a module of torch, or a whole name for another one."""
    name = re.sub(r"\.___torch_mangle_\d+", "", module.class_name.removeprefix(SCRIPTED))
    torchs = re.fullmatch(r"torch\.nn\.(?:modules\.\w+|parallel\.\w+)\.(\w+)", name)
    return torchs[1] if torchs else name


def _children(module: StoredModule) -> Iterator[tuple[str, StoredModule]]:
    inside = module.attributes
    if not module.class_name.startswith(SCRIPTED):
        inside = inside["_modules"]
    for name, child in inside.items():
        if isinstance(child, StoredModule):
            yield str(name), child


def _walk(module: StoredModule) -> Iterator[tuple[str, StoredModule]]:
    """Every module with its name, in the order of their declaration."""
    waiting, count = [("", module)], 0
    while waiting:
        name, found = waiting.pop()
        count += 1
        if count > MAX_MODULES:
            raise CheckpointError(f"holds a network of more than {MAX_MODULES:,} modules; it is hostile")
        yield name, found
        waiting += [(f"{name}{child}.", inside) for child, inside in reversed(list(_children(found)))]


def _weights(module: StoredModule) -> Iterator[tuple[str, Tensor]]:
    for name, found in _walk(module):
        own = found.attributes
        groups = [own] if found.class_name.startswith(SCRIPTED) else [own["_parameters"], own["_buffers"]]
        for leaf, value in (item for group in groups for item in group.items()):
            if isinstance(value, Tensor):
                yield f"{name}{leaf}", value


def _leaves(module: StoredModule) -> Iterator[_Leaf]:
    for name, found in _walk(module):
        if not found.attributes["_modules"]:
            yield _Leaf(name=name.removesuffix("."), kind=_kind(found), attributes=found.attributes)


def _runs_in_order(module: StoredModule) -> bool:
    """Whether all containers are those of torch that run one child after another."""
    return all(not found.attributes["_modules"] or _kind(found) in IN_ORDER for _, found in _walk(module))


def _hints(module: StoredModule) -> dict[str, Any]:
    """What the kinds of modules say of activations, where nothing says where they stand."""
    found = [(_kind(part), part.attributes) for _, part in _walk(module)]
    kinds = {kind for kind, _ in found}
    slopes = {own.get("negative_slope") for kind, own in found if kind == "LeakyReLU"} - {None}
    leaky = f"leaky_relu:{slopes.pop():g}" if len(slopes) == 1 else "leaky_relu"
    hidden = [word for kind, word in (("ReLU", "relu"), ("LeakyReLU", leaky)) if kind in kinds]
    outputs = [word for kind, word in (("Tanh", "tanh"), ("Sigmoid", "sigmoid")) if kind in kinds]
    hints = {"framework": "PyTorch"}
    return (
        hints
        | ({"hidden": hidden[0]} if len(hidden) == 1 else {})
        | ({"output": outputs[0]} if len(outputs) == 1 else {})
    )


def _each_activated(layers: list[dict[str, Any]]) -> bool:
    """Whether every hidden layer ends in an activation, so that none is likely to be a function in `forward`."""
    return all(layer["activation"] != "none" for layer in layers[:-1])


# Layers in the words of `keras_layers`.


def _steps(leaves: list[_Leaf], state: Mapping[str, Tensor]) -> Iterator[KerasStep]:
    """What each module adds; the image that dense numbers become is what the layer behind them takes."""
    numbers = 0
    for leaf in leaves:
        if leaf.kind in NOTHING or leaf.kind in IN_ORDER:
            continue
        weight = state.get(f"{leaf.name}.weight")
        wanted = _channels_taken(leaf, weight)
        if numbers and wanted and wanted != numbers:
            side = math.isqrt(numbers // wanted)
            if wanted * side**2 == numbers:
                shape = [wanted, side, side]
                yield KerasStep(kind="Reshape", name=leaf.name, config={"target_shape": shape})
        if leaf.kind not in ("BatchNorm1d", *ACTIVATIONS, "LeakyReLU"):
            numbers = 0
        if leaf.kind == "Linear" and weight is not None:
            numbers = len(weight)
        yield _step(leaf, weight)


def _channels_taken(leaf: _Leaf, weight: Tensor | None) -> int:
    """Channels of the images that a module takes; 0 where it takes any, or vectors."""
    if leaf.kind == "BatchNorm2d":
        return _number(leaf.attributes, "num_features")
    if weight is None or weight.ndim != 4:
        return 0
    return weight.shape[0 if leaf.kind == "ConvTranspose2d" else 1]


def _step(leaf: _Leaf, weight: Tensor | None) -> KerasStep:
    if leaf.kind not in _READ:
        raise CheckpointError(_not_read(leaf.name, leaf.kind))
    kind, config = _READ[leaf.kind](leaf, weight)
    return KerasStep(kind=kind, name=leaf.name, config={"data_format": "channels_first", **config})


Step = tuple[str, dict[str, Any]]


def _dense(leaf: _Leaf, weight: Tensor | None) -> Step:
    has_bias = leaf.attributes["_parameters"].get("bias") is not None
    return "Dense", {"units": 0 if weight is None else len(weight), "use_bias": has_bias}


def _convolution(leaf: _Leaf, weight: Tensor | None) -> Step:
    own, transposed = leaf.attributes, leaf.kind == "ConvTranspose2d"
    padding = own.get("padding")
    if own.get("padding_mode", "zeros") != "zeros":
        raise CheckpointError(f"has a module {leaf.name!r} that pads with {own['padding_mode']!r:.20}")
    shape = (0,) * 4 if weight is None else tuple(weight.shape)
    config = {
        "filters": shape[1 if transposed else 0],
        "kernel_size": list(shape[2:]),
        "strides": own.get("stride"),
        "padding": padding if isinstance(padding, str) else pair(padding, least=0),
        "dilation_rate": own.get("dilation"),
        "groups": own.get("groups"),
        "use_bias": own["_parameters"].get("bias") is not None,
    }
    if transposed:
        config["output_padding"] = own.get("output_padding")
    return "Conv2DTranspose" if transposed else "Conv2D", config


def _batch_norm(leaf: _Leaf, weight: Tensor | None) -> Step:
    if leaf.attributes["_buffers"].get("running_mean") is None:
        raise CheckpointError(f"has a batch norm {leaf.name!r} without running statistics")
    affine = weight is not None
    return "BatchNormalization", {
        "axis": 1,
        "epsilon": leaf.attributes.get("eps"),
        "scale": affine,
        "center": affine,
    }


def _leaky(leaf: _Leaf, weight: Tensor | None) -> Step:
    return "LeakyReLU", {"alpha": leaf.attributes.get("negative_slope", 0.01)}


def _activation(leaf: _Leaf, weight: Tensor | None) -> Step:
    own = leaf.attributes
    if own.get("alpha", 1) != 1 or own.get("beta", 1) != 1:
        raise CheckpointError(f"has an activation {leaf.name!r} with a factor other than 1")
    if own.get("approximate", "none") != "none":
        raise CheckpointError(f"approximates the activation {leaf.name!r}, which is not read")
    return "Activation", {"activation": ACTIVATIONS[leaf.kind]}


def _upsampling(leaf: _Leaf, weight: Tensor | None) -> Step:
    own = leaf.attributes
    factor, mode = own.get("scale_factor"), own.get("mode", "nearest")
    factors = factor if isinstance(factor, tuple | list) else (factor, factor)
    sizes = [int(n) for n in factors if isinstance(n, int | float) and n in range(1, 64)]
    if own.get("align_corners") or len(sizes) != 2:
        raise CheckpointError(f"up-samples in {leaf.name!r} in a way that is not read")
    return "UpSampling2D", {"size": sizes, "interpolation": mode}


def _unflatten(leaf: _Leaf, weight: Tensor | None) -> Step:
    if leaf.attributes.get("dim") != 1:
        raise CheckpointError(f"unflattens another axis than the first in {leaf.name!r}")
    return "Reshape", {"target_shape": list(leaf.attributes.get("unflattened_size", ()))}


def _flatten(leaf: _Leaf, weight: Tensor | None) -> Step:
    return "Flatten", {}


_READ: Mapping[str, Callable[[_Leaf, Tensor | None], Step]] = {
    "Linear": _dense,
    "Conv2d": _convolution,
    "ConvTranspose2d": _convolution,
    "BatchNorm1d": _batch_norm,
    "BatchNorm2d": _batch_norm,
    "LeakyReLU": _leaky,
    "Upsample": _upsampling,
    "UpsamplingNearest2d": _upsampling,
    "Unflatten": _unflatten,
    "Flatten": _flatten,
    **dict.fromkeys(ACTIVATIONS, _activation),
}
"""Torch's modules that are read, and what each becomes."""
_WORDS = {
    "weight": "kernel",
    "bias": "bias",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
    "num_batches_tracked": "batches",
}


def _arrays(step: KerasStep, state: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """The weights of a layer, with the axes of Keras."""
    norm = step.kind == "BatchNormalization"
    words = _WORDS | ({"weight": "gamma", "bias": "beta"} if norm else {})
    found = {
        word: state[f"{step.name}.{leaf}"] for leaf, word in words.items() if f"{step.name}.{leaf}" in state
    }
    kernel = found.get("kernel")
    if kernel is not None:
        found["kernel"] = kernel.T if kernel.ndim == 2 else kernel.permute(2, 3, 1, 0)
    return {word: tensor.detach().to(torch.float32).numpy() for word, tensor in found.items()}


def _number(attributes: Mapping[str, Any], name: str) -> int:
    value = attributes.get(name)
    return value if isinstance(value, int) else 0

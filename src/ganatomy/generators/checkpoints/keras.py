"""Keras's files: whole models and weights alone in HDF5, and the zip archives of Keras 3. Nothing in them is run.

A whole model says what its layers are; weights alone leave strides and activations to be found, as PyTorch's do.
"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from ganatomy.errors import CheckpointError
from ganatomy.generators.checkpoints.budget import UnpackingBudget, read_member
from ganatomy.generators.checkpoints.hdf5 import (
    HDF5,
    find_group,
    open_hdf5,
    read_array,
    read_arrays,
    read_texts,
    walk,
)
from ganatomy.generators.checkpoints.keras_classes import JOINS
from ganatomy.generators.checkpoints.keras_layers import Arrays, KerasStep, Stack, assemble
from ganatomy.reading import parse_json, read_whole

MODELS = {"Sequential", "Functional", "Model"}
MAX_NESTING = 8
MOST_BYTES = 2 << 30
MAX_LAYERS = 512
MAX_WEIGHTS = 8 * MAX_LAYERS
_LEAVES = ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance")


def read_keras_hdf5(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Weights and settings of a model, or of weights alone, in HDF5.

    Raises:
        CheckpointError: when the file is damaged, not one of Keras's, or has a layer that is not read.
    """
    with open_hdf5(read_whole(path, most=MOST_BYTES)) as file:
        config = read_texts(file, file.root, "model_config")
        group = find_group(file.root, "model_weights") if config else file.root
        if group is None:
            raise CheckpointError("describes a Keras model but holds no weights of it")
        if config is not None:
            steps = read_steps(parse_model(config[0]))
            stack = assemble(steps, lambda step: _weights_of(step, group, file.budget))
            return stack.state, stack_settings(stack)
        if find_group(file.root, "layers") is not None:
            raise CheckpointError(
                "holds weights alone as Keras 3 writes them, which do not say in which order they are used; "
                "save the whole model with model.save('generator.keras')"
            )
        if "layer_names" not in group.attrs and "layer_names0" not in group.attrs:
            raise CheckpointError("is an HDF5 file, but not one that Keras wrote")
        return _weights_alone(file, _named_weights(file)), {"framework": "Keras"}


def read_keras_archive(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Weights and settings of a whole model, as Keras 3 writes it.

    Raises:
        CheckpointError: when the file is damaged, or has a layer that is not read.
    """
    try:
        allowed = UnpackingBudget.of(path.stat().st_size)
        with zipfile.ZipFile(path) as archive:
            config, content = (
                _member(archive, name, allowed) for name in ("config.json", "model.weights.h5")
            )
    except CheckpointError:
        raise
    except Exception as error:  # noqa: BLE001 - damaged archives make zipfile and decompressors raise many things
        raise CheckpointError(f"is cut off or damaged: {error}") from None
    steps = read_steps(parse_model(config))
    with open_hdf5(content) as file:
        groups = _archived_groups(file.root, steps)
        stack = assemble(steps, lambda step: _archived_weights(step, groups, file.budget))
    return stack.state, stack_settings(stack)


def read_steps(
    model: Mapping[str, Any], owners: tuple[str, ...] = (), numbered: tuple[str, ...] = ()
) -> list[KerasStep]:
    """The layers of a model in the order in which they are used, those of models within it included.

    Raises:
        CheckpointError: when it is no plain chain of layers.
    """
    if len(owners) > MAX_NESTING:
        raise CheckpointError(f"has models within models, more than {MAX_NESTING} deep")
    try:
        kind, config = model["class_name"], model["config"]
        if kind not in MODELS:
            raise CheckpointError(f"is a Keras model of kind {kind}; read are {', '.join(sorted(MODELS))}")
        layers = config if isinstance(config, list) else config["layers"]
        if len(layers) > MAX_LAYERS:
            raise CheckpointError(f"has {len(layers)} layers, more than a generator of this kind")
        if kind != "Sequential" and not isinstance(config, list):
            layers = _chain(layers, config)
        steps: list[KerasStep] = []
        counts: dict[str, int] = {}
        places: dict[str, str] = {}
        listed = layers
        if any("branch" in layer for layer in layers):
            listed = model["config"]["layers"]
        for layer in listed:
            kind = layer["class_name"]
            count = counts[kind] = counts.get(kind, -1) + 1
            places[str(layer.get("name", id(layer)))] = f"{_snake(kind)}_{count}" if count else _snake(kind)
        for layer in layers:
            kind, config = layer["class_name"], layer["config"]
            path = (*numbered, places[str(layer.get("name", id(layer)))])
            name = str(config["name"] if isinstance(config, Mapping) and "name" in config else layer["name"])
            if kind in MODELS:
                steps += read_steps(layer, (*owners, name), path)
                continue
            first = not steps and not owners and kind != "InputLayer"
            if first and isinstance(config.get("batch_input_shape"), list):
                steps.append(KerasStep(kind="InputLayer", name=name, config=config))
            branch = tuple(
                KerasStep(
                    kind=each["class_name"],
                    name=str(each["name"]),
                    config=each["config"],
                    owners=owners,
                    numbered=(*numbered, places[str(each["name"])]),
                )
                for each in layer.get("branch", ())
            )
            steps.append(
                KerasStep(
                    kind=kind,
                    name=name,
                    config=config,
                    owners=owners,
                    numbered=path,
                    branch=branch,
                    class_first=layer.get("class_first", False),
                )
            )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise CheckpointError(f"describes a model in an unknown way: {error!r}") from None
    return steps


def _chain(layers: list[Any], config: Mapping[str, Any]) -> list[Any]:
    """The layers of a functional model from input to output, each of which takes what the one before gives."""
    by_name = {str(layer["name"]): layer for layer in layers}
    for layer in layers:
        if layer["class_name"] == "Lambda":
            raise CheckpointError(
                f"has a layer {layer['name']!r} (Lambda) and holds code, which is not opened and not read"
            )
    outputs = _histories(config["output_layers"])
    if len(outputs) != 1:
        raise CheckpointError(f"is a Keras model with {len(outputs)} outputs, not one")
    chain = [by_name[outputs[0]]]
    while chain[-1].get("inbound_nodes"):
        before = _histories(chain[-1]["inbound_nodes"])
        if len(before) == 2 and chain[-1]["class_name"] in JOINS:
            before = _split_off_class(chain, before, by_name)
        if len(before) != 1:
            raise CheckpointError(
                f"has a layer {chain[-1]['name']!r} ({chain[-1]['class_name']}) that takes {len(before)} inputs; "
                "only chains of layers are read"
            )
        chain.append(by_name[before[0]])
        if len(chain) > len(layers):
            raise CheckpointError("has layers that feed each other in a circle")
    return chain[::-1]


def _split_off_class(chain: list[Any], before: list[str], by_name: Mapping[str, Any]) -> list[str]:
    """What flows into a layer beside a class; the way of the class is kept with the layer."""
    ways = [_way_to(name, by_name) for name in before]
    of_class = [
        place for place, way in enumerate(ways) if any(step["class_name"] == "Embedding" for step in way)
    ]
    if len(of_class) != 1:
        return before
    (place,) = of_class
    chain[-1] = {**chain[-1], "branch": ways[place], "class_first": place == 0}
    return [before[1 - place]]


def _way_to(name: str, by_name: Mapping[str, Any]) -> list[Any]:
    """The layers from an input, or from one of several inputs, to this one."""
    way = [by_name[name]]
    while len(before := _histories(way[-1].get("inbound_nodes") or [])) == 1:
        way.append(by_name[before[0]])
        if len(way) > len(by_name):
            raise CheckpointError("has layers that feed each other in a circle")
    return way[::-1]


def _histories(nodes: Any) -> list[str]:
    """The names of the layers whose outputs are meant, in Keras 2's lists or Keras 3's dictionaries."""
    if (
        isinstance(nodes, list)
        and len(nodes) >= 3
        and isinstance(nodes[0], str)
        and isinstance(nodes[1], int)
    ):
        return [nodes[0]]
    if isinstance(nodes, Mapping):
        if "keras_history" in nodes:
            return [str(nodes["keras_history"][0])]
        nodes = list(nodes.values())
    return [name for node in nodes for name in _histories(node)] if isinstance(nodes, list) else []


def parse_model(text: str | bytes) -> Mapping[str, Any]:
    """The description of a model in JSON.

    Raises:
        CheckpointError: where it is damaged, or describes something else.
    """
    try:
        model = parse_json(text)
    except ValueError as error:
        raise CheckpointError(f"has a damaged description: {error}") from None
    if not isinstance(model, Mapping):
        raise CheckpointError(f"has a damaged description: a {type(model).__name__} instead of a model")
    return model


def stack_settings(stack: Stack) -> dict[str, Any]:
    """What `DCGAN.from_state` is told of a stack."""
    classes = {"classes": stack.classes} if stack.classes else {}
    return {"framework": "Keras", "layers": stack.layers, "output": stack.output, **classes}


# Keras 2's HDF5: groups by layer, in which weights lie under their names.


def _weights_of(step: KerasStep, group: h5py.Group, budget: UnpackingBudget) -> Arrays:
    """The weights of a layer, or of one that lies in a model within the model."""
    outermost = step.owners[0] if step.owners else step.name
    inside = find_group(group, outermost)
    if inside is None:
        raise CheckpointError("it has no weights")
    found = {}
    for path, dataset in walk(inside, limit=MAX_WEIGHTS):
        owner, _, leaf = path.rpartition("/")
        if not step.owners or owner.rpartition("/")[2] == step.name:
            found[leaf.partition(":")[0]] = dataset
    check_leaves(step, found)
    return {leaf: read_array(dataset, budget) for leaf, dataset in found.items()}


def _named_weights(file: HDF5) -> dict[tuple[str, str, str], str]:
    """Path of each weight in the order in which they are used, by outer layer, layer and the weight's own name."""
    found = {}
    for layer in read_texts(file, file.root, "layer_names") or []:
        inside = find_group(file.root, layer)
        for name in (read_texts(file, inside, "weight_names") or []) if inside is not None else []:
            owner, _, leaf = name.rpartition("/")
            found[layer, owner.rpartition("/")[2], leaf.partition(":")[0]] = f"{layer}/{name}"
            if len(found) > MAX_WEIGHTS:
                raise CheckpointError(f"names more than {MAX_WEIGHTS} weights; it is damaged or hostile")
    return found


def check_leaves(step: KerasStep, names: Mapping[str, Any]) -> None:
    """That all weights which the layer needs are there."""
    norm = step.kind.startswith("BatchNormalization")
    needed = {"moving_mean", "moving_variance"} if norm else {"kernel"}
    if step.kind == "Embedding":
        if "embeddings" not in names:
            raise CheckpointError("it has no weights embeddings")
        return
    switches = {"gamma": "scale", "beta": "center"} if norm else {"bias": "use_bias"}
    needed |= {leaf for leaf, switch in switches.items() if step.config.get(switch, True)}
    if not needed <= set(names):
        raise CheckpointError(
            f"it has no weights {', '.join(sorted(needed - set(names)))}, only {', '.join(sorted(names)) or 'none'}"
        )


def _weights_alone(file: HDF5, weights: Mapping[tuple[str, str, str], str]) -> dict[str, torch.Tensor]:
    """Weights by layer, under PyTorch's names and in its order of axes; the layout is for others to find."""
    layers: dict[str, dict[str, str]] = {}
    for (outer, inner, leaf), path in weights.items():
        if leaf not in _LEAVES:
            raise CheckpointError(f"holds weights {path!r} of a layer that is not read")
        # TensorFlow may put a scope of its own around a layer's name, but never two layers into one.
        layers.setdefault(f"{outer}.{inner}" if outer != inner else outer, {})[leaf] = path
    # Numbers in front, because Keras counts each kind of layer on its own.
    arrays = {
        f"{number}.{name}": read_arrays(file.root, leaves, file.budget)
        for number, (name, leaves) in enumerate(layers.items())
    }
    kernels = [name for name, leaves in arrays.items() if "kernel" in leaves]
    state: dict[str, np.ndarray] = {}
    image: np.ndarray | None = None
    for name, leaves in arrays.items():
        if "kernel" in leaves:
            following = kernels[kernels.index(name) + 1 :]
            image = _image_order(leaves["kernel"], name, following[:1], arrays)
            state |= _as_torch(name, leaves, image)
        elif {"moving_mean", "moving_variance"} <= set(leaves):
            state |= _as_norm(name, leaves, image)
        else:
            raise CheckpointError(f"holds weights {name!r} of a layer that is not read")
    return {
        name: torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)) for name, array in state.items()
    }


def _image_order(
    kernel: np.ndarray, name: str, following: list[str], arrays: Mapping[str, Arrays]
) -> np.ndarray | None:
    """Where a dense layer gives images: its outputs in the order of channels, rows, columns."""
    if kernel.ndim != 2:
        return None
    outputs = kernel.shape[1]
    if following:
        after = arrays[following[0]]
        if after["kernel"].ndim != 4:
            return None
        first, second = after["kernel"].shape[2:]
        transposed = "transpose" in following[0] or ("bias" in after and len(after["bias"]) == first)
        channels = second if transposed else first
    else:
        channels = next((c for c in (1, 3) if c * math.isqrt(outputs // c) ** 2 == outputs), 1)
    side = math.isqrt(outputs // max(channels, 1))
    if not channels or channels * side**2 != outputs:
        raise CheckpointError(
            f"holds a dense layer {name!r} of {outputs} outputs, which are no images of {channels} channels"
        )
    return np.arange(outputs).reshape(side, side, channels).transpose(2, 0, 1).ravel()


def _as_torch(name: str, leaves: Arrays, order: np.ndarray | None) -> dict[str, np.ndarray]:
    kernel = leaves["kernel"]
    if kernel.ndim not in (2, 4):
        raise CheckpointError(
            f"holds weights {name!r} of shape {list(kernel.shape)}, of a layer that is not read"
        )
    own = {"weight": kernel.T if kernel.ndim == 2 else kernel.transpose(3, 2, 0, 1)}
    if "bias" in leaves:
        own["bias"] = leaves["bias"]
    return {f"{name}.{leaf}": array if order is None else array[order] for leaf, array in own.items()}


def _as_norm(name: str, leaves: Arrays, order: np.ndarray | None) -> dict[str, np.ndarray]:
    names = {
        "gamma": "weight",
        "beta": "bias",
        "moving_mean": "running_mean",
        "moving_variance": "running_var",
    }
    whole = order is not None and all(len(leaves[leaf]) == len(order) for leaf in leaves)
    return {
        f"{name}.{names[leaf]}": array[order] if whole else array
        for leaf, array in leaves.items()
        if leaf in names
    }


# Keras 3's archive: groups by layer, which number their weights.


def _member(archive: zipfile.ZipFile, name: str, budget: UnpackingBudget) -> bytes:
    if name not in archive.namelist():
        raise CheckpointError(f"is a zip archive without {name}, so it is no whole Keras model")
    return read_member(archive, name, budget)


def _archived_groups(root: h5py.Group, steps: list[KerasStep]) -> Callable[[KerasStep], h5py.Group | None]:
    """Where the weights of a layer lie: under its own name or, as most versions do, that of its kind and a number."""
    # Keras 2.12 had another word for it.
    word = "layers" if find_group(root, "layers") is not None else "_layer_checkpoint_dependencies"

    def by_name(step: KerasStep) -> h5py.Group | None:
        return find_group(root, "/".join(f"{word}/{name}" for name in (*step.owners, step.name)))

    def by_number(step: KerasStep) -> h5py.Group | None:
        return find_group(root, "/".join(f"{word}/{name}" for name in step.numbered))

    weighted = [
        step for step in steps if step.kind.startswith(("BatchNormalization", "Conv", "Dense", "Embedding"))
    ]
    return by_name if all(by_name(step) is not None for step in weighted) else by_number


def _archived_weights(
    step: KerasStep, groups: Callable[[KerasStep], h5py.Group | None], budget: UnpackingBudget
) -> Arrays:
    group = groups(step)
    if group is None or find_group(group, "vars") is None:
        raise CheckpointError("it has no weights")
    config = step.config
    if step.kind.startswith("BatchNormalization"):
        leaves = ["gamma"] * bool(config.get("scale", True)) + ["beta"] * bool(config.get("center", True))
        leaves += ["moving_mean", "moving_variance"]
    elif step.kind == "Embedding":
        leaves = ["embeddings"]
    else:
        leaves = ["kernel"] + ["bias"] * bool(config.get("use_bias", True))
    return read_arrays(group, {leaf: f"vars/{number}" for number, leaf in enumerate(leaves)}, budget)


def _snake(kind: str) -> str:
    """A class as Keras names its objects: Conv2DTranspose becomes conv2d_transpose."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", kind).lower()

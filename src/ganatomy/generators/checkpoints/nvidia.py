"""Networks in the pickles of stylegan2-ada-pytorch and stylegan3, from their records; their source text is not run.

A file is a dictionary of networks, or one network. Each is a record of a class name, a source text and the attributes
of a `torch.nn.Module`, whose children are such records again. What the code computed from its arguments stands in
these attributes, so they go before the arguments, which leave out whatever was a default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganatomy.errors import CheckpointError, in_file
from ganatomy.generators.checkpoints.inert import Persistent, StoredArray, StoredTensor, printable
from ganatomy.generators.checkpoints.tensors import TensorReader

GENERATORS = ("G_ema", "G")
ARGUMENTS = ("z_dim", "c_dim", "w_dim", "img_resolution", "img_channels")
"""Of a generator, in their order."""
SHARED = ("conv_clamp", "architecture", "use_noise", "activation")
"""What each layer or block keeps for itself, and all have in common."""
MAX_MODULES = 10_000
MAPPING_RATE = 0.01


@dataclass(frozen=True, kw_only=True)
class Network:
    """The weights of one network, how it was built, and what is unusual about it."""

    state: dict[str, Tensor]
    settings: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def is_nvidia(content: Any) -> bool:
    """Whether a pickle is a network of NVIDIA's, or a dictionary with any."""
    return isinstance(content, Persistent) or (
        isinstance(content, dict) and any(isinstance(value, Persistent) for value in content.values())
    )


def read_network(content: Any, path: Path, network: str | None = None) -> Network:
    """The generator with averaged weights, or the network of that name.

    Raises:
        CheckpointError: when there is no such network, it is no generator, or its record is damaged.
    """
    record, notes = _choose(content, path, network)
    if "Discriminator" in record.class_name or "AugmentPipe" in record.class_name:
        raise CheckpointError(
            f"{path} holds {printable(record.class_name)} as {network or 'its network'}, which takes images, "
            "not codes; give the generator: network='G_ema'"
        )
    if record.class_name != "Generator":
        notes += (f"its class is called {record.class_name[:60]!r}; it was read as what its weights are",)
    if record.source:
        notes += ("it carries the source text of its classes, which was not run",)
    with in_file(path):
        modules = dict(_modules(record))
        state = _weights(modules, TensorReader(path.stat().st_size))
        settings = _settings(record, modules)
    return Network(state=state, settings=settings, notes=notes + _adapt(state, modules, settings))


def _choose(content: Any, path: Path, network: str | None) -> tuple[Persistent, tuple[str, ...]]:
    if isinstance(content, Persistent):
        if network is not None:
            raise CheckpointError(f"{path} holds one network only; leave out network={network!r}")
        return content, ()
    found = {str(key): value for key, value in content.items() if isinstance(value, Persistent)}
    if network is None:
        network = next((name for name in GENERATORS if name in found), None)
        if network is None:
            raise CheckpointError(f"{path} holds no generator, only {', '.join(map(repr, found))}")
        notes = () if network == "G_ema" else ("it has no averaged weights; those of training are shown",)
        return found[network], notes
    if network not in found:
        raise CheckpointError(f"{path} holds no network {network!r}, only {', '.join(map(repr, found))}")
    return found[network], ()


def _modules(record: Persistent) -> Iterator[tuple[str, Persistent]]:
    """Every module with its name, the outermost first. One that is shared comes once for each of its names."""
    waiting, count = [("", record)], 0
    while waiting:
        name, module = waiting.pop()
        count += 1
        if count > MAX_MODULES:
            raise CheckpointError(f"holds a network of more than {MAX_MODULES:,} modules; it is hostile")
        yield name, module
        for child, value in _group(module, "_modules"):
            if not isinstance(value, Persistent):
                raise CheckpointError(f"holds a {type(value).__name__} as the module {name}{child!r:.60}")
            waiting.append((f"{name}{child}.", value))


def _group(module: Persistent, name: str) -> Iterator[tuple[str, Any]]:
    """The parameters, buffers or children of a module, without those that are None."""
    group = module.attributes.get(name, {})
    if not isinstance(group, Mapping):
        raise CheckpointError(f"holds {name} that are a {type(group).__name__}; it is damaged or hostile")
    for key, value in group.items():
        if not isinstance(key, str) or "." in key:
            raise CheckpointError(f"holds {name} that are called {key!r:.60}; it is damaged or hostile")
        if value is not None:
            yield key, value


def _weights(modules: Mapping[str, Persistent], reader: TensorReader) -> dict[str, Tensor]:
    state = {}
    for name, module in modules.items():
        passing = module.attributes.get("_non_persistent_buffers_set")
        left_out = {key for key in passing if isinstance(key, str)} if isinstance(passing, list) else set()
        for group in ("_parameters", "_buffers"):
            for key, value in _group(module, group):
                if not isinstance(value, StoredTensor | StoredArray):
                    raise CheckpointError(f"holds a {type(value).__name__} as the weight {name}{key!r:.60}")
                if key not in left_out:
                    state[name + key] = reader.tensor(value)
    return state


def _settings(record: Persistent, modules: Mapping[str, Persistent]) -> dict[str, Any]:
    """How the network was built, under the names of NVIDIA's arguments; plain values only.

    The layers of the mapping network are called `mapping_layers`, because `num_layers` is the synthesis network's.
    """
    arguments = record.attributes.get("_init_args", ())
    named = record.attributes.get("_init_kwargs", {})
    settings: dict[str, Any] = {}
    if isinstance(named, Mapping):
        settings |= flatten_kwargs(named)
    if isinstance(arguments, tuple | list):
        settings |= _plain(dict(zip(ARGUMENTS, arguments, strict=False)))

    # What the modules keep themselves.
    own = _plain(record.attributes)
    settings |= {key: own[key] for key in (*ARGUMENTS, "num_ws") if key in own}
    synthesis = modules.get("synthesis.")
    if synthesis:
        settings |= {
            key: value
            for key, value in _plain(synthesis.attributes).items()
            if key not in ("training", *SHARED)
        }
    for key in SHARED:
        values = {_hashable(value) for value in _of_layers(modules, key)}
        if len(values) == 1:
            settings[key] = values.pop()
    clamp = settings.get("conv_clamp")
    if clamp is not None and not (isinstance(clamp, int | float) and clamp > 0):
        raise CheckpointError(
            f"clamps activations at {clamp!r:.40}, which is no bound; it is damaged or hostile"
        )
    return settings


def flatten_kwargs(named: Mapping[str, Any]) -> dict[str, Any]:
    """Named arguments of a network, those for its mapping and its synthesis network among them."""
    mapping, synthesis = (_plain(named.get(key)) for key in ("mapping_kwargs", "synthesis_kwargs"))
    if "num_layers" in mapping:
        mapping["mapping_layers"] = mapping.pop("num_layers")
    return mapping | synthesis | _plain(named)


def _plain(values: Any) -> dict[str, Any]:
    """Those of the values that are numbers, words, or lists of them; names that begin with _ are the module's own."""
    if not isinstance(values, Mapping):
        return {}
    return {
        key: value
        for key, value in values.items()
        if isinstance(key, str) and not key.startswith("_") and _is_plain(value)
    }


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return len(value) <= 64 and all(isinstance(item, str | int | float | None) for item in value)
    return isinstance(value, str | int | float | None)


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _of_layers(modules: Mapping[str, Persistent], key: str) -> Iterator[Any]:
    """A setting of every layer of the synthesis network that takes a style; others have clamps of their own."""
    for name, module in modules.items():
        own = module.attributes
        styled = f"{name}affine." in modules or key == "architecture"
        if name.startswith("synthesis.") and styled and key in own and _is_plain(own[key]):
            yield own[key]


def _adapt(
    state: dict[str, Tensor], modules: Mapping[str, Persistent], settings: Mapping[str, Any]
) -> tuple[str, ...]:
    """Bring unusual weights into the usual form, where there is one that gives the same images."""
    notes = []
    rate = modules["mapping.fc0."].attributes.get("bias_gain") if "mapping.fc0." in modules else None
    if isinstance(rate, float) and rate != MAPPING_RATE:
        for name, tensor in state.items():
            if name.startswith("mapping.fc"):
                state[name] = tensor * (rate / MAPPING_RATE)
        notes.append(f"its mapping network was trained at a rate of {rate:g} instead of {MAPPING_RATE}")

    for name, module in modules.items():
        size = module.attributes.get("resolution")
        if module.attributes.get("use_noise") is False and isinstance(size, int) and 0 < size <= 1024:
            state.setdefault(f"{name}noise_strength", torch.zeros(()))
            state.setdefault(f"{name}noise_const", torch.zeros(size, size))
    if settings.get("use_noise") is False:
        notes.append("it was trained without noise")

    # Filters of resampling lie in the weights, and are checked where these are read.
    if settings.get("activation", "lrelu") != "lrelu":
        raise CheckpointError(
            f"was trained with {settings['activation']!r:.40} activations, and only leaky ReLUs can be computed; "
            "ganatomy.wrap takes any module"
        )
    return tuple(notes)

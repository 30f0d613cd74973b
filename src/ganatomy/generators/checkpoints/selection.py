"""Finding the generator's weights in whatever a training script saved, under whatever names.

Scripts nest dictionaries, or put prefixes before names, or both; they save discriminators, optimisers and counters
beside the generator, and its average over training as well. Words say which is which.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganatomy.errors import CheckpointError, in_file
from ganatomy.generators.checkpoints.foreign import what_these_are

BESIDE = ("latent_avg",)
"""What belongs to a generator though it lies beside its weights."""
AVERAGED = {"ema", "smooth", "running", "averaged", "shadow", "gs", "ge"}
GENERATOR = {"g", "gen", "generator", "gs", "ge"}
FILLERS = {
    "state", "dict", "model", "models", "weights", "params", "net", "nets", "network", "networks", "module", "modules",
    "orig", "mod", "",
}  # fmt: skip
"""Words that say nothing of which network it is, such as those of data parallelism and compilation."""
OTHERS = {
    "d", "dis", "disc", "discriminator", "discriminators", "critic", "e", "encoder", "classifier", "inception", "vgg",
    "lpips", "perceptual", "loss", "losses", "criterion", "metric", "metrics", "fid", "opt", "optim", "optimizer",
    "optimizers", "scheduler", "schedulers", "scaler", "callbacks", "loops", "augment", "ada",
}  # fmt: skip
MAX_DEPTH = 16


def select_weights(content: Any, path: Path, network: str | None = None) -> dict[str, Tensor]:
    """The generator's weights within whatever nesting of dictionaries and prefixes a training script saved.

    Args:
        network: the key, or the prefix of names, that is wanted; by default the generator, averaged if it can be.

    Raises:
        CheckpointError: when there are none, or several and no word tells which is the generator.
    """
    beside: dict[str, Tensor] = {}
    content = _of_list(content, network)
    if network is not None:
        beside = _beside(content)
        content = _named(content, path, network)
    for _ in range(MAX_DEPTH):
        if not isinstance(content, Mapping):
            raise CheckpointError(f"{path} holds a {type(content).__name__}, not a dictionary of weights")
        tensors = {str(key): value for key, value in content.items() if isinstance(value, Tensor)}
        inner = {str(key): value for key, value in content.items() if isinstance(value, Mapping)}
        chosen = choose_name({name: value for name, value in inner.items() if _holds_weights(value)})
        if chosen is None and (any(map(_is_matrix, tensors.values())) or (tensors and not inner)):
            with in_file(path):
                return fuse_norms(_unwrap(tensors)) | beside
        if chosen is None:
            found = f"only {', '.join(map(repr, [*content][:5]))}" if content else "nothing"
            raise CheckpointError(f"{path} holds no weights of a generator, {found}")
        beside |= _beside(content)
        content = inner[chosen]
    raise CheckpointError(f"{path} holds dictionaries within dictionaries, more than {MAX_DEPTH} deep")


def rank(name: str) -> int | None:
    """How surely a name is the generator's, 0 the surest: averaged, then the generator, then words for any network.

    >>> [rank(name) for name in ("G_ema", "ema", "netG", "state_dict", "netD")]
    [0, 1, 2, 3, None]
    """
    words = set(_words(name)) - FILLERS
    if not words <= AVERAGED | GENERATOR:
        return None
    if words & AVERAGED:
        return 0 if words & GENERATOR else 1
    return 2 if words else 3


def fuse_norms(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same weights with spectral and weight normalisation carried out.

    Spectral: W / (uᵀWv), Miyato et al. 2018. Weight: g·v/‖v‖, Salimans and Kingma 2016.
    """
    fused: dict[str, Tensor] = {}
    spent: set[str] = set()
    for name, tensor in state.items():
        for pattern, parts, compute in _NORMS:
            match = re.fullmatch(pattern, name)
            names = [match.expand(part) for part in parts] if match else []
            if match and all(part in state for part in names):
                fused[f"{match[1]}{match[2]}"] = compute(tensor, *(state[part] for part in names))
                spent |= {name, *names}
                break
        else:
            fused[name] = tensor
    return {name: tensor for name, tensor in fused.items() if name not in spent}


def _words(name: str) -> Iterator[str]:
    """The words of a name: "netG_state_dict" has net, g, state and dict."""
    yield from (word.lower() for word in re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", name))


def choose_name(inner: Mapping[str, Any]) -> str | None:
    """The key of the generator; where none is called so, the only one that is of no other network."""
    ranks = {name: rank(name) for name in inner}
    best = min((order for order in ranks.values() if order is not None), default=None)
    if best is not None:
        return next(name for name, order in ranks.items() if order == best)
    left = [name for name in inner if not set(_words(name)) & OTHERS]
    return left[0] if len(left) == 1 else None


def _of_list(content: Any, network: str | None) -> Any:
    """A dictionary for a list of networks, by their places; of those that take codes alone, unless one is named."""
    if not isinstance(content, list | tuple) or not any(isinstance(part, Mapping) for part in content):
        return content
    named = {str(index): part for index, part in enumerate(content) if _holds_weights(part)}
    if network is not None:
        return named
    taking_codes = {
        index: part
        for index, part in named.items()
        if not what_these_are({str(k): v for k, v in part.items() if isinstance(v, Tensor)})
    }
    return {f"network {index}": part for index, part in taking_codes.items()} or named


def _beside(content: Any) -> dict[str, Tensor]:
    inside = content if isinstance(content, Mapping) else {}
    return {name: inside[name] for name in BESIDE if isinstance(inside.get(name), Tensor)}


def _named(content: Any, path: Path, network: str) -> Any:
    """What lies under a key, or under a prefix of names, at the top or in a dictionary that any network may lie in."""
    for _ in range(MAX_DEPTH):
        if not isinstance(content, Mapping):
            break
        if isinstance(content.get(network), Mapping):
            return content[network]
        part = {
            str(name).removeprefix(f"{network}."): value
            for name, value in content.items()
            if isinstance(value, Tensor) and str(name).startswith(f"{network}.")
        }
        if part:
            return part
        whole = [key for key, value in content.items() if isinstance(value, Mapping) and rank(str(key)) == 3]
        if len(whole) != 1:
            break
        content = content[whole[0]]
    names = (
        dict.fromkeys(str(name).partition(".")[0] for name in content) if isinstance(content, Mapping) else {}
    )
    raise CheckpointError(
        f"{path} holds no network {network!r}, only {', '.join(map(repr, [*names][:8])) or 'weights'}"
    )


def _is_matrix(value: Any) -> bool:
    return isinstance(value, Tensor) and value.ndim > 1 and value.is_floating_point()


def _holds_weights(value: Any, depth: int = 4) -> bool:
    """Whether matrices lie in a dictionary, or in the ones in it."""
    if isinstance(value, Mapping):
        return depth > 0 and any(_holds_weights(item, depth - 1) for item in value.values())
    return _is_matrix(value)


def _unwrap(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The generator's part of one flat dictionary, without the prefixes that its names share."""
    for _ in range(MAX_DEPTH):
        groups: dict[str, dict[str, Tensor]] = {}
        loose: dict[str, Tensor] = {}
        for name, tensor in tensors.items():
            group, dot, rest = name.partition(".")
            if dot:
                groups.setdefault(group, {})[rest] = tensor
            elif name in BESIDE or (tensor.is_floating_point() and tensor.ndim):
                loose[name] = tensor
        kept = {name: tensor for name, tensor in loose.items() if name in BESIDE}
        named = {name: part for name, part in groups.items() if _is_whole(name, part)}
        best = min(named, key=lambda name: rank(name) or 0, default=None)
        left = [name for name in groups if not set(_words(name)) & OTHERS]
        if best is None and len(left) == 1 and loose == kept and _can_be_taken(left[0], groups):
            best = left[0]
            _refuse_image_decoder(best, groups)
        if best is None:
            return tensors
        tensors = groups[best] | kept
    return tensors


def _refuse_image_decoder(name: str, groups: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Refuse a decoder that takes feature maps of the encoder beside it; dense layers show one that takes codes.

    Raises:
        CheckpointError: for networks from images to images.
    """
    encoders = [group for group in groups if {"encoder", "enc"} & set(_words(group))]
    first = next((tensor for tensor in groups[name].values() if tensor.ndim in (2, 4)), None)
    if encoders and first is not None and first.ndim == 4:
        raise CheckpointError(
            f"holds {encoders[0]!r} beside {name!r}, a network from images to images; "
            f"if {name!r} takes codes, say so with network={name!r}"
        )


def _is_whole(name: str, part: Mapping[str, Tensor]) -> bool:
    """Whether a group of names is a generator: called so, and with layers in it."""
    order = rank(name)
    # Some averages run all parts of a name together, and cannot be told apart again.
    return order is not None and order < 3 and any("." in rest for rest in part)


def _can_be_taken(name: str, groups: Mapping[str, Mapping[str, Tensor]]) -> bool:
    """Whether a group that no word calls a generator is one: others are beside it, or its name says nothing."""
    return rank(name) is not None or (len(groups) > 1 and any("." in rest for rest in groups[name]))


def _spectral(weight: Tensor, u: Tensor, v: Tensor) -> Tensor:
    # Rows are those of the axis that u runs over: the second one in transposed convolutions.
    sigmas = []
    for axis in (0, 1):
        if weight.ndim > axis and len(u) == weight.shape[axis] and len(u) * len(v) == weight.numel():
            along = weight.transpose(0, axis).flatten(1).float() @ v.float()
            sigmas.append((float(torch.cosine_similarity(along, u.float(), dim=0)), along @ u.float()))
    if not sigmas:
        raise CheckpointError(
            f"holds a spectral norm of {list(weight.shape)} whose vectors have {len(u)} and {len(v)} numbers"
        )
    # Where both axes fit, u is what power iteration left it as: the direction of Wv.
    sigma = max(sigmas, key=lambda pair: pair[0])[1]
    return weight / sigma


def _scaled(length: Tensor, direction: Tensor) -> Tensor:
    axes = [axis for axis in range(direction.ndim) if axis >= length.ndim or length.shape[axis] == 1]
    norms = torch.linalg.vector_norm(direction.float(), dim=axes or None, keepdim=True)
    return length * direction / norms


_NORMS = (
    (r"(|.*\.)(weight)_orig", (r"\1\2_u", r"\1\2_v"), _spectral),
    (
        r"(|.*\.)parametrizations\.(\w+)\.original",
        (r"\1parametrizations.\2.0._u", r"\1parametrizations.\2.0._v"),
        _spectral,
    ),
    (r"(|.*\.)(weight)_g", (r"\1\2_v",), _scaled),
    (r"(|.*\.)parametrizations\.(\w+)\.original0", (r"\1parametrizations.\2.original1",), _scaled),
)  # fmt: skip
"""Names of what a norm keeps in the place of a weight: the first part, the others, and what they make."""

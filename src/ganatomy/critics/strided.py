"""Discriminators of the DCGAN family, read off the names and shapes of their weights.

Radford et al. 2015, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks":
strided convolutions, batch norm but not at the first layer, leaky ReLU, no hidden dense layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.critics.base import Critic
from ganatomy.errors import CheckpointError

SLOPE = 0.2
"""Of the leaky ReLU, which weights do not tell; 0.2 is the paper's."""
STRIDED = {3: (2, 1), 4: (2, 1), 5: (2, 2), 6: (2, 2)}
"""Stride and padding by which a kernel of this size halves an image."""
RUNNING = ("running_mean", "running_var")


@dataclass(frozen=True, kw_only=True)
class StridedLayer:
    """One convolution, and the batch norm that follows it, if one does."""

    weight: Tensor
    bias: Tensor | None
    norm: Mapping[str, Tensor] | None


class Strided(nn.Module):
    """One layer: convolution, batch norm, leaky ReLU."""

    def __init__(self, layer: StridedLayer, *, stride: int, padding: int) -> None:
        super().__init__()
        outputs, inputs, size, _ = layer.weight.shape
        self.conv = nn.Conv2d(inputs, outputs, size, stride, padding, bias=layer.bias is not None)
        self.norm = nn.BatchNorm2d(outputs) if layer.norm else nn.Identity()
        state = {"conv.weight": layer.weight} | {f"norm.{k}": v for k, v in (layer.norm or {}).items()}
        if layer.bias is not None:
            state["conv.bias"] = layer.bias
        self.load_state_dict(state, strict=False)

    def forward(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h2 w2"]:
        return F.leaky_relu(self.norm(self.conv(x)), SLOPE)


class StridedCritic(Critic):
    """A stack of strided convolutions, and at its end one number.

    Args:
        state: weights by name, in the order of the layers.

    Raises:
        CheckpointError: when the weights are of another network.
    """

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        head = state[_head(state)]
        layers = list(_layers(state))
        width = layers[0].weight.shape[1]
        for layer in layers:
            if layer.weight.shape[1] != width:
                raise CheckpointError(
                    f"has a layer for {layer.weight.shape[1]} channels after one that gives {width}; only a plain "
                    "stack of convolutions can be read"
                )
            width = len(layer.weight)
        # A kernel of 3 beside those of 4 keeps the size, as in networks that alternate the two.
        sizes = {layer.weight.shape[-1] for layer in layers}
        steps = [
            (1, 1) if size == 3 and 4 in sizes else STRIDED.get(size, (1, size // 2))
            for size in (layer.weight.shape[-1] for layer in layers)
        ]
        self.blocks = nn.ModuleList(
            Strided(layer, stride=stride, padding=padding)
            for layer, (stride, padding) in zip(layers, steps, strict=True)
        )
        end = _end_size(head, width)
        self.channels = layers[0].weight.shape[1]
        if self.channels not in (1, 3):
            raise CheckpointError(f"takes images of {self.channels} channels; only 1 and 3 can be read")
        self.resolution = end * 2 ** sum(stride == 2 for stride, _ in steps)
        self.out = nn.Parameter(head.reshape(1, -1))
        bias = state.get(f"{_head(state).removesuffix('weight')}bias")
        self.out_bias = nn.Parameter(torch.zeros(1) if bias is None else bias.reshape(1))
        self.description = f"a DCGAN discriminator of {self.resolution} px, {len(self.blocks)} layers"

    def layers(self, images: Float[Tensor, "n c h w"]) -> list[Tensor]:
        seen = [images]
        for block in self.blocks:
            seen.append(block(seen[-1]))
        return seen[1:]

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
        return F.linear(self.layers(images)[-1].flatten(1), self.out, self.out_bias)[:, 0]


def _head(state: Mapping[str, Tensor]) -> str:
    """The name of the last layer's weight, which must give one number."""
    weights = [name for name, tensor in state.items() if tensor.ndim in (2, 4)]
    if not weights or len(state[weights[-1]]) != 1:
        found = f"{len(state[weights[-1]])} numbers" if weights else "no layers"
        raise CheckpointError(
            f"ends in {found}; a discriminator ends in one. Name the right network of the file, if it holds several"
        )
    dense = [name for name in weights[:-1] if state[name].ndim == 2]
    if dense:
        raise CheckpointError(f"has a hidden dense layer ({dense[0]!r}), which DCGAN's discriminators lack")
    return weights[-1]


def _layers(state: Mapping[str, Tensor]) -> Iterator[StridedLayer]:
    """Each convolution in front of the last layer with the norm between it and the next."""
    names = list(state)
    weights = [name for name in names if state[name].ndim == 4 and name != _head(state)]
    if not weights:
        raise CheckpointError("holds no convolutions in front of its last layer, so it is no discriminator")
    ends = [names.index(name) for name in [*weights[1:], _head(state)]]
    for name, end in zip(weights, ends, strict=True):
        stem = name.removesuffix("weight")
        between = [other for other in names[names.index(name) + 1 : end] if not other.startswith(stem)]
        norm: dict[str, Tensor] = {}
        for other in between:
            part = other.rpartition(".")[2]
            if part == "num_batches_tracked":
                continue
            if part not in {"weight", "bias", *RUNNING} or state[other].shape != (len(state[name]),):
                raise CheckpointError(f"has {other!r} of shape {list(state[other].shape)}, no batch norm's")
            norm[part] = state[other]
        if norm and not set(RUNNING) <= set(norm):
            raise CheckpointError(f"has a norm after {name!r} that is no batch norm; only those can be read")
        yield StridedLayer(weight=state[name], bias=state.get(f"{stem}bias"), norm=norm or None)


def _end_size(head: Tensor, width: int) -> int:
    """Height and width of the last layer's input."""
    if head.ndim == 4 and head.shape[1] == width and head.shape[2] == head.shape[3]:
        return head.shape[2]
    side = round((head.shape[1] / width) ** 0.5) if head.ndim == 2 else 0
    if not side or side * side * width != head.shape[1]:
        raise CheckpointError(
            f"ends in weights of shape {list(head.shape)}, which do not fit {width} channels"
        )
    return side

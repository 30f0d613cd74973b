"""Layers of the DCGAN family: what one is made of, and the module that it becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.errors import SettingError

Activation = Literal[
    "relu", "leaky_relu", "none", "elu", "selu", "silu", "gelu", "softplus", "tanh", "sigmoid"
]
ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)
LEAK = 0.2
_FUNCTIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "elu": F.elu,
    "selu": F.selu,
    "silu": F.silu,
    "gelu": F.gelu,
    "softplus": F.softplus,
    "tanh": F.tanh,
    "sigmoid": F.sigmoid,
}


def parse_activation(text: str) -> tuple[Activation, float | None]:
    """An activation, and its slope below zero where that is given behind a colon.

    Raises:
        SettingError: for another activation, or a slope that it cannot have.

    Example:
        >>> parse_activation("leaky_relu:0.01"), parse_activation("relu")
        (('leaky_relu', 0.01), ('relu', None))
    """
    name, colon, number = text.partition(":")
    if name not in ACTIVATIONS:
        raise SettingError(
            f"hidden={text!r} is not known; choose one of {', '.join(ACTIVATIONS)}, or leaky_relu:0.01 for a slope"
        )
    if not colon:
        return name, None
    try:
        slope = float(number)
    except ValueError:
        slope = -1.0
    if name != "leaky_relu" or not 0 <= slope <= 1:
        raise SettingError(f"hidden={text!r} has no slope of a leaky ReLU; give leaky_relu:0.01, from 0 to 1")
    return name, slope


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer of a stack: [up-sampling,] linear map, [batch norm,] activation.

    Args:
        kind: "linear", "conv" or "deconv" (transposed convolution).
        in_channels: channels that it takes; the length of the flattened input where it is linear.
        out_channels: channels that it gives.
        size: a linear layer's output is an image of so many pixels a side.
        width: of that image, where it is not square; else 0.
        padding: as PyTorch counts it: around a convolution's input, and cut off around a transposed one's output.
        output_padding: what is added to a transposed convolution's output below and on the right, or cut off there
            where it is negative. A convolution pads its input so much more (or less) there.
        upsample: up-sampling before a convolution, 1 for none.
        interpolation: how.
        norm: length of the batch norm, 0 for none. A linear layer may be normed over all numbers or over channels.
        eps: of the batch norm.
        slope: of a leaky ReLU below zero.
        activation_first: whether the activation stands before the batch norm.
    """

    kind: Literal["linear", "conv", "deconv"]
    in_channels: int
    out_channels: int
    size: int = 1
    width: int = 0
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    output_padding: int = 0
    upsample: int = 1
    interpolation: Literal["nearest", "bilinear"] = "nearest"
    bias: bool = True
    norm: int = 0
    eps: float = 1e-5
    activation: Activation = "none"
    slope: float = LEAK
    activation_first: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of a linear layer's output."""
        return self.size, self.width or self.size

    def size_after(self, size: int) -> int:
        """Pixels a side after the layer, given those before it."""
        return self._along(size, self.size)

    def shape_after(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Height and width after the layer, given those before it."""
        return self._along(shape[0], self.shape[0]), self._along(shape[1], self.shape[1])

    def _along(self, size: int, own: int) -> int:
        size *= self.upsample
        if self.kind == "linear":
            return own
        if self.kind == "conv":
            return (size + 2 * self.padding + self.output_padding - self.kernel) // self.stride + 1
        return (size - 1) * self.stride - 2 * self.padding + self.kernel + self.output_padding


class StackLayer(nn.Module):
    """One layer as a module: `project` gives weighted sums, `finish` does the rest."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.layer = layer
        shared: dict[str, Any] = {"stride": layer.stride, "bias": layer.bias}
        ends = layer.in_channels, layer.out_channels, layer.kernel
        if layer.kind == "linear":
            outputs = layer.out_channels * layer.shape[0] * layer.shape[1]
            self.weights: nn.Module = nn.Linear(layer.in_channels, outputs, bias=layer.bias)
        elif layer.kind == "conv":
            even = layer.output_padding == 0 and layer.padding >= 0
            self.weights = nn.Conv2d(*ends, padding=layer.padding if even else 0, **shared)
        else:
            added = max(layer.output_padding, 0)
            self.weights = nn.ConvTranspose2d(*ends, padding=layer.padding, output_padding=added, **shared)
        self.norm = nn.BatchNorm2d(layer.norm, eps=layer.eps) if layer.norm else None

    def project(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n c h2 w2"]:
        """The weighted sums, with the axis that the batch norm runs over second."""
        layer = self.layer
        if layer.kind == "linear":
            shape = (1, 1) if layer.norm > layer.out_channels else layer.shape
            return self.weights(x.flatten(1)).unflatten(1, (-1, *shape))
        if layer.upsample > 1:
            smooth = {"align_corners": False} if layer.interpolation == "bilinear" else {}
            x = F.interpolate(x, scale_factor=layer.upsample, mode=layer.interpolation, **smooth)
        if layer.kind == "conv":
            before, after = layer.padding, layer.padding + layer.output_padding
            uneven = before != after or before < 0
            return self.weights(F.pad(x, (before, after, before, after)) if uneven else x)
        x = self.weights(x)
        cut = min(layer.output_padding, 0)
        return x[..., :cut, :cut] if cut else x

    def finish(self, x: Float[Tensor, "n c h2 w2"]) -> Float[Tensor, "n o h3 w3"]:
        """Norm and activation, in the layer's order, and the shape of an image."""
        layer = self.layer
        if layer.activation_first:
            x = activate(x, layer)
        if self.norm is not None:
            x = self.norm(x)
        if not layer.activation_first:
            x = activate(x, layer)
        return x.reshape(-1, layer.out_channels, *layer.shape) if layer.kind == "linear" else x

    def forward(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h3 w3"]:
        return self.finish(self.project(x))


def activate(x: Tensor, layer: Layer) -> Tensor:
    """The activation of a layer, on its own."""
    if layer.activation == "none":
        return x
    if layer.activation == "leaky_relu":
        return F.leaky_relu(x, layer.slope)
    return _FUNCTIONS[layer.activation](x)

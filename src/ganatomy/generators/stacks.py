"""Layers of the DCGAN family: what one is made of, and the module that it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

Activation = Literal["relu", "leaky_relu", "none"]
ACTIVATIONS: tuple[Activation, ...] = ("relu", "leaky_relu", "none")
LEAK = 0.2


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer of a stack: [up-sampling,] linear map, [batch norm,] activation.

    Args:
        kind: "linear", "conv" or "deconv" (transposed convolution).
        in_channels: channels that it takes; the length of the flattened input where it is linear.
        out_channels: channels that it gives. size: a linear layer's output is a picture of so many pixels a side.
        upsample: nearest up-sampling before a convolution, 1 for none.
        norm: length of the batch norm, 0 for none. A linear layer may be normed over all numbers or over channels.
        eps: of the batch norm.
    """

    kind: Literal["linear", "conv", "deconv"]
    in_channels: int
    out_channels: int
    size: int = 1
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    output_padding: int = 0
    upsample: int = 1
    bias: bool = True
    norm: int = 0
    eps: float = 1e-5
    activation: Activation = "none"

    def size_after(self, size: int) -> int:
        """Pixels a side after the layer, given those before it."""
        if self.kind == "linear":
            return self.size
        if self.kind == "conv":
            return (size * self.upsample + 2 * self.padding - self.kernel) // self.stride + 1
        return (size - 1) * self.stride - 2 * self.padding + self.kernel + self.output_padding


class StackLayer(nn.Module):
    """One layer as a module: `project` gives what its batch norm sees, `finish` does the rest."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.layer = layer
        shared: dict[str, Any] = {"stride": layer.stride, "padding": layer.padding, "bias": layer.bias}
        ends = layer.in_channels, layer.out_channels, layer.kernel
        if layer.kind == "linear":
            outputs = layer.out_channels * layer.size**2
            self.weights: nn.Module = nn.Linear(layer.in_channels, outputs, bias=layer.bias)
        elif layer.kind == "conv":
            self.weights = nn.Conv2d(*ends, **shared)
        else:
            self.weights = nn.ConvTranspose2d(*ends, output_padding=layer.output_padding, **shared)
        self.norm = nn.BatchNorm2d(layer.norm, eps=layer.eps) if layer.norm else None

    def project(self, x: Float[Tensor, "n i s s"]) -> Float[Tensor, "n c t t"]:
        """The weighted sums, with the axis that the batch norm runs over second."""
        if self.layer.kind == "linear":
            side = 1 if self.layer.norm > self.layer.out_channels else self.layer.size
            return self.weights(x.flatten(1)).unflatten(1, (-1, side, side))
        if self.layer.upsample > 1:
            x = F.interpolate(x, scale_factor=self.layer.upsample, mode="nearest")
        return self.weights(x)

    def finish(self, x: Float[Tensor, "n c t t"]) -> Float[Tensor, "n o u u"]:
        """Norm, activation, shape of a picture."""
        if self.norm is not None:
            x = self.norm(x)
        x = activate(x, self.layer.activation)
        size = self.layer.size
        return x.reshape(-1, self.layer.out_channels, size, size) if self.layer.kind == "linear" else x

    def forward(self, x: Float[Tensor, "n i s s"]) -> Float[Tensor, "n o u u"]:
        return self.finish(self.project(x))


def activate(x: Tensor, activation: Activation) -> Tensor:
    if activation == "relu":
        return F.relu(x)
    return F.leaky_relu(x, LEAK) if activation == "leaky_relu" else x

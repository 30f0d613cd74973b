"""What a layer does to each value by itself, with gradients that are computed strip by strip on a processor.

The usual gradient of a product makes a whole image for each of its factors. Here a strip of it is summed at once, while
it lies in the cache, which halves the way through memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.generators.kernels import strips
from ganatomy.generators.ops import LRELU_SLOPE


class ScaledChannels(torch.autograd.Function):
    """`x * scale`, a factor for each channel of each image."""

    @staticmethod
    def forward(x: Float[Tensor, "n c h w"], scale: Float[Tensor, "n c 1 1"]) -> Float[Tensor, "n c h w"]:
        return x * scale

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:  # noqa: ARG004
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        (grad,), (x, scale) = grads, ctx.saved_tensors
        if torch.is_grad_enabled():  # it will be differentiated itself
            return grad * scale, (grad * x).sum((2, 3), keepdim=True)
        down, sums = torch.empty_like(x), _zeros(scale)
        for images, rows in _strips(x):
            part = images, slice(None), rows
            sums[images] += (grad[part] * x[part]).sum((2, 3), keepdim=True, dtype=sums.dtype)
            torch.mul(grad[part], scale[images], out=down[part])
        return down, sums.to(scale)

    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor | None) -> Tensor:
        return _product_tangent(*ctx.saved_tensors, *tangents)


class Activated(torch.autograd.Function):
    """`leaky_relu(x * scale + bias + noise)`, a factor for each channel of each image, within a bound."""

    @staticmethod
    def forward(
        x: Float[Tensor, "n c h w"],
        scale: Float[Tensor, "n c 1 1"],
        bias: Float[Tensor, "c 1 1"],
        noise: Float[Tensor, "#n 1 h w"] | None,
        bound: float | None,
    ) -> Float[Tensor, "n c h w"]:
        return activate(x, scale, bias, noise, bound)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, scale, bias, noise, ctx.bound = inputs
        ctx.shape_of_noise = None if noise is None else noise.shape
        ctx.shape_of_bias = bias.shape
        ctx.save_for_backward(x, scale, output)
        ctx.save_for_forward(x, scale, output)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (grad,), (x, scale, y) = grads, ctx.saved_tensors
        _, _, bias_needed, noise_needed, _ = ctx.needs_input_grad
        if torch.is_grad_enabled():  # it will be differentiated itself
            grad = _before_activation(grad, y, ctx.bound)
            return (
                grad * scale,
                (grad * x).sum((2, 3), keepdim=True),
                grad.sum_to_size(ctx.shape_of_bias) if bias_needed else None,
                grad.sum_to_size(ctx.shape_of_noise) if noise_needed else None,
                None,
            )
        down, sums = torch.empty_like(x), _zeros(scale)
        biases = _zeros(sums[0]) if bias_needed else None
        noises = _zeros(y[:, :1]) if noise_needed else None
        for images, rows in _strips(x):
            part = images, slice(None), rows
            g = _before_activation(grad[part], y[part], ctx.bound)
            torch.mul(g, scale[images], out=down[part])
            if biases is not None:
                biases += g.sum((0, 2, 3), dtype=biases.dtype)[:, None, None]
            if noises is not None:
                noises[part] = g.sum(1, keepdim=True, dtype=noises.dtype)
            sums[images] += g.mul_(x[part]).sum((2, 3), keepdim=True, dtype=sums.dtype)
        return (
            down,
            sums.to(scale),
            None if biases is None else biases.to(scale),
            None if noises is None else noises.sum_to_size(ctx.shape_of_noise).to(scale),
            None,
        )

    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor | None) -> Tensor:
        x, scale, y = ctx.saved_tensors
        of_x, of_scale, of_bias, of_noise, _ = tangents
        tangent = _product_tangent(x, scale, of_x, of_scale)
        for more in (of_bias, of_noise):
            tangent = tangent if more is None else tangent + more
        return _before_activation(tangent, y, ctx.bound)


def activate(
    x: Float[Tensor, "n c h w"],
    scale: Float[Tensor, "n c 1 1"],
    bias: Float[Tensor, "c 1 1"],
    noise: Float[Tensor, "#n 1 h w"] | None,
    bound: float | None,
    *,
    out: Tensor | None = None,
) -> Float[Tensor, "n c h w"]:
    """The same without a gradient of its own; see `Activated`."""
    x = torch.addcmul(bias, x, scale, out=out)
    if noise is not None:
        x += noise
    x = F.leaky_relu_(x, LRELU_SLOPE)
    return x if bound is None else torch.clamp(x, -bound, bound, out=out)


def _before_activation(
    grad: Float[Tensor, "n c h w"], y: Float[Tensor, "n c h w"], bound: float | None
) -> Float[Tensor, "n c h w"]:
    """The gradient, or tangent, on the other side of the activation; a new tensor."""
    grad = torch.ops.aten.leaky_relu_backward(grad, y, LRELU_SLOPE, True)
    return grad if bound is None else grad * (y.abs() < bound)


def _product_tangent(
    x: Tensor, scale: Tensor, of_x: Tensor | None, of_scale: Tensor | None
) -> Float[Tensor, "n c h w"]:
    tangent = torch.zeros_like(x) if of_x is None else of_x * scale
    return tangent if of_scale is None else tangent + x * of_scale


def _zeros(like: Tensor) -> Tensor:
    """Zeros to sum up in, in single precision at least."""
    return torch.zeros_like(like, dtype=torch.promote_types(like.dtype, torch.float32))


def _strips(x: Float[Tensor, "n c h w"]) -> Iterator[tuple[slice, slice]]:
    n, channels, height, width = x.shape
    return strips(n, height, channels * width)

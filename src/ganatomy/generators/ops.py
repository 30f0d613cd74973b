"""The operations that style-based generators share, exact and without compiled extensions.

A feature map is `[n, channels, height, width]`. Weights are stored at unit variance and scaled when used, the equalised
learning rate of Karras et al. 2018 (section 4.1).
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

LRELU_SLOPE = 0.2
LRELU_GAIN = math.sqrt(2)


def lrelu(
    x: Float[Tensor, "*shape"], *, gain: float = LRELU_GAIN, clamp: float | None = None
) -> Float[Tensor, "*shape"]:
    """Leaky ReLU whose gain keeps the variance of its input, clamped to `gain * clamp` where a model asks for it."""
    x = F.leaky_relu(x, LRELU_SLOPE) * gain
    if clamp is None:
        return x
    bound = clamp * gain / LRELU_GAIN
    return x.clamp(-bound, bound)


def normalize_second_moment(x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    """Scale every row to mean square 1: the pixel norm of Karras et al. 2018, equation (1)."""
    return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()


class EqualLinear(nn.Module):
    """A dense layer `y = x Wᵀ + b` with equalised learning rate; `lr_multiplier` slows it, as in mapping networks."""

    def __init__(
        self, in_features: int, out_features: int, *, bias_init: float = 0.0, lr_multiplier: float = 1.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features) / lr_multiplier)
        self.bias = nn.Parameter(torch.full((out_features,), bias_init / lr_multiplier))
        self.lr_multiplier = lr_multiplier

    def forward(self, x: Float[Tensor, "n i"]) -> Float[Tensor, "n o"]:
        gain = self.lr_multiplier / math.sqrt(self.weight.shape[1])
        return F.linear(x, self.weight * gain, self.bias * self.lr_multiplier)


def binomial_filter(*, device: torch.device, dtype: torch.dtype) -> Float[Tensor, "4 4"]:
    """The [1, 3, 3, 1] filter of StyleGAN2's resampling, as a square of sum 1."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0], device=device, dtype=dtype)
    square = taps[:, None] * taps[None, :]
    return square / square.sum()


def upsample_2x(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c 2*h 2*w"]:
    """Twice the size: zeros between pixels, then the binomial filter with gain 4.

    The filter's two phases are (1, 3) / 4 and (3, 1) / 4: each output is three parts of the nearest input to one part
    of the next, which is what bilinear interpolation does; but here there are zeros outside the border.
    """
    padded = F.pad(x, (1, 1, 1, 1))
    return F.interpolate(padded, scale_factor=2, mode="bilinear")[:, :, 2:-2, 2:-2]


def conv_upsample_2x(
    x: Float[Tensor, "n i h w"], weight: Float[Tensor, "o i 3 3"], *, padding: int = 1
) -> Float[Tensor, "n o h2 w2"]:
    """Zeros between pixels, the kernel, then the binomial filter with gain 4.

    The kernel acts as a transposed convolution, which never multiplies the zeros; the filter is a depthwise one.

    Args:
        padding: zeros to add around the image; with 0 its outermost pixels are only the neighbours of others.
    """
    x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2, padding=1 - padding)
    return blur_2x(x, padding=padding)


def blur_2x(x: Float[Tensor, "n c h w"], *, padding: int = 1) -> Float[Tensor, "n c h2 w2"]:
    """The binomial filter with gain 4, on pixels between which zeros were inserted."""
    square = binomial_filter(device=x.device, dtype=x.dtype) * 4
    channels = x.shape[1]
    return F.conv2d(x, square.expand(channels, 1, 4, 4).contiguous(), padding=padding, groups=channels)

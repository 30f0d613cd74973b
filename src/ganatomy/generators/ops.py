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

    The filter is separable, and at this rate its two phases are (1, 3) / 4 and (3, 1) / 4: each output is three parts
    of the nearest input to one part of the next, with zeros outside the border.
    """
    for dim in (2, 3):
        size = x.shape[dim]
        pad = (1, 1, 0, 0) if dim == 3 else (0, 0, 1, 1)
        padded = F.pad(x, pad)
        before, after = padded.narrow(dim, 0, size), padded.narrow(dim, 2, size)
        pairs = torch.stack([x * 0.75 + before * 0.25, x * 0.75 + after * 0.25], dim=dim + 1)
        x = pairs.flatten(dim, dim + 1)
    return x


def conv_upsample_2x(
    x: Float[Tensor, "n i h w"], weight: Float[Tensor, "o i k k"]
) -> Float[Tensor, "n o 2*h 2*w"]:
    """Zeros between pixels, the kernel, then the binomial filter with gain 4.

    The kernel acts as a transposed convolution, which never multiplies the zeros; the filter is a depthwise one.
    """
    x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
    blur = binomial_filter(device=x.device, dtype=x.dtype) * 4
    channels, pad = x.shape[1], (5 - weight.shape[-1]) // 2
    return F.conv2d(x, blur.expand(channels, 1, 4, 4).contiguous(), padding=pad, groups=channels)


def modulated_conv2d(
    x: Float[Tensor, "#n i h w"],
    weight: Float[Tensor, "o i k k"],
    styles: Float[Tensor, "n i"],
    *,
    demodulate: bool = True,
    upsample: bool = False,
) -> Float[Tensor, "n o h2 w2"]:
    """Convolve with weights scaled per input channel by a style, normalised per output channel.

    Karras et al. 2020, equations (1) and (3): `w' = s w`, `w'' = w' / sqrt(sum w'^2 + eps)`. Because a style scales
    whole channels, the scaling moves from the weights to the inputs and the normalisation to the outputs; then all
    pictures share one convolution, and the result is the same. When upsampling, see `conv_upsample_2x`.
    """
    x = x * styles[:, :, None, None]
    if upsample:
        x = conv_upsample_2x(x, weight)
    else:
        x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
    if demodulate:
        power = styles.square() @ weight.square().sum(dim=(2, 3)).T
        x = x * (power + 1e-8).rsqrt()[:, :, None, None]
    return x

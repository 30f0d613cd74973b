"""What Progressive GAN and the first StyleGAN share: convolutions with equalised learning rate, and their upsampling.

Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and Variation", section 4.1.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.generators.ops import LRELU_GAIN

SMALL = 32
"""Pixels a side below which composing an enlarged kernel costs more than it saves."""


class EqualConv2d(nn.Module):
    """A convolution (and a bias, where wanted) whose weights are stored at unit variance and scaled when used.

    Args:
        upsample: enlarge the input twofold first, by repeating pixels.
        gain: of the initialisation that is built in so: He's before a leaky ReLU, 1 before nothing.
    """

    bias: Tensor | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: int = 3,
        bias: bool = True,
        upsample: bool = False,
        gain: float = LRELU_GAIN,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel, kernel))
        self.register_parameter("bias", nn.Parameter(torch.zeros(out_channels)) if bias else None)
        self.upsample = upsample
        self.scale = gain / math.sqrt(in_channels * kernel**2)

    def forward(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h2 w2"]:
        weight = self.weight * self.scale
        if self.upsample:
            return upsample_conv2d(x, weight, self.bias)
        return F.conv2d(x, weight, self.bias, padding=weight.shape[-1] // 2)


def upsample_conv2d(
    x: Float[Tensor, "n i h w"], weight: Float[Tensor, "o i 3 3"], bias: Float[Tensor, " o"] | None = None
) -> Float[Tensor, "n o 2*h 2*w"]:
    """Repeat every pixel twice in both directions, then convolve.

    Repeating pixels is inserting zeros and a box filter of 2 pixels. The box goes into the kernel, which grows to 4
    pixels, and a transposed convolution never multiplies the zeros: 16 products for four pixels instead of 36.
    """
    if x.shape[-1] < SMALL:
        enlarged = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        return F.conv2d(enlarged, weight, bias, padding=1)
    # A transposed convolution turns its kernel around.
    padded = F.pad(weight.flip(2, 3), (1, 1, 1, 1))
    rows = padded[:, :, 1:] + padded[:, :, :-1]
    wide = rows[..., 1:] + rows[..., :-1]
    return F.conv_transpose2d(x, wide.transpose(0, 1), bias, stride=2, padding=1)


def blur_3(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """The binomial filter [1, 2, 1] / 4 in both directions, with zeros outside the border."""
    for dim in (2, 3):
        size = x.shape[dim]
        padded = F.pad(x, (1, 1, 0, 0) if dim == 3 else (0, 0, 1, 1))
        x = x * 0.5 + (padded.narrow(dim, 0, size) + padded.narrow(dim, 2, size)) * 0.25
    return x

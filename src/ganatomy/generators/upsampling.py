"""Twice the size, as StyleGAN2 does it: zeros between pixels, a kernel, and the [1, 3, 3, 1] filter.

Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", section 2. A kernel and the filter follow
one another without anything between, so they may be one larger kernel: which way is quicker, the device decides.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.generators.precision import matrix_units


def binomial_filter(*, device: torch.device, dtype: torch.dtype) -> Float[Tensor, "4 4"]:
    """The [1, 3, 3, 1] filter of StyleGAN2's resampling, as a square of sum 1, made on the device."""
    taps = 4 - (2 * torch.arange(4, device=device, dtype=dtype) - 3).abs()
    return taps[:, None] * taps[None, :] / 64


def upsample_2x(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c 2*h 2*w"]:
    """Zeros between pixels, then the binomial filter with gain 4.

    The filter's two phases are (1, 3) / 4 and (3, 1) / 4: each output is three parts of the nearest input to one part
    of the next, which is what bilinear interpolation does; but here there are zeros outside the border.
    """
    padded = F.pad(x, (1, 1, 1, 1))
    return F.interpolate(padded, scale_factor=2, mode="bilinear")[:, :, 2:-2, 2:-2]


def conv_upsample_2x(
    x: Float[Tensor, "n i h w"],
    weight: Float[Tensor, "o i 3 3"],
    *,
    padding: int = 1,
    composed: Tensor | None = None,
) -> Float[Tensor, "n o h2 w2"]:
    """Zeros between pixels, the kernel, then the binomial filter with gain 4.

    Args:
        padding: zeros to add around the image; with 0 its outermost pixels are only the neighbours of others.
        composed: kernel and filter as one, from `compose`; without it the kernel acts as a transposed convolution,
            which never multiplies the zeros, and the filter as a depthwise one.
    """
    if composed is None:
        x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2, padding=1 - padding)
        return blur_2x(x, padding=padding)
    if x.device.type != "cpu":
        return F.conv_transpose2d(x, composed.transpose(0, 1), stride=2, padding=4 - 2 * padding)
    phases = F.conv2d(x, composed, padding=padding).permute(0, 2, 3, 1).unflatten(3, (2, 2, len(weight)))
    joined = phases.permute(0, 1, 3, 2, 4, 5).flatten(1, 2).flatten(2, 3)
    return joined.permute(0, 3, 1, 2)


def blur_2x(x: Float[Tensor, "n c h w"], *, padding: int = 1) -> Float[Tensor, "n c h2 w2"]:
    """The binomial filter with gain 4, on pixels between which zeros were inserted."""
    square = binomial_filter(device=x.device, dtype=x.dtype) * 4
    channels = x.shape[1]
    return F.conv2d(x, square.expand(channels, 1, 4, 4).contiguous(), padding=padding, groups=channels)


def compose(weight: Float[Tensor, "o i 3 3"]) -> Tensor:
    """Kernel and filter of gain 4 as one kernel: four times the multiplications, one pass through memory for three.

    Returns:
        A kernel of 6x6 for a transposed convolution with stride 2, `[o, i, 6, 6]`. On a processor its four phases, by
        which the outputs of even and of odd rows and columns are convolutions of the inputs: `[4 * o, i, 3, 3]`.
    """
    exact = weight if weight.dtype in (torch.float32, torch.float64) else weight.float()
    square = binomial_filter(device=exact.device, dtype=exact.dtype) * 4
    both = F.conv2d(exact.reshape(-1, 1, 3, 3), square[None, None], padding=3)
    both = both.view(*weight.shape[:2], 6, 6).to(weight.dtype)
    if weight.device.type != "cpu":
        return both
    phases = both.unflatten(3, (3, 2)).unflatten(2, (3, 2)).flip(2, 4).permute(3, 5, 0, 1, 2, 4)
    return phases.flatten(0, 2).contiguous(memory_format=torch.channels_last)


def composing_pays(x: Tensor) -> bool:
    """Whether one larger kernel is the quicker way.

    It is on GPUs, which have no good kernel for a depthwise filter and multiplications to spare, and with the matrix
    units for bfloat16 of some processors, to which a transposed convolution does not get: .4 to .6 of the time.
    """
    return x.device.type == "cuda" or (
        x.device.type == "cpu" and x.dtype == torch.bfloat16 and matrix_units()
    )


def products_pay(kernel: Float[Tensor, "o i 3 3"], height: int, width: int) -> bool:
    """Whether a transposed convolution is quicker as matrix products, which need not reorder the kernel first.

    At 512 channels they take 0.2 of the time at 4x4 pixels, 0.5 at 16x16, 0.8 at 32x32 and 1.2 at 64x64.
    """
    return (
        kernel.device.type == "cpu"
        and kernel.shape[0] * kernel.shape[1] >= 256**2
        and height * width <= 32**2
    )


def transpose_by_products(
    x: Float[Tensor, "n i h w"], kernel: Float[Tensor, "o i 3 3"]
) -> Float[Tensor, "n o 2*h+1 2*w+1"]:
    """A transposed convolution with stride 2: a matrix product for each tap, added where it belongs."""
    n, channels, height, width = x.shape
    taps = kernel.permute(2, 3, 1, 0).reshape(9, channels, -1)
    products = x.permute(0, 2, 3, 1).reshape(-1, channels) @ taps
    products = products.view(3, 3, n, height, width, -1)
    out = x.new_zeros(n, 2 * height + 1, 2 * width + 1, len(kernel))
    for i in range(3):
        for j in range(3):
            out[:, i : i + 2 * height : 2, j : j + 2 * width : 2] += products[i, j]
    return out.permute(0, 3, 1, 2)

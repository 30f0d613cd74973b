"""The layer that StyleGAN2 is made of: a convolution whose kernel is modulated by a style, noise, bias, leaky ReLU.

Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", equations (1) and (3): `w' = s w`,
`w'' = w' / sqrt(sum w'^2 + eps)`. A style scales whole channels, so the scaling moves from the kernel to the inputs and
the normalisation to the outputs; then all images share one kernel, which can be prepared once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import functional as F

from ganatomy.generators import conv3x3
from ganatomy.generators.channelwise import Activated, ScaledChannels, activate
from ganatomy.generators.kernels import FrozenKernel, WinogradConv, fan_in, lower, power, strips
from ganatomy.generators.ops import LRELU_GAIN
from ganatomy.generators.upsampling import (
    blur_2x,
    compose,
    composing_pays,
    conv_upsample_2x,
    products_pay,
    transpose_by_products,
)


@dataclass(frozen=True, kw_only=True)
class Finish:
    """What follows a convolution: noise, bias, leaky ReLU, gain, clamp.

    Args:
        noise: of the height and width of the outputs, one map for all images or one for each.
        clamp: bound on activations at the usual gain.
    """

    bias: Float[Tensor, " o"]
    noise: Float[Tensor, "#n h w"] | None = None
    gain: float = LRELU_GAIN
    clamp: float | None = None


def styled_conv2d(
    x: Float[Tensor, "#n i h w"],
    weight: Float[Tensor, "o i 3 3"],
    styles: Float[Tensor, "n i"],
    finish: Finish,
    *,
    upsample: bool = False,
    frozen: FrozenKernel | None = None,
) -> Float[Tensor, "n o h2 w2"]:
    """Modulate, convolve, demodulate, finish; in the precision of `x`.

    On a processor and without gradients a large layer is worked on in strips: what lies between its steps then stays
    in the cache, and in memory that the process has already.

    Args:
        upsample: to twice the size, as `conv_upsample_2x` does.
        frozen: the weight, prepared; no gradient reaches it then.
    """
    n, channels, (height, width) = len(styles), len(weight), x.shape[2:]
    layer = _Layer.of(weight, styles, finish, x, upsample=upsample, frozen=frozen)
    rate = 2 if upsample else 1
    pieces = list(strips(n, height, rate**2 * width * channels))
    if len(pieces) < 2 or x.device.type != "cpu" or is_tracked(x, weight, styles, *vars(finish).values()):
        return layer.whole(x)

    x = x.expand(n, -1, -1, -1)
    out = x.new_empty(n, rate * height, rate * width, channels).permute(0, 3, 1, 2)
    for images, rows in pieces:
        outputs = slice(rate * rows.start, rate * rows.stop)
        layer.part(images, outputs).rows(x[images], rows, out=out[images, :, outputs])
    return out


def modulate(
    styles: Float[Tensor, "n i"],
    weight: Float[Tensor, "o i k k"],
    dtype: torch.dtype,
    frozen: FrozenKernel | None = None,
) -> tuple[Float[Tensor, "n i"], Float[Tensor, "o i k k"], Float[Tensor, "n o"]]:
    """What to scale inputs by, what to convolve them with, and what to scale outputs by.

    In half precision inputs and kernel are kept small, so that no sum overflows, and the outputs' scale, which stays
    in the precision of the styles, makes up for it.
    """
    squares = frozen.power if frozen else power(weight)
    scale = (styles.square() @ squares.T + 1e-8).rsqrt()
    if dtype == weight.dtype:
        return styles, weight, scale
    largest = styles.abs().amax(dim=1, keepdim=True).clamp_min(1e-8)
    kernel = frozen.lower(dtype) if frozen else lower(weight, dtype)
    return (styles / largest).to(dtype), kernel, scale * largest * fan_in(weight) ** 0.5


def is_tracked(*values: object) -> bool:
    """Whether a gradient of any tensor among them, backward or forward, may be asked for."""
    tensors = [value for value in values if isinstance(value, Tensor)]
    return (torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)) or any(
        forward_ad.unpack_dual(tensor).tangent is not None for tensor in tensors
    )


@dataclass(frozen=True, kw_only=True)
class _Layer:
    """All that a layer, or some images and rows of it, is computed with."""

    kernel: Float[Tensor, "o i 3 3"]
    styles: Float[Tensor, "n i 1 1"]
    scale: Float[Tensor, "n o 1 1"]
    bias: Float[Tensor, "o 1 1"]
    noise: Float[Tensor, "#n 1 h w"] | None
    bound: float | None
    upsample: bool
    composed: Tensor | None  # kernel and filter of an upsampling as one, where that is quicker
    minimal: FrozenKernel | None  # for a convolution with a quarter of the multiplications

    @classmethod
    def of(
        cls,
        weight: Tensor,
        styles: Tensor,
        finish: Finish,
        x: Tensor,
        *,
        upsample: bool,
        frozen: FrozenKernel | None,
    ) -> _Layer:
        dtype = x.dtype
        styles, kernel, scale = modulate(styles, weight, dtype, frozen)
        # The gain goes into what the activation is computed from: a leaky ReLU commutes with a positive factor.
        gain = finish.gain
        return cls(
            kernel=kernel,
            styles=styles[:, :, None, None],
            scale=(scale * gain).to(dtype)[:, :, None, None],
            bias=(finish.bias * gain).to(dtype)[:, None, None],
            noise=None if finish.noise is None else (finish.noise * gain).to(dtype)[:, None],
            bound=None if finish.clamp is None else finish.clamp * gain / LRELU_GAIN,
            upsample=upsample,
            composed=(frozen.composed(dtype) if frozen else compose(kernel))
            if upsample and composing_pays(x)
            else None,
            minimal=None if upsample or not conv3x3.pays(kernel, *x.shape[2:]) else frozen,
        )

    def part(self, images: slice, outputs: slice) -> _Layer:
        noise = self.noise
        if noise is not None:
            noise = (noise[images] if len(noise) > 1 else noise)[:, :, outputs]
        return replace(self, styles=self.styles[images], scale=self.scale[images], noise=noise)

    def whole(self, x: Float[Tensor, "#n i h w"], *, out: Tensor | None = None) -> Float[Tensor, "n o h2 w2"]:
        strip_by_strip = self._strip_by_strip(x)
        x = ScaledChannels.apply(x, self.styles) if strip_by_strip else x * self.styles  # pyright: ignore[reportAssignmentType]
        if self.minimal is not None:
            x = WinogradConv.apply(x, self.minimal)  # pyright: ignore[reportAssignmentType]
        elif not self.upsample:
            x = F.conv2d(x, self.kernel, padding=1)
        elif (
            self.composed is None
            and products_pay(self.kernel, *x.shape[2:])
            and not is_tracked(x, self.kernel)
        ):
            x = blur_2x(transpose_by_products(x, self.kernel))
        else:
            x = conv_upsample_2x(x, self.kernel, composed=self.composed)
        if strip_by_strip:
            return Activated.apply(x, self.scale, self.bias, self.noise, self.bound)  # pyright: ignore[reportReturnType]
        return self._finish(x, out)

    def _strip_by_strip(self, x: Float[Tensor, "#n i h w"]) -> bool:
        """Whether gradients are computed so: where they are asked for, on a processor, and by no compiler."""
        return (
            x.device.type == "cpu"
            and not torch.compiler.is_compiling()
            and len(x) == len(self.styles)
            and is_tracked(x, self.styles, self.kernel)
        )

    def rows(self, x: Float[Tensor, "#n i h w"], rows: slice, *, out: Tensor) -> Float[Tensor, "n o h2 w2"]:
        height = x.shape[2]
        if rows == slice(0, height):
            return self.whole(x, out=out)
        # A margin of one pixel: of the image where there is more of it, else of zeros.
        first, last = max(rows.start - 1, 0), min(rows.stop + 1, height)
        padded = x.new_zeros(len(x), rows.stop - rows.start + 2, x.shape[3] + 2, x.shape[1])
        padded = padded.permute(0, 3, 1, 2)
        inside = padded[:, :, first - rows.start + 1 : last - rows.start + 1, 1:-1]
        torch.mul(x[:, :, first:last], self.styles, out=inside)
        if self.minimal is not None:
            y = conv3x3.convolve(padded.permute(0, 2, 3, 1), self.minimal.points, len(self.kernel))
            y = y.permute(0, 3, 1, 2)
        elif self.upsample:
            y = conv_upsample_2x(padded, self.kernel, padding=0, composed=self.composed)
        else:
            y = F.conv2d(padded, self.kernel)
        return self._finish(y, out)

    def _finish(self, x: Float[Tensor, "n o h w"], out: Tensor | None) -> Float[Tensor, "n o h w"]:
        return activate(x, self.scale, self.bias, self.noise, self.bound, out=out)

"""Synthesis as the papers write it, slow and plain: what the quick one is held against, in tests and benchmarks.

Every image has convolution kernels of its own, modulated and demodulated, and a batch is one convolution in groups;
zeros are inserted and filters are applied where the papers do it; everything is done at once, on contiguous tensors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.generators import stylegan3 as alias_free
from ganatomy.generators.stylegan2 import StyledConv, StyleGAN2, StyleGAN2Block, ToRGB
from ganatomy.generators.stylegan3 import StyleGAN3
from ganatomy.latents import Latents

MAPPING_RATE = 0.01
BINOMIAL = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8


def mapped(
    state: Mapping[str, Tensor], z: Float[Tensor, "n z"], labels: Float[Tensor, "n classes"] | None = None
) -> Float[Tensor, "n w"]:
    """w of z by the weights of a StyleGAN2 or 3, under NVIDIA's names.

    The code and the embedded label beside it are normalised, then come dense layers with leaky ReLUs.
    """

    def dense(name: str, x: Tensor, rate: float) -> Tensor:
        weight, bias = state[f"mapping.{name}.weight"], state[f"mapping.{name}.bias"]
        return x @ weight.T * (rate / math.sqrt(weight.shape[1])) + bias * rate

    parts = [z] if labels is None else [z, dense("embed", labels, 1.0)]
    x = torch.cat([part / (part.square().mean(1, keepdim=True) + 1e-8).sqrt() for part in parts], dim=1)
    for layer in range(sum(name.startswith("mapping.fc") for name in state) // 2):
        x = dense(f"fc{layer}", x, MAPPING_RATE)
        x = torch.where(x < 0, 0.2 * x, x) * math.sqrt(2)
    return x


def filtered(
    x: Float[Tensor, "n c h w"],
    taps: Float[Tensor, "*taps"] | None = BINOMIAL,
    *,
    up: int = 1,
    down: int = 1,
    padding: tuple[int, int] = (0, 0),
) -> Float[Tensor, "n c h2 w2"]:
    """Zeros between pixels, padding (before, after), a filter whose gain makes up for the zeros, every n-th pixel."""
    n, channels, height, width = x.shape
    x = x.reshape(n, channels, height, 1, width, 1)
    x = F.pad(x, (0, up - 1, 0, 0, 0, up - 1)).reshape(n, channels, height * up, width * up)
    x = F.pad(x, (*padding, *padding))
    if taps is not None:
        taps = taps.to(x).flip(list(range(taps.ndim)))
        if taps.ndim == 2:
            kernels = [taps * up**2]
        elif len(taps) < 8:
            kernels = [taps[:, None] * taps * up**2]
        else:  # in two passes, as the authors do
            kernels = [taps[:, None] * up, taps[None] * up]
        for kernel in kernels:
            x = F.conv2d(x, kernel.expand(channels, 1, *kernel.shape), groups=channels)
    return x[:, :, ::down, ::down]


def modulated_conv2d(
    x: Float[Tensor, "#n i h w"],
    weight: Float[Tensor, "o i k k"],
    styles: Float[Tensor, "n i"],
    *,
    demodulate: bool = True,
    upsample: bool = False,
    padding: int | None = None,
) -> Float[Tensor, "n o h2 w2"]:
    """Karras et al. 2020, equations (1) and (3), then a convolution with as many groups as images."""
    n, (out_channels, in_channels, size, _) = len(styles), weight.shape
    # Contiguous: torch 2.13 differentiates a 1x1 convolution in groups wrongly for a reshaped channels-last weight.
    weight = weight.contiguous() * styles[:, None, :, None, None]
    if demodulate:
        weight = weight * (weight.square().sum(dim=(2, 3, 4)) + 1e-8).rsqrt()[:, :, None, None, None]
    x = x.expand(n, -1, -1, -1).reshape(1, n * in_channels, *x.shape[2:])
    if upsample:
        weight = weight.transpose(1, 2).reshape(n * in_channels, out_channels, size, size)
        x = F.conv_transpose2d(x, weight, stride=2, groups=n)
        x = filtered(x, BINOMIAL * 2, padding=(1, 1))
    else:
        weight = weight.reshape(-1, in_channels, size, size)
        x = F.conv2d(x, weight, padding=size // 2 if padding is None else padding, groups=n)
    return x.reshape(n, out_channels, *x.shape[2:])


def activated(x: Tensor, bias: Tensor, *, gain: float = 2**0.5, clamp: float | None = None) -> Tensor:
    """Bias, leaky ReLU, gain, clamp."""
    x = F.leaky_relu(x + bias[:, None, None], 0.2) * gain
    return x if clamp is None else x.clamp(-clamp * gain / 2**0.5, clamp * gain / 2**0.5)


def upsampled(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c 2*h 2*w"]:
    return filtered(x, up=2, padding=(2, 1))


def styled_conv(layer: StyledConv, x: Tensor, styles: Tensor, *, gain: float = 2**0.5) -> Tensor:
    x = modulated_conv2d(x, layer.weight, styles, upsample=layer.upsample)
    return activated(x + layer.noise_const * layer.noise_strength, layer.bias, gain=gain, clamp=layer.clamp)


def to_rgb(layer: ToRGB, x: Tensor, styles: Tensor) -> Tensor:
    styles = styles / math.sqrt(styles.shape[1])
    x = modulated_conv2d(x, layer.weight, styles, demodulate=False) + layer.bias[:, None, None]
    return x if layer.clamp is None else x.clamp(-layer.clamp, layer.clamp)


def stylegan2(model: StyleGAN2, latents: Latents) -> Float[Tensor, "n c h w"]:
    """Images of a StyleGAN2 with constant noise."""
    styles, image = model.styles(latents), None
    blocks: list[StyleGAN2Block] = list(model.synthesis.blocks())
    x = blocks[0].const[None]
    for block in blocks:
        before, residual = x, block.architecture == "residual" and not block.first
        if not block.first:
            x = styled_conv(block.conv0, x, next(styles))
        x = styled_conv(block.conv1, x, next(styles), gain=1.0 if residual else 2**0.5)
        if residual:
            weight = block.skip.weight / math.sqrt(block.skip.weight.shape[1])
            x = x + upsampled(F.conv2d(before, weight)) * math.sqrt(0.5)
        image = None if image is None else upsampled(image)
        if hasattr(block, "torgb"):
            rgb = to_rgb(block.torgb, x, next(styles))
            image = rgb if image is None else image + rgb
    assert image is not None
    return image


def filtered_layer(layer: alias_free.Layer, x: Tensor, styles: Tensor) -> Tensor:
    """A layer of StyleGAN3: convolution, bias, upsampling, leaky ReLU, clamp, downsampling (section 3.2, figure 4b)."""
    size = layer.weight.shape[-1]
    x = modulated_conv2d(x, layer.weight, styles, padding=size - 1) * layer.magnitude_ema.rsqrt()
    x = x + layer.bias[:, None, None]
    up, down, out_size = layer.activation.up.up, layer.activation.down.down, layer.activation.down.out_size
    taps = [1 if taps is None else len(taps) for taps in (layer.up_filter, layer.down_filter)]
    total = (out_size - 1) * down + 1 - x.shape[-1] * up + sum(taps) - 2
    before = (total + up) // 2
    x = filtered(x, layer.up_filter, up=up, padding=(before, total - before))
    x = activated(x, x.new_zeros(x.shape[1]), clamp=layer.activation.clamp)
    return filtered(x, layer.down_filter, down=down)


def stylegan3(model: StyleGAN3, latents: Latents) -> Float[Tensor, "n c h w"]:
    """Images of a StyleGAN3."""
    styles = model.styles(latents)
    waves, *layers, to_rgb = model.synthesis.layers()
    x = waves(next(styles))
    for layer in layers:
        x = filtered_layer(layer, x, next(styles))
    gain = to_rgb.magnitude_ema.rsqrt() / math.sqrt(to_rgb.weight.shape[1])
    x = modulated_conv2d(x, to_rgb.weight, next(styles) * gain, demodulate=False) + to_rgb.bias[:, None, None]
    x = x if to_rgb.clamp is None else x.clamp(-to_rgb.clamp, to_rgb.clamp)
    return x * model.synthesis.output_scale

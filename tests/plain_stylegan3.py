"""StyleGAN3's synthesis as the paper writes it, slow and plain: what the quick formulation is held against.

Every image has kernels of its own, normalised, modulated and demodulated, and a batch is one convolution in groups;
zeros are inserted, and each filter is applied as a square to whole signals.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from ganatomy.generators.stylegan3 import FilteredLayer, StyleGAN3
from ganatomy.latents import Latents


def filtered(x: Tensor, taps: Tensor | None, *, gain: float = 1.0) -> Tensor:
    """A true convolution with a square filter, only where it has all its inputs."""
    if taps is None:
        return x * gain
    square = taps if taps.ndim == 2 else taps[:, None] * taps[None]
    return F.conv2d(x, (square.flip(0, 1) * gain).expand(x.shape[1], 1, -1, -1), groups=x.shape[1])


def with_zeros_between(x: Tensor, up: int) -> Tensor:
    n, channels, height, width = x.shape
    out = x.new_zeros(n, channels, height * up, width * up)
    out[:, :, ::up, ::up] = x
    return out


def padded(x: Tensor, before: int, after: int) -> Tensor:
    """Zeros around an image; negative numbers crop it."""
    return F.pad(x, (before, after, before, after))


def modulated_conv2d(x: Tensor, weight: Tensor, styles: Tensor, *, demodulate: bool, gain: Tensor) -> Tensor:
    n, (out_channels, in_channels, size, _) = len(styles), weight.shape
    if demodulate:
        weight = weight / weight.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        styles = styles / styles.square().mean().sqrt()
    weight = weight * styles[:, None, :, None, None]
    if demodulate:
        weight = weight * (weight.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8).rsqrt()
    weight = (weight * gain).reshape(n * out_channels, in_channels, size, size)
    x = F.conv2d(x.reshape(1, n * in_channels, *x.shape[2:]), weight, padding=size - 1, groups=n)
    return x.reshape(n, out_channels, *x.shape[2:])


def layer(
    it: FilteredLayer, x: Tensor, styles: Tensor, *, up: int, down: int, size: int, clamp: float | None
) -> Tensor:
    up_filter, down_filter = it.up_filter, it.down_filter
    x = modulated_conv2d(x, it.weight, styles, demodulate=True, gain=it.magnitude_ema.rsqrt())
    x = x + it.bias[:, None, None]

    # Padding such that as many samples come out as the layer has, with the image in their middle.
    taps = sum(len(f) - 1 for f in (up_filter, down_filter) if f is not None)
    padding = (size - 1) * down + 1 + taps - x.shape[2] * up
    before = (padding + up) // 2
    x = padded(with_zeros_between(x, up), before, padding - before)

    x = filtered(x, up_filter, gain=up**2)
    x = F.leaky_relu(x, 0.2) * 2**0.5
    if clamp is not None:
        x = x.clamp(-clamp, clamp)
    return filtered(x, down_filter)[:, :, ::down, ::down]


def synthesize(model: StyleGAN3, latents: Latents) -> Tensor:
    """Images by the formulas of the paper."""
    signals, config, styles = model.config.signals(), model.config, model.styles(latents)
    *layers, to_rgb = [getattr(model.synthesis, name) for name in model.synthesis.layer_names]
    x = model.synthesis.input(next(styles))
    for before, after, it in zip([signals[0], *signals], signals, layers, strict=False):
        rate = max(before.rate, after.rate) * config.lrelu_upsampling
        x = layer(
            it,
            x,
            next(styles),
            up=rate // before.rate,
            down=rate // after.rate,
            size=after.size,
            clamp=config.clamp,
        )
    style = next(styles) / to_rgb.weight.shape[1] ** 0.5
    x = modulated_conv2d(x, to_rgb.weight, style, demodulate=False, gain=to_rgb.magnitude_ema.rsqrt())
    x = x + to_rgb.bias[:, None, None]
    return (x if config.clamp is None else x.clamp(-config.clamp, config.clamp)) * config.output_scale

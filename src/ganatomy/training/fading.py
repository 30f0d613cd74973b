"""Generators whose last resolution fades in: Progressive GAN and the first StyleGAN while they grow.

Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and Variation", figure 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.generators.architecture import Pyramid
from ganatomy.generators.progan import ProGAN, ProGANConfig
from ganatomy.generators.progressive import EqualConv2d
from ganatomy.generators.stylegan import Noise, StyleGAN, StyleGANConfig
from ganatomy.latents import Latents


@runtime_checkable
class Fading(Protocol):
    """A network whose last resolution fades in: at `fade` 0 it is not there, at 1 it has come."""

    fade: float


class FadingProGAN(ProGAN):
    """A Progressive GAN that also makes an image of half the resolution while the last one fades in."""

    def __init__(self, config: ProGANConfig) -> None:
        super().__init__(config)
        self.torgb_below = image_layer_below(config)
        self.fade = 1.0

    def synthesize(self, latents: Latents) -> Float[Tensor, "n c h w"]:
        return faded(self.features(latents), self.torgb_below, self.torgb, fade=self.fade)


class FadingStyleGAN(StyleGAN):
    """The same of a StyleGAN."""

    def __init__(self, config: StyleGANConfig) -> None:
        super().__init__(config)
        self.torgb_below = image_layer_below(config)
        self.fade = 1.0

    def synthesize(self, latents: Latents, *, noise: Noise = "const") -> Float[Tensor, "n c h w"]:
        features = self.synthesis.features(self.styles(latents), noise=noise)
        return faded(features, self.torgb_below, self.synthesis.torgb, fade=self.fade)


def image_layer_below(config: Pyramid) -> EqualConv2d | None:
    """What makes an image of the features of half the resolution; None where there is no such resolution."""
    if len(config.widths) == 1:
        return None
    return EqualConv2d(config.widths[-2], config.channels, kernel=1, gain=1.0)


def faded(
    features: Iterable[Float[Tensor, "n f s s"]], below: nn.Module | None, last: nn.Module, *, fade: float
) -> Float[Tensor, "n c h w"]:
    """The image of the last features; while it fades in, between that and the enlarged image of those before."""
    if fade >= 1 or below is None:
        *_, x = features
        return last(x)
    *_, (smaller, x) = pairwise(features)
    return torch.lerp(F.interpolate(below(smaller), scale_factor=2, mode="nearest"), last(x), fade)


def grow_image_layers(larger: nn.Module, smaller: nn.Module, *, last: str) -> None:
    """Take over a generator of half the resolution, whose image layer becomes the one below.

    Args:
        last: name of the image layer.
    """
    state = {
        name: tensor for name, tensor in smaller.state_dict().items() if not name.startswith("torgb_below.")
    }
    for part in ("weight", "bias"):
        state[f"torgb_below.{part}"] = state.pop(f"{last}.{part}")
    larger.load_state_dict(state, strict=False)


def without_fading(generator: nn.Module, plain: nn.Module) -> None:
    """Give a plain generator the weights of a fading one, as when the last resolution has come."""
    state = generator.state_dict()
    plain.load_state_dict({name: t for name, t in state.items() if not name.startswith("torgb_below.")})

"""Training of StyleGAN, in the configurations of its paper's ablation.

Karras et al. 2019, "A Style-Based Generator Architecture for Generative Adversarial Networks", table 1. Each adds to
the one before: A is Progressive GAN, B smooths the resampling and changes the loss, C maps z to w and styles all layers
(the first features are made from w), D starts from a learnt constant, E adds noise, F mixes styles.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from ganatomy.critics.base import Critic
from ganatomy.generators.base import Generator
from ganatomy.generators.stylegan import StyleGAN, StyleGANConfig
from ganatomy.latents import Latents
from ganatomy.training import progan, stylegan2
from ganatomy.training.architecture import ALL
from ganatomy.training.fading import FadingProGAN, FadingStyleGAN, grow_image_layers, without_fading
from ganatomy.training.settings import GanSettings
from ganatomy.training.stylegan2 import grow_critic

__all__ = ["build", "codes", "draw", "finish", "grow", "grow_critic"]


def build(settings: GanSettings, resolution: int) -> tuple[Generator, Critic]:
    if settings.configuration in "AB":
        return progan.build(settings, resolution)
    config = StyleGANConfig(
        widths=settings.widths_at(resolution),
        z_dim=settings.z_dim,
        w_dim=settings.w_dim,
        mapping_layers=settings.mapping_layers,
        mapping_dim=settings.w_dim,
        num_classes=settings.num_classes,
        channels=settings.channels,
        start="dense" if settings.configuration == "C" else "constant",
    )
    return FadingStyleGAN(config), progan.progressive_critic(settings, resolution, blur=True)


def codes(
    generator: Generator,
    n: int,
    settings: GanSettings,
    *,
    part: slice = ALL,
    labels: Float[Tensor, "m classes"] | None = None,
) -> Latents:
    """Codes in w+, or in z where nothing is mapped."""
    own = progan if isinstance(generator, FadingProGAN) else stylegan2
    return own.codes(generator, n, settings, part=part, labels=labels)


def draw(generator: Generator, latents: Latents, settings: GanSettings) -> Float[Tensor, "n c h w"]:
    if isinstance(generator, FadingStyleGAN):
        return generator.synthesize(latents, noise=settings.noise)
    return generator.synthesize(latents)


def grow(larger: Generator, smaller: Generator) -> None:
    last = "torgb" if isinstance(larger, FadingProGAN) else "synthesis.torgb"
    grow_image_layers(larger, smaller, last=last)


def finish(generator: Generator, settings: GanSettings) -> Generator:
    """Measure the mean w, where there is one."""
    if not isinstance(generator, FadingStyleGAN):
        return progan.finish(generator, settings)
    plain = StyleGAN(generator.config)
    without_fading(generator, plain)
    return stylegan2.finish(plain.to(generator.device), settings)

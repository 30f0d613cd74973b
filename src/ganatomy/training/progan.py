"""Training of Progressive GAN.

Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and Variation": resolutions that fade
in, equalised learning rates, pixel norms, deviation over the batch. Configurations A and B of StyleGAN's paper are this
one, without and with smoothed resampling.
"""

from __future__ import annotations

from ganatomy.critics.base import Critic
from ganatomy.critics.progressive import BlurredProgressiveCritic, ProgressiveCritic
from ganatomy.generators.base import Generator
from ganatomy.generators.progan import ProGAN, ProGANConfig
from ganatomy.training.dcgan_r1 import codes, draw
from ganatomy.training.fading import FadingProGAN, grow_image_layers, without_fading
from ganatomy.training.settings import GanSettings
from ganatomy.training.stylegan2 import grow_critic

__all__ = ["build", "codes", "draw", "finish", "grow", "grow_critic", "progressive_critic"]


def build(settings: GanSettings, resolution: int) -> tuple[Generator, Critic]:
    config = ProGANConfig(
        widths=settings.widths_at(resolution),
        z_dim=settings.z_dim,
        num_classes=settings.num_classes,
        channels=settings.channels,
        blur=settings.architecture == "stylegan" and settings.configuration != "A",
    )
    return FadingProGAN(config), progressive_critic(settings, resolution, blur=config.blur)


def progressive_critic(settings: GanSettings, resolution: int, *, blur: bool) -> ProgressiveCritic:
    """The mirror image of the generator."""
    kind = BlurredProgressiveCritic if blur else ProgressiveCritic
    return kind(settings.widths_at(resolution), settings.channels, num_classes=settings.num_classes)


def grow(larger: Generator, smaller: Generator) -> None:
    grow_image_layers(larger, smaller, last="torgb")


def finish(generator: Generator, settings: GanSettings) -> Generator:
    assert isinstance(generator, FadingProGAN)
    plain = ProGAN(generator.config)
    without_fading(generator, plain)
    return plain.to(generator.device)

"""Training of InfoGAN: a categorical and some continuous codes that can be read from images.

Chen et al. 2016, "InfoGAN: Interpretable Representation Learning by Information Maximizing Generative Adversarial
Nets". The category is the generator's class, and the continuous codes are the first numbers of z, so the generator is
an ordinary conditional DCGAN. Departs from the paper: the networks and the penalty are those of `dcgan-r1`, and all of
z is uniform in (-1, 1), and less of it is noise beside a category that enters larger, so that the category, not the
noise, comes to say what kind of image it is.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from ganatomy.critics.base import Critic
from ganatomy.critics.informed import InformedCritic
from ganatomy.generators.base import Generator
from ganatomy.generators.dcgan import DCGAN
from ganatomy.latents import Latents
from ganatomy.training.architecture import ALL, fresh_codes, prior_labels
from ganatomy.training.dcgan_r1 import draw, finish, grow, grow_critic
from ganatomy.training.settings import GanSettings

__all__ = ["build", "codes", "draw", "finish", "grow", "grow_critic"]

CATEGORY = 2.0
"""What a category is in the input of the generator, where the paper has 1."""


def build(settings: GanSettings, resolution: int) -> tuple[Generator, Critic]:
    widths = settings.widths_at(resolution)
    generator = DCGAN.build(
        z_dim=settings.z_dim,
        widths=widths,
        channels=settings.channels,
        prior="uniform",
        num_classes=settings.categories,
    )
    generator.class_table.mul_(CATEGORY)
    critic = InformedCritic(widths, settings.channels, categories=settings.categories, codes=settings.codes)
    return generator, critic


def codes(
    generator: Generator,
    n: int,
    settings: GanSettings,
    *,
    part: slice = ALL,
    labels: Float[Tensor, "m classes"] | None = None,
) -> Latents:
    """Codes whose category is drawn, not given."""
    assert labels is None
    return fresh_codes(generator, n, part=part, labels=prior_labels(generator, n, part=part))

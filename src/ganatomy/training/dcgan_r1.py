"""Training of DCGAN's generator against a steadier critic than the published one.

Radford et al. 2015, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks",
with the critic, the penalty and the averaged weights of later work (Karras et al. 2020; Mescheder et al. 2018).
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.critics.base import Critic
from ganatomy.critics.multiscale import MultiscaleCritic
from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.dcgan import DCGAN
from ganatomy.latents import Latents
from ganatomy.training.architecture import ALL, fresh_codes, prior_labels
from ganatomy.training.settings import GanSettings


def build(settings: GanSettings, resolution: int) -> tuple[Generator, Critic]:
    widths = settings.widths_at(resolution)
    generator = DCGAN.build(
        z_dim=settings.z_dim, widths=widths, channels=settings.channels, num_classes=settings.num_classes
    )
    return generator, MultiscaleCritic(widths, settings.channels, num_classes=settings.num_classes)


def codes(
    generator: Generator,
    n: int,
    settings: GanSettings,
    *,
    part: slice = ALL,
    labels: Float[Tensor, "m classes"] | None = None,
) -> Latents:
    return fresh_codes(generator, n, part=part, labels=labels)


def draw(generator: Generator, latents: Latents, settings: GanSettings) -> Float[Tensor, "n c h w"]:
    return generator.synthesize(latents)


def grow(larger: Generator, smaller: Generator) -> None:
    raise SettingError("a DCGAN cannot grow; give it one stage")


def grow_critic(larger: Critic, smaller: Critic) -> None:
    raise SettingError("a DCGAN cannot grow; give it one stage")


def finish(generator: Generator, settings: GanSettings) -> Generator:
    """Measure the statistics of batch norms anew: those of averaged weights are not the average of statistics."""
    for module in generator.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # a plain mean over what follows
    generator.train()
    for _ in range(32):
        generator.synthesize(fresh_codes(generator, 64, labels=prior_labels(generator, 64)))
    return generator

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
from ganatomy.training.architecture import ALL, fresh_codes
from ganatomy.training.settings import GanSettings


def build(settings: GanSettings, resolution: int) -> tuple[Generator, Critic]:
    widths = settings.widths_at(resolution)
    generator = DCGAN.build(z_dim=settings.z_dim, widths=widths, channels=settings.channels)
    return generator, MultiscaleCritic(widths, settings.channels)


def draw(
    generator: Generator, n: int, settings: GanSettings, *, part: slice = ALL
) -> Float[Tensor, "n c h w"]:
    return generator.synthesize(fresh_codes(generator, n)[part])


def grow(larger: Generator, smaller: Generator) -> None:
    raise SettingError("a DCGAN cannot grow; give it one stage")


def grow_critic(larger: Critic, smaller: Critic) -> None:
    raise SettingError("a DCGAN cannot grow; give it one stage")


def finish(generator: Generator, settings: GanSettings) -> None:
    """Measure the statistics of batch norms anew: those of averaged weights are not the average of statistics."""
    for module in generator.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # a plain mean over what follows
    generator.train()
    for _ in range(32):
        draw(generator, 64, settings)

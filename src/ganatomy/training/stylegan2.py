"""Training of StyleGAN2: style mixing, and resolutions that grow.

Karras et al. 2018, "Progressive Growing of GANs"; 2019, "A Style-Based Generator Architecture", section 3.1 (mixing
regularisation).
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.critics.base import Critic
from ganatomy.critics.equalised import EqualisedCritic
from ganatomy.critics.multiscale import MultiscaleCritic
from ganatomy.critics.residual import ResidualCritic
from ganatomy.generators.base import Generator
from ganatomy.generators.style_based import StyleBasedGenerator
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.latents import Latents
from ganatomy.training.architecture import ALL, fresh_codes
from ganatomy.training.settings import GanSettings

CRITICS: dict[str, type[EqualisedCritic]] = {"multiscale": MultiscaleCritic, "residual": ResidualCritic}


def build(settings: GanSettings, resolution: int) -> tuple[Generator, Critic]:
    widths = settings.widths_at(resolution)
    config = StyleGAN2Config(
        widths=widths,
        z_dim=settings.z_dim,
        w_dim=settings.w_dim,
        mapping_layers=settings.mapping_layers,
        num_classes=settings.num_classes,
        channels=settings.channels,
    )
    return StyleGAN2(config), CRITICS[settings.critic](
        widths, settings.channels, num_classes=settings.num_classes
    )


def codes(
    generator: Generator,
    n: int,
    settings: GanSettings,
    *,
    part: slice = ALL,
    labels: Float[Tensor, "m classes"] | None = None,
) -> Latents:
    """Codes in w+; a share of `settings.mixing` takes a second code from a random layer on."""
    w = generator.map(fresh_codes(generator, n, part=part, labels=labels), to="w+")
    if settings.mixing:
        other = generator.map(fresh_codes(generator, n, part=part, labels=labels), to="w+")
        w = w.with_codes(mixed(w.codes, other.codes, n, share=settings.mixing, part=part))
    return w


def draw(generator: Generator, latents: Latents, settings: GanSettings) -> Float[Tensor, "n c h w"]:
    assert isinstance(generator, StyleGAN2)
    return generator.synthesize(latents, noise=settings.noise)


def mixed(
    one: Float[Tensor, "m l w"], other: Float[Tensor, "m l w"], n: int, *, share: float, part: slice
) -> Float[Tensor, "m l w"]:
    """A share of the codes, followed by the other ones from a random layer on.

    Args:
        n: of the whole batch.
        part: of it, which the codes are.
    """
    num_layers, device = one.shape[1], one.device
    first = torch.randint(1, num_layers, (n, 1), device=device)
    takes = torch.rand(n, 1, device=device) < share
    first = torch.where(takes, first, num_layers)[part]
    layers = torch.arange(num_layers, device=device)
    return torch.where((layers < first)[..., None], one, other)


def grow(larger: Generator, smaller: Generator) -> None:
    """The last block starts without an image of its own, so the smaller image is only enlarged."""
    assert isinstance(larger, StyleGAN2)
    larger.load_state_dict(smaller.state_dict(), strict=False)
    nn.init.zeros_(list(larger.synthesis.blocks())[-1].torgb.weight)


def grow_critic(larger: Critic, smaller: Critic) -> None:
    """At first both judge alike."""
    assert isinstance(larger, EqualisedCritic)
    larger.grow_from(smaller)


def finish(generator: Generator, settings: GanSettings) -> Generator:
    """Measure the mean w, which truncation needs."""
    assert isinstance(generator, StyleBasedGenerator)
    w = generator.map(generator.sample(10_000, seed=settings.seed), to="w").codes
    generator.mapping.w_avg.copy_(w.mean(dim=0))
    return generator

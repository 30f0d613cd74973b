"""Training of StyleGAN2: style mixing, and resolutions that grow.

Karras et al. 2018, "Progressive Growing of GANs"; 2019, "A Style-Based Generator Architecture", section 3.1 (mixing
regularisation).
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.critics.base import Critic
from ganatomy.critics.multiscale import MultiscaleCritic
from ganatomy.generators.base import Generator
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.training.architecture import ALL, fresh_codes
from ganatomy.training.settings import GanSettings


def build(settings: GanSettings, resolution: int) -> tuple[Generator, Critic]:
    widths = settings.widths_at(resolution)
    config = StyleGAN2Config(
        widths=widths,
        z_dim=settings.z_dim,
        w_dim=settings.w_dim,
        mapping_layers=settings.mapping_layers,
        channels=settings.channels,
    )
    return StyleGAN2(config), MultiscaleCritic(widths, settings.channels)


def draw(
    generator: Generator, n: int, settings: GanSettings, *, part: slice = ALL
) -> Float[Tensor, "n c h w"]:
    """Images of fresh codes; a share of `settings.mixing` takes a second code from a random layer on."""
    assert isinstance(generator, StyleGAN2)
    z = fresh_codes(generator, n)[part]
    w = generator.map(z, to="w+")
    if settings.mixing:
        w = w.with_codes(mixed(w.codes, generator, n, settings, part=part))
    return generator.synthesize(w, noise=settings.noise)


def mixed(
    codes: Float[Tensor, "n l w"], generator: Generator, n: int, settings: GanSettings, *, part: slice
) -> Float[Tensor, "n l w"]:
    """A share of the codes, followed by second ones from a random layer on."""
    other = generator.map(fresh_codes(generator, n)[part], to="w+").codes
    num_layers, device = codes.shape[1], codes.device
    first = torch.randint(1, num_layers, (n, 1), device=device)
    takes = torch.rand(n, 1, device=device) < settings.mixing
    first = torch.where(takes, first, num_layers)[part]
    layers = torch.arange(num_layers, device=device)
    return torch.where((layers < first)[..., None], codes, other)


def grow(larger: Generator, smaller: Generator) -> None:
    """The last block starts without an image of its own, so the smaller image is only enlarged."""
    assert isinstance(larger, StyleGAN2)
    larger.load_state_dict(smaller.state_dict(), strict=False)
    nn.init.zeros_(list(larger.synthesis.blocks())[-1].torgb.weight)


def grow_critic(larger: Critic, smaller: Critic) -> None:
    """The larger image's branch starts at zero, so at first both judge alike."""
    assert isinstance(larger, MultiscaleCritic)
    assert isinstance(smaller, MultiscaleCritic)
    larger.grow_from(smaller)


def finish(generator: Generator, settings: GanSettings) -> None:
    """Measure the mean w, which truncation needs."""
    assert isinstance(generator, StyleGAN2)
    w = generator.map(generator.sample(10_000, seed=settings.seed), to="w").codes
    generator.mapping.w_avg.copy_(w.mean(dim=0))

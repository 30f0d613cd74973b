"""Training of DCGAN as published.

Radford et al. 2015, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks",
section 3: strided convolutions both ways, batch norm but at the image, ReLU in the generator and leaky ReLU in the
critic, no hidden dense layers, all weights from N(0, 0.02). Departs from the paper in the averaged weights.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ganatomy.critics.base import Critic
from ganatomy.critics.strided import StridedCritic
from ganatomy.generators.base import Generator
from ganatomy.generators.dcgan import DCGAN, DCGANConfig
from ganatomy.generators.stacks import Layer
from ganatomy.training.dcgan_r1 import codes, draw, finish, grow, grow_critic
from ganatomy.training.settings import GanSettings

__all__ = ["build", "codes", "draw", "finish", "grow", "grow_critic"]

DEVIATION = 0.02
"""Of the first weights: section 4."""


def build(settings: GanSettings, resolution: int) -> tuple[Generator, Critic]:
    """The networks of figure 1 and of their mirror image; `resolution` is that of the settings."""
    widths = settings.widths
    generator = DCGAN(DCGANConfig(layers=_layers(settings.z_dim, widths, settings.channels)))
    critic = StridedCritic(_critic_state(tuple(reversed(widths)), settings.channels))
    assert generator.signature.resolution == critic.resolution == resolution
    for module in generator.modules():
        if isinstance(module, nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, DEVIATION)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, DEVIATION)
    return generator, critic


def _layers(z_dim: int, widths: tuple[int, ...], channels: int) -> tuple[Layer, ...]:
    """A transposed convolution to each resolution from 4 pixels up, the last one to the image."""
    first = Layer(
        kind="deconv",
        in_channels=z_dim,
        out_channels=widths[0],
        kernel=4,
        norm=widths[0],
        bias=False,
        activation="relu",
    )
    hidden = [
        Layer(
            kind="deconv",
            in_channels=below,
            out_channels=width,
            kernel=4,
            stride=2,
            padding=1,
            norm=width,
            bias=False,
            activation="relu",
        )
        for below, width in pairwise(widths)
    ]
    image = Layer(kind="deconv", in_channels=widths[-1], out_channels=channels, kernel=4, stride=2, padding=1)
    return (first, *hidden, image)


def _critic_state(widths: tuple[int, ...], channels: int) -> dict[str, Tensor]:
    """First weights of the critic: a strided convolution for each width, norms but at the image, one number."""
    state = {"conv0.weight": torch.randn(widths[0], channels, 4, 4) * DEVIATION}
    state["conv0.bias"] = torch.zeros(widths[0])
    for index, (width, wider) in enumerate(pairwise(widths), start=1):
        state[f"conv{index}.weight"] = torch.randn(wider, width, 4, 4) * DEVIATION
        state[f"norm{index}.weight"] = 1 + torch.randn(wider) * DEVIATION
        state[f"norm{index}.bias"] = torch.zeros(wider)
        state[f"norm{index}.running_mean"] = torch.zeros(wider)
        state[f"norm{index}.running_var"] = torch.ones(wider)
    state["out.weight"] = torch.randn(1, widths[-1], 4, 4) * DEVIATION
    state["out.bias"] = torch.zeros(1)
    return state

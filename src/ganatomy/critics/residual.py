"""StyleGAN2's critic: residual blocks that halve the resolution by a smooth filter.

Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", figure 7 (residual nets) and table 1.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.critics.base import Critic
from ganatomy.critics.equalised import EqualConv, EqualisedCritic
from ganatomy.errors import SettingError
from ganatomy.generators.ops import lrelu
from ganatomy.generators.progressive import blur_3


def smooth(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h+1 w+1"]:
    """The binomial filter [1, 3, 3, 1] / 8 in both directions, with zeros outside the border.

    It is the mean of two pixels after the filter [1, 2, 1] / 4.
    """
    return blur_3(F.avg_pool2d(x, 2, stride=1, padding=1))


class ResidualDown(nn.Module):
    """Two convolutions at one resolution, the second to half of it, beside a branch of 1x1 pixels."""

    def __init__(self, width: int, next_width: int) -> None:
        super().__init__()
        self.conv0 = EqualConv(width, width, 3)
        self.conv1 = EqualConv(width, next_width, 3)
        self.skip_weight = nn.Parameter(torch.randn(next_width, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        # Every second pixel of the smooth image is the smooth image at half the size.
        branch = F.conv2d(smooth(x)[..., 1::2, 1::2], self.skip_weight / math.sqrt(x.shape[1]))
        conv1 = self.conv1
        x = F.conv2d(smooth(self.conv0(x)), conv1.weight * conv1.gain, conv1.bias, stride=2)
        return (lrelu(x) + branch) * math.sqrt(0.5)


class ResidualCritic(EqualisedCritic):
    """Images to realness logits by residual blocks; it cannot grow."""

    def add_blocks(self, widths: tuple[int, ...], channels: int) -> None:
        self.from_rgb = EqualConv(channels, widths[-1], 1)
        for i, resolution in enumerate(self.resolutions[1:], start=1):
            self.add_module(f"down{resolution}", ResidualDown(widths[i], widths[i - 1]))

    def seen(self, images: Tensor) -> list[Tensor]:
        x, seen = self.from_rgb(images), []
        for resolution in reversed(self.resolutions[1:]):
            x = getattr(self, f"down{resolution}")(x)
            seen.append(x)
        return seen or [x]

    def grow_from(self, smaller: Critic) -> None:
        raise SettingError("a residual critic cannot grow; give it one stage")

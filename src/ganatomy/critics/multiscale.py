"""The critic that this project trains: residual-free blocks that also see the image at every scale.

Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", figure 7 (input skips), with the minibatch
standard deviation of Karras et al. 2018, section 3. Every scale reads the image for itself, so a critic of small
images stays valid inside one of larger images: that is what lets a training run grow.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.critics.base import Critic
from ganatomy.generators.ops import EqualLinear, lrelu


class EqualConv(nn.Module):
    """A convolution with equalised learning rate and leaky ReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.gain = 1 / math.sqrt(in_channels * kernel**2)

    def forward(self, x: Tensor) -> Tensor:
        return lrelu(F.conv2d(x, self.weight * self.gain, self.bias, padding=self.weight.shape[-1] // 2))


class HalvingConv(EqualConv):
    """A convolution that averages 2x2 pixels on the way: kernel and average are one kernel, stepped by two."""

    def forward(self, x: Tensor) -> Tensor:
        weight = F.pad(self.weight * (self.gain / 4), (1, 1, 1, 1))
        shifts = [weight[..., i : i + 4, j : j + 4] for i in (0, 1) for j in (0, 1)]
        weight = torch.stack(shifts).sum(dim=0)
        return lrelu(F.conv2d(x, weight, self.bias, stride=2, padding=1))


class Down(nn.Module):
    """Two convolutions at one resolution, the second to half of it."""

    def __init__(self, width: int, next_width: int) -> None:
        super().__init__()
        self.conv0 = EqualConv(width, width, 3)
        self.conv1 = HalvingConv(width, next_width, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv1(self.conv0(x))


class MultiscaleCritic(Critic):
    """Images to realness logits.

    Args:
        widths: channels of each resolution, from 4 pixels up, as of the generator that it judges.
        channels: 1 or 3.
        group: images whose deviation is compared, so that a generator which draws one image is found out.
    """

    def __init__(self, widths: tuple[int, ...], channels: int, *, group: int = 4) -> None:
        super().__init__()
        self.resolutions = [2 ** (i + 2) for i in range(len(widths))]
        self.resolution, self.channels = self.resolutions[-1], channels
        self.description = f"a critic of {self.resolution} px"
        self.settings = {"widths": widths, "channels": channels, "group": group}
        self.group = group
        for i, resolution in enumerate(self.resolutions):
            self.add_module(f"from_rgb{resolution}", EqualConv(channels, widths[i], 1))
            if i:
                self.add_module(f"down{resolution}", Down(widths[i], widths[i - 1]))
        self.conv = EqualConv(widths[0] + 1, widths[0], 3)
        self.dense = EqualLinear(widths[0] * 16, widths[0])
        self.out = EqualLinear(widths[0], 1)

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
        x = self._down(images)[-1]

        # Judge, knowing how much the images of a batch differ.
        x = self.conv(torch.cat([x, self._deviation(x)], dim=1))
        return self.out(lrelu(self.dense(x.flatten(1))))[:, 0]

    def layers(self, images: Float[Tensor, "n c h w"]) -> list[Tensor]:
        seen = self._down(images)
        # Not of a batch, whose other images would change what is seen in one: as if all were the same.
        return [*seen, self.conv(F.pad(seen[-1], (0, 0, 0, 0, 0, 1)))]

    def _down(self, images: Tensor) -> list[Tensor]:
        """What is seen at each scale after the first, reading the image anew at each."""
        x = getattr(self, f"from_rgb{self.resolutions[-1]}")(images)
        seen = []
        for resolution in reversed(self.resolutions[1:]):
            x = getattr(self, f"down{resolution}")(x)
            images = F.avg_pool2d(images, 2)
            x = x + getattr(self, f"from_rgb{resolution // 2}")(images)
            seen.append(x)
        return seen or [x]

    def _deviation(self, x: Tensor) -> Tensor:
        """How far each image's neighbours in the batch lie apart, the same for all of a group."""
        group = math.gcd(len(x), self.group)
        groups = x.unflatten(0, (-1, group))
        deviation = (groups.var(dim=1, correction=0) + 1e-8).sqrt().mean(dim=(1, 2, 3))
        return deviation.repeat_interleave(group)[:, None, None, None].expand(-1, 1, *x.shape[2:])

    def grow_from(self, smaller: MultiscaleCritic) -> None:
        """Take over a critic of images half the size, so that at first this one judges exactly as that one did.

        The new resolution's branch starts at zero; the old one still reads the halved image by its own `from_rgb`.
        """
        self.load_state_dict(smaller.state_dict(), strict=False)
        branch: Down = getattr(self, f"down{self.resolutions[-1]}")
        nn.init.zeros_(branch.conv1.weight)

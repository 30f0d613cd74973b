"""What the critics that this project trains share: convolutions with equalised learning rate, and how they end.

Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and Variation", section 3 (deviation
over the batch) and 4.1 (equalised learning rate); Miyato and Koyama 2018, "cGANs with Projection Discriminator".
"""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.critics.base import Critic
from ganatomy.generators.ops import EqualLinear, lrelu
from ganatomy.generators.progressive import blur_3


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
    """Two convolutions at one resolution, the second to half of it.

    Args:
        blur: whether pixels are smoothed before they are halved (bilinear downsampling).
    """

    def __init__(self, width: int, next_width: int, *, blur: bool = False) -> None:
        super().__init__()
        self.blur = blur
        self.conv0 = EqualConv(width, width, 3)
        self.conv1 = HalvingConv(width, next_width, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv0(x)
        return self.conv1(blur_3(x) if self.blur else x)


def minibatch_deviation(x: Float[Tensor, "n c h w"], group: int) -> Float[Tensor, "n 1 h w"]:
    """How far each image's neighbours in the batch lie apart, the same for all of a group."""
    group = math.gcd(len(x), group)
    groups = x.unflatten(0, (-1, group))
    deviation = (groups.var(dim=1, correction=0) + 1e-8).sqrt().mean(dim=(1, 2, 3))
    return deviation.repeat_interleave(group)[:, None, None, None].expand(-1, 1, *x.shape[2:])


class EqualisedCritic(Critic):
    """Images to realness logits, by blocks that halve the resolution down to 4 pixels.

    Args:
        widths: channels of each resolution, from 4 pixels up, as of the generator that it judges.
        channels: 1 or 3.
        group: images whose deviation is compared, so that a generator which draws one image is found out.
        num_classes: whose images it judges by their class as well; 0 for none.
    """

    def __init__(
        self, widths: tuple[int, ...], channels: int, *, group: int = 4, num_classes: int = 0
    ) -> None:
        super().__init__()
        self.resolutions = [2 ** (i + 2) for i in range(len(widths))]
        self.resolution, self.channels = self.resolutions[-1], channels
        self.description = f"a critic of {self.resolution} px"
        self.settings = {"widths": widths, "channels": channels, "group": group, "num_classes": num_classes}
        self.group = group
        self.add_blocks(widths, channels)
        self.conv = EqualConv(widths[0] + 1, widths[0], 3)
        self.dense = EqualLinear(widths[0] * 16, widths[0])
        self.out = EqualLinear(widths[0], 1)
        self.embed = EqualLinear(num_classes, widths[0]) if num_classes else None

    @abstractmethod
    def add_blocks(self, widths: tuple[int, ...], channels: int) -> None:
        """Make the layers that lead from an image to 4 pixels."""

    @abstractmethod
    def seen(self, images: Float[Tensor, "n c h w"]) -> list[Tensor]:
        """What is seen at each resolution after the first, 4 pixels last."""

    @abstractmethod
    def grow_from(self, smaller: Critic) -> None:
        """Take over a critic of images half the size, so that at first this one judges exactly as that one did."""

    def forward(
        self, images: Float[Tensor, "n c h w"], labels: Float[Tensor, "n classes"] | None = None
    ) -> Float[Tensor, " n"]:
        return self.judge(self.read(images), labels)

    def alone(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
        return self.judge(self.read(images, group=1))

    def read(self, images: Float[Tensor, "n c h w"], *, group: int | None = None) -> Float[Tensor, "n f"]:
        """The features by which an image is judged, knowing how much the images of a batch differ.

        Args:
            images: in [-1, 1].
            group: images whose deviation is compared; 1 judges each image as if it were alone.
        """
        x = self.seen(images)[-1]
        x = self.conv(torch.cat([x, minibatch_deviation(x, group or self.group)], dim=1))
        return lrelu(self.dense(x.flatten(1)))

    def judge(
        self, features: Float[Tensor, "n f"], labels: Float[Tensor, "n classes"] | None = None
    ) -> Float[Tensor, " n"]:
        """Logits; of a class by the projection of the features on its embedding."""
        logits = self.out(features)[:, 0]
        if self.embed is None or labels is None:
            return logits
        return logits + (features * self.embed(labels)).sum(dim=1) / math.sqrt(features.shape[1])

    def layers(self, images: Float[Tensor, "n c h w"]) -> list[Tensor]:
        seen = self.seen(images)
        # Not of a batch, whose other images would change what is seen in one: as if all were the same.
        return [*seen, self.conv(F.pad(seen[-1], (0, 0, 0, 0, 0, 1)))]

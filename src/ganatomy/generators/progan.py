"""Progressive GAN: a plain stack of convolutions with equalised learning rate and pixel norms, from z alone.

Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and Variation"; the generator of its
table 2 as it stands when it is fully grown.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.base import Generator, Prior, Signature
from ganatomy.generators.construction import construct
from ganatomy.generators.ops import LRELU_GAIN, LRELU_SLOPE
from ganatomy.generators.progressive import EqualConv2d
from ganatomy.latents import Latents, Space


@dataclass(frozen=True, kw_only=True)
class ProGANConfig:
    """The sizes that fix a Progressive GAN; all but `num_classes` can be read off its weights.

    Args:
        widths: channels of each resolution, from 4 pixels up; their number fixes the resolution.
        num_classes: how many numbers of a label stand beside z at the first layer.
    """

    widths: tuple[int, ...]
    z_dim: int = 512
    num_classes: int = 0
    channels: int = 3

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))
        if not self.widths or min(self.widths) < 1:
            raise SettingError(
                f"widths {self.widths} must name at least one channel for every resolution from 4 up"
            )
        if self.z_dim < 1:
            raise SettingError(f"a label of {self.num_classes} numbers leaves {self.z_dim} for z")

    @property
    def resolution(self) -> int:
        return 2 ** (len(self.widths) + 1)


def pixel_norm(x: Float[Tensor, "n c *hw"]) -> Float[Tensor, "n c *hw"]:
    """Scale the features of every pixel to mean square 1: equation (1)."""
    return x / (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()


def activate(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    return pixel_norm(F.leaky_relu(x, LRELU_SLOPE))


class Start(nn.Module):
    """The dense layer from a code to 4x4 pixels."""

    def __init__(self, in_features: int, out_channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_features, 4, 4))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        # The gain is a quarter of the other layers', as in the code of the paper.
        self.scale = LRELU_GAIN / 4 / math.sqrt(in_features)

    def forward(self, z: Float[Tensor, "n i"]) -> Float[Tensor, "n o 4 4"]:
        return torch.einsum("ni,oihw->nohw", z, self.weight * self.scale) + self.bias[:, None, None]


class Block(nn.Module):
    """Both layers of one resolution; the first one starts from the code, or upsamples."""

    def __init__(self, config: ProGANConfig, index: int) -> None:
        super().__init__()
        width = config.widths[index]
        if index == 0:
            self.conv0 = Start(config.z_dim + config.num_classes, width)
        else:
            self.conv0 = EqualConv2d(config.widths[index - 1], width, upsample=True)
        self.conv1 = EqualConv2d(width, width)

    def forward(self, x: Tensor) -> Float[Tensor, "n c h w"]:
        x = activate(self.conv0(x))
        return activate(self.conv1(x))


class ProGAN(Generator):
    """A Progressive GAN generator with space z; its images are those of the last resolution.

    The layers that made images of lower resolutions while it grew are no part of it.
    """

    def __init__(self, config: ProGANConfig) -> None:
        super().__init__(
            Signature(
                architecture="ProGAN",
                z_dim=config.z_dim,
                resolution=config.resolution,
                channels=config.channels,
                num_classes=config.num_classes,
                spaces=(Space.Z,),
            )
        )
        self.config = config
        for index in range(len(config.widths)):
            self.add_module(f"b{2 ** (index + 2)}", Block(config, index))
        self.torgb = EqualConv2d(config.widths[-1], config.channels, kernel=1, gain=1.0)

    def blocks(self) -> Iterator[Block]:
        for index in range(len(self.config.widths)):
            yield getattr(self, f"b{2 ** (index + 2)}")

    def synthesize(self, latents: Latents) -> Float[Tensor, "n c h w"]:
        """Images of codes in z; of a conditional generator, with their labels."""
        x = latents.codes
        if self.config.num_classes:
            if latents.labels is None:
                raise SettingError(
                    f"this generator has {self.config.num_classes} classes; its codes need labels, as sample() draws"
                )
            x = torch.cat([x, latents.labels], dim=1)
        x = pixel_norm(x)
        for block in self.blocks():
            x = block(x)
        return self.torgb(x)

    @property
    def settings(self) -> dict[str, Any]:
        """What a file must record beside the weights."""
        return asdict(self.config)

    @classmethod
    def matches(cls, state: Mapping[str, Tensor]) -> bool:
        """Whether these are weights of a Progressive GAN generator, by the names that its layers carry."""
        return {"b4.conv0.weight", "b4.conv1.weight", "torgb.weight"} <= set(state)

    @classmethod
    def from_state(
        cls,
        state: Mapping[str, Tensor],
        *,
        prior: Prior | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Self:
        """Build the network that these weights describe, and fill it.

        Args:
            settings: what its file says of how it was built: `label_size` leaves no trace in the weights.

        Raises:
            CheckpointError: when weights are missing, left over, or of shapes that do not fit.
            SettingError: for a prior other than normal, which a Progressive GAN normalises away.
        """
        if prior not in (None, "normal"):
            raise SettingError(f"ProGAN draws z from a normal prior, not {prior!r}")
        num_classes = (settings or {}).get("label_size", 0)
        return construct(
            lambda: cls(read_config(state, num_classes=num_classes)), state, architecture="ProGAN"
        )


def read_config(state: Mapping[str, Tensor], *, num_classes: int = 0) -> ProGANConfig:
    """The sizes of a Progressive GAN, read off the shapes and names of its weights."""
    resolutions = sorted({int(m[1]) for k in state if (m := re.match(r"b(\d+)\.conv1\.weight$", k))})
    widths = tuple(state[f"b{resolution}.conv1.weight"].shape[0] for resolution in resolutions)
    if [2 ** (i + 2) for i in range(len(widths))] != resolutions:
        raise CheckpointError(
            f"a ProGAN needs every power of two from 4 up, these weights have {resolutions}"
        )
    return ProGANConfig(
        widths=widths,
        z_dim=state["b4.conv0.weight"].shape[1] - num_classes,
        num_classes=num_classes,
        channels=state["torgb.weight"].shape[0],
    )

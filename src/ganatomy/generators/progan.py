"""Progressive GAN: a plain stack of convolutions with equalised learning rate and pixel norms, from z alone.

Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and Variation"; the generator of its
table 2 as it stands when it is fully grown.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.architecture import NamedArchitecture, Pyramid, read_widths
from ganatomy.generators.base import Prior, Signature
from ganatomy.generators.class_inputs import likely_classes
from ganatomy.generators.ops import LRELU_GAIN, LRELU_SLOPE
from ganatomy.generators.progressive import EqualConv2d, blur_3
from ganatomy.latents import Latents, Space


@dataclass(frozen=True, kw_only=True)
class ProGANConfig(Pyramid):
    """The sizes that fix a Progressive GAN; all but `num_classes` and `blur` can be read off its weights.

    Args:
        blur: whether repeated pixels are smoothed (bilinear upsampling), which the paper's are not.
    """

    blur: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.z_dim < 1:
            raise SettingError(f"a label of {self.num_classes} numbers leaves {self.z_dim} for z")


def pixel_norm(x: Float[Tensor, "n c *hw"]) -> Float[Tensor, "n c *hw"]:
    """Scale the features of every pixel to mean square 1: equation (1)."""
    return x / (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()


def activate(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    return pixel_norm(F.leaky_relu(x, LRELU_SLOPE))


class FirstBlock(nn.Module):
    """The dense layer from a code to 4x4 pixels."""

    def __init__(self, in_features: int, out_channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_features, 4, 4))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        # The gain is a quarter of the other layers', as in the code of the paper.
        self.scale = LRELU_GAIN / 4 / math.sqrt(in_features)

    def forward(self, z: Float[Tensor, "n i"]) -> Float[Tensor, "n o 4 4"]:
        return torch.einsum("ni,oihw->nohw", z, self.weight * self.scale) + self.bias[:, None, None]


class ProGANBlock(nn.Module):
    """Both layers of one resolution; the first one starts from the code, or upsamples."""

    def __init__(self, config: ProGANConfig, index: int) -> None:
        super().__init__()
        width = config.widths[index]
        self.blur = config.blur and index > 0
        if index == 0:
            self.conv0 = FirstBlock(config.z_dim + config.num_classes, width)
        else:
            self.conv0 = EqualConv2d(config.widths[index - 1], width, upsample=True)
        self.conv1 = EqualConv2d(width, width)

    def forward(self, x: Tensor) -> Float[Tensor, "n c h w"]:
        x = self.conv0(x)
        x = activate(blur_3(x) if self.blur else x)
        return activate(self.conv1(x))


class ProGAN(NamedArchitecture):
    """A Progressive GAN generator with space z; its images are those of the last resolution.

    The layers that made images of lower resolutions while it grew are no part of it.
    """

    config_type = ProGANConfig
    options = frozenset({"num_classes"})
    recognised_by = frozenset({"b4.conv0.weight", "b4.conv1.weight", "torgb.weight"})

    def __init__(self, config: ProGANConfig) -> None:
        super().__init__(config)
        for index in range(len(config.widths)):
            self.add_module(f"b{2 ** (index + 2)}", ProGANBlock(config, index))
        self.torgb = EqualConv2d(config.widths[-1], config.channels, kernel=1, gain=1.0)

    def blocks(self) -> Iterator[ProGANBlock]:
        for index in range(len(self.config.widths)):
            yield getattr(self, f"b{2 ** (index + 2)}")

    def synthesize(self, latents: Latents) -> Float[Tensor, "n c h w"]:
        """Images of codes in z; of a conditional generator, with their labels."""
        *_, x = self.features(latents)
        return self.torgb(x)

    def _digest(self, state: dict[str, Tensor]) -> str:
        """The same weights make other images where these are smoothed."""
        digest = super()._digest(state)
        return hashlib.sha256(f"{digest} blur".encode()).hexdigest() if self.config.blur else digest

    def features(self, latents: Latents) -> Iterator[Float[Tensor, "n c h w"]]:
        """What each block makes of codes in z, from 4 pixels up."""
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
            yield x

    @classmethod
    def sign(cls, config: ProGANConfig) -> Signature:
        return Signature(
            architecture="ProGAN",
            z_dim=config.z_dim,
            resolution=config.resolution,
            channels=config.channels,
            num_classes=config.num_classes,
            spaces=(Space.Z,),
        )

    @classmethod
    def read_config(cls, state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> ProGANConfig:
        """The sizes of a Progressive GAN; `label_size` leaves no trace in the weights.

        Raises:
            CheckpointError: where the length of the input suggests classes, and nobody says.
        """
        num_classes, width = settings.get("label_size"), state["b4.conv0.weight"].shape[1]
        if num_classes is None and (number := likely_classes(width)):
            raise CheckpointError(
                f"has a first layer that takes {width} numbers, which may be z of {width - number} and one of {number} "
                f"classes; say which with num_classes={number} or num_classes=0"
            )
        return ProGANConfig(
            widths=read_widths(state, r"b(\d+)\.conv1\.weight", architecture="ProGAN"),
            z_dim=width - (num_classes or 0),
            num_classes=num_classes or 0,
            channels=state["torgb.weight"].shape[0],
        )

    @classmethod
    def from_state(
        cls,
        state: Mapping[str, Tensor],
        *,
        prior: Prior | None = None,
        settings: Mapping[str, Any] | None = None,
        num_classes: int | None = None,
    ) -> Self:
        """The same as of every architecture; `num_classes` is what the weights do not show."""
        said = {} if num_classes is None else {"label_size": num_classes}
        return super().from_state(state, prior=prior, settings={**(settings or {}), **said})

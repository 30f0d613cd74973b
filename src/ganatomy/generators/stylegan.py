"""StyleGAN: a mapping network, and a synthesis network that styles normalise and scale after every convolution.

Karras et al. 2019, "A Style-Based Generator Architecture for Generative Adversarial Networks"; the generator as it
stands when it is fully grown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.generators.architecture import Pyramid, read_widths
from ganatomy.generators.ops import LRELU_SLOPE, EqualLinear
from ganatomy.generators.progressive import EqualConv2d, blur_3
from ganatomy.generators.style_based import (
    MappingNetwork,
    StyleBasedGenerator,
    num_mapping_layers,
)
from ganatomy.latents import Latents

Noise = Literal["const", "none", "random"]
Start4x4 = Literal["constant", "dense"]


@dataclass(frozen=True, kw_only=True)
class StyleGANConfig(Pyramid):
    """The sizes that fix a StyleGAN, all of which can be read off its weights.

    Args:
        w_dim: length of w.
        mapping_layers: of the mapping network.
        mapping_dim: features between its layers.
        start: what the first block starts from: "constant", or "dense" for a map that is made from w, as in
            configuration C of the paper.
    """

    w_dim: int = 512
    mapping_layers: int = 8
    mapping_dim: int = 512
    start: Start4x4 = "constant"


class LabelMapping(MappingNetwork):
    """z to w; a label's embedding stands beside z, and both are normalised together."""

    def __init__(self, config: StyleGANConfig) -> None:
        super().__init__(
            z_dim=config.z_dim * (2 if config.num_classes else 1),
            w_dim=config.w_dim,
            num_layers=config.mapping_layers,
            hidden_dim=config.mapping_dim,
        )
        if config.num_classes:
            self.label_weight = nn.Parameter(torch.randn(config.num_classes, config.z_dim))

    def forward(
        self, z: Float[Tensor, "n z"], labels: Float[Tensor, "n classes"] | None
    ) -> Float[Tensor, "n w"]:
        if labels is not None:
            z = torch.cat([z, labels @ self.label_weight], dim=1)
        return super().forward(z, None)


def adaptive_norm(x: Float[Tensor, "n c h w"], style: Float[Tensor, "n 2*c"]) -> Float[Tensor, "n c h w"]:
    """Adaptive instance normalisation, equation (1), of every channel: `(1 + scale) (x - mean) / deviation + shift`."""
    scale, shift = style[:, :, None, None].chunk(2, dim=1)
    x = x - x.mean(dim=(2, 3), keepdim=True)
    variance = x.square().mean(dim=(2, 3), keepdim=True)
    return torch.addcmul(shift, x, (scale + 1) * (variance + 1e-8).rsqrt())


class StyledLayer(nn.Module):
    """Noise, bias, leaky ReLU and style, after a convolution or, where there are no `in_channels`, on their own."""

    noise_const: Tensor

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        config: StyleGANConfig,
        *,
        resolution: int,
        upsample: bool,
    ) -> None:
        super().__init__()
        if in_channels:
            self.conv = EqualConv2d(in_channels, out_channels, bias=False, upsample=upsample)
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.noise_weight = nn.Parameter(torch.zeros(out_channels))
        self.register_buffer("noise_const", torch.randn(resolution, resolution))
        self.affine = EqualLinear(config.w_dim, 2 * out_channels)

    def forward(self, x: Tensor, style: Float[Tensor, "n c2"], *, noise: Noise) -> Tensor:
        # Convolve, and smooth what repeated pixels have left.
        if hasattr(self, "conv"):
            x = self.conv(x)
            if self.conv.upsample:
                x = blur_3(x)

        # Noise, bias, activation, style.
        if noise == "const":
            x = x + self.noise_const * self.noise_weight[:, None, None]
        elif noise == "random":
            x = x + torch.randn_like(x[:, :1]) * self.noise_weight[:, None, None]
        x = F.leaky_relu(x + self.bias[:, None, None], LRELU_SLOPE)
        return adaptive_norm(x, style)


class DenseStart(nn.Module):
    """A first feature map that is made from w; as a layer's style, it is the map itself.

    Args:
        width: channels of the map.
        w_dim: length of w.
    """

    def __init__(self, width: int, w_dim: int) -> None:
        super().__init__()
        self.affine = EqualLinear(w_dim, width * 16)

    def forward(self, style: Float[Tensor, "n c16"]) -> Float[Tensor, "n c 4 4"]:
        return style.unflatten(1, (-1, 4, 4))


class StyleGANBlock(nn.Module):
    """Both layers of one resolution: `layer0` styles the learnt constant, or upsamples; `layer1` convolves."""

    def __init__(self, config: StyleGANConfig, index: int) -> None:
        super().__init__()
        resolution, width = 2 ** (index + 2), config.widths[index]
        below = config.widths[index - 1] if index else None
        if index == 0 and config.start == "dense":
            self.dense = DenseStart(width, config.w_dim)
        elif index == 0:
            self.const = nn.Parameter(torch.ones(width, 4, 4))
        self.layer0 = StyledLayer(below, width, config, resolution=resolution, upsample=True)
        self.layer1 = StyledLayer(width, width, config, resolution=resolution, upsample=False)

    def forward(self, x: Tensor, style0: Tensor, style1: Tensor, *, noise: Noise) -> Tensor:
        return self.layer1(self.layer0(x, style0, noise=noise), style1, noise=noise)


class StyleGANSynthesis(nn.Module):
    """Styles to an image: one block for each resolution from 4 up, and the image of the last one."""

    def __init__(self, config: StyleGANConfig) -> None:
        super().__init__()
        self.resolutions = [2 ** (index + 2) for index in range(len(config.widths))]
        for index, resolution in enumerate(self.resolutions):
            self.add_module(f"b{resolution}", StyleGANBlock(config, index))
        self.torgb = EqualConv2d(config.widths[-1], config.channels, kernel=1, gain=1.0)

    def blocks(self) -> Iterator[StyleGANBlock]:
        for resolution in self.resolutions:
            yield getattr(self, f"b{resolution}")

    def forward(self, styles: Iterator[Float[Tensor, "n c"]], *, noise: Noise) -> Float[Tensor, "n c h w"]:
        *_, x = self.features(styles, noise=noise)
        return self.torgb(x)

    def features(
        self, styles: Iterator[Float[Tensor, "n c"]], *, noise: Noise
    ) -> Iterator[Float[Tensor, "n c h w"]]:
        """What each block makes of the styles, from 4 pixels up."""
        blocks, each = list(self.blocks()), list(styles)
        first = blocks[0]
        x = (
            first.dense(each.pop(0))
            if hasattr(first, "dense")
            else first.const.expand(len(each[0]), -1, -1, -1)
        )
        for index, block in enumerate(blocks):
            x = block(x, each[2 * index], each[2 * index + 1], noise=noise)
            yield x


class StyleGAN(StyleBasedGenerator):
    """A StyleGAN generator with spaces z, w, w+ and s; its images are those of the last resolution.

    Each layer takes one code of w+; its style in s is the scale less 1 and the shift of every channel. The published
    images were truncated with psi 0.7 on the first 8 layers.
    """

    config_type = StyleGANConfig
    recognised_by = frozenset({"mapping.w_avg", "synthesis.b4.const", "synthesis.b4.layer0.noise_weight"})

    def __init__(self, config: StyleGANConfig) -> None:
        super().__init__(config)
        self.mapping = LabelMapping(config)
        self.synthesis = StyleGANSynthesis(config)

    def synthesize(self, latents: Latents, *, noise: Noise = "const") -> Float[Tensor, "n c h w"]:
        """Images of codes in z, w, w+ or s.

        Args:
            noise: "const" adds the noise that the weights carry, "none" adds none, "random" draws it anew (training).
        """
        return self.synthesis(self.styles(latents), noise=noise)

    def styled_layers(self) -> Iterator[tuple[int, StyledLayer | DenseStart]]:
        first = next(self.synthesis.blocks())
        if hasattr(first, "dense"):
            yield 0, first.dense
        layers = [layer for block in self.synthesis.blocks() for layer in (block.layer0, block.layer1)]
        yield from enumerate(layers)

    @classmethod
    def read_config(cls, state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> StyleGANConfig:
        """The sizes of a StyleGAN."""
        first = state["mapping.fc0.weight"]
        labels = state.get("mapping.label_weight")
        return StyleGANConfig(
            widths=read_widths(state, r"synthesis\.b(\d+)\.layer1\.bias", architecture="StyleGAN"),
            z_dim=first.shape[1] if labels is None else labels.shape[1],
            w_dim=len(state["mapping.w_avg"]),
            mapping_layers=num_mapping_layers(state),
            mapping_dim=first.shape[0],
            num_classes=0 if labels is None else labels.shape[0],
            channels=state["synthesis.torgb.weight"].shape[0],
        )

"""StyleGAN2: a mapping network, and a synthesis network whose convolutions are modulated by styles.

Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN"; with the parameter layout of Karras et al.
2020, "Training Generative Adversarial Networks with Limited Data", whose names the weights carry.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.architecture import Pyramid, read_widths
from ganatomy.generators.base import Prior
from ganatomy.generators.kernels import KernelModule
from ganatomy.generators.modulation import Finish, styled_conv2d
from ganatomy.generators.ops import LRELU_GAIN, EqualLinear
from ganatomy.generators.precision import DTYPES, Precision
from ganatomy.generators.style_based import StyleBasedGenerator, build_mapping, read_mapping
from ganatomy.generators.upsampling import binomial_filter, upsample_2x
from ganatomy.latents import Latents

Structure = Literal["skip", "residual", "original"]
Noise = Literal["const", "none", "random"]


@dataclass(frozen=True, kw_only=True)
class StyleGAN2Config(Pyramid):
    """The sizes that fix a StyleGAN2; all but `clamp` can be read off its weights.

    Args:
        w_dim: length of w.
        mapping_layers: of the mapping network.
        mapping_dim: features between its layers; None for as many as w has.
        embed_dim: features of a class label, which stand beside z; None for as many as w has.
        architecture: how images leave the network: "skip" sums an image of every resolution, "residual" and
            "original" take the last one, with and without residual branches.
        clamp: bound on activations, as models trained in half precision have; None for none.
        start: height and width of the learnt constant, which every further block doubles.
    """

    w_dim: int = 512
    mapping_layers: int = 8
    mapping_dim: int | None = None
    embed_dim: int | None = None
    architecture: Structure = "skip"
    clamp: float | None = None
    start: tuple[int, int] = (4, 4)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "start", tuple(self.start))
        if len(self.start) != 2 or min(self.start) < 1:
            raise SettingError(f"a constant of {self.start} pixels is none; give its height and width")

    def size_at(self, index: int) -> tuple[int, int]:
        """Height and width of the images of a block."""
        return self.start[0] << index, self.start[1] << index

    @property
    def resolution(self) -> int:
        return self.size[0]

    @property
    def size(self) -> tuple[int, int]:
        return self.size_at(len(self.widths) - 1)


class StyledConv(KernelModule):
    """Modulated 3x3 convolution, noise, bias, leaky ReLU."""

    noise_const: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        config: StyleGAN2Config,
        *,
        size: tuple[int, int],
        upsample: bool = False,
    ) -> None:
        super().__init__()
        self.affine = EqualLinear(config.w_dim, in_channels, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise_const", torch.randn(*size))
        self.upsample = upsample
        self.clamp = config.clamp
        self.pixels = config.size[0] * config.size[1]

    def forward(
        self, x: Tensor, styles: Float[Tensor, "n i"], *, noise: Noise, gain: float = LRELU_GAIN
    ) -> Tensor:
        finish = Finish(
            bias=self.bias, noise=self.noise_maps(len(styles), noise), gain=gain, clamp=self.clamp
        )
        return styled_conv2d(
            x, self.weight, styles, finish, upsample=self.upsample, frozen=self.frozen_kernel()
        )

    def noise_maps(self, n: int, noise: Noise) -> Float[Tensor, "#n h w"] | None:
        if noise == "none":
            return None
        maps = self.noise_const[None]
        if noise == "random":
            maps = torch.randn(n, *maps.shape[1:], device=maps.device, dtype=maps.dtype)
        return maps * self.noise_strength


class ToRGB(nn.Module):
    """Modulated 1x1 convolution to an image, without normalisation."""

    def __init__(self, in_channels: int, config: StyleGAN2Config) -> None:
        super().__init__()
        self.affine = EqualLinear(config.w_dim, in_channels, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(config.channels, in_channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(config.channels))
        self.clamp = config.clamp

    def forward(self, x: Tensor, styles: Float[Tensor, "n i"]) -> Tensor:
        # So few outputs: modulating their weights costs less than modulating the input.
        weight = self.weight[:, :, 0, 0] * (styles / math.sqrt(self.weight.shape[1]))[:, None]
        pixels = x.permute(0, 2, 3, 1).flatten(1, 2).transpose(1, 2)
        image = (weight.to(x.dtype) @ pixels).to(self.bias.dtype).unflatten(2, x.shape[2:])
        image = image + self.bias[:, None, None]
        return image if self.clamp is None else image.clamp(-self.clamp, self.clamp)


class ResidualSkip(nn.Module):
    """The 1x1 branch around a block of the residual architecture; it has neither bias nor style."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight / math.sqrt(self.weight.shape[1])
        return upsample_2x(F.conv2d(x, weight.to(x.dtype)))


class StyleGAN2Block(nn.Module):
    """All layers of one resolution: convolutions `conv0` (upsampling) and `conv1`, and the image `torgb`."""

    def __init__(self, config: StyleGAN2Config, index: int) -> None:
        super().__init__()
        size, width = config.size_at(index), config.widths[index]
        self.architecture = config.architecture
        self.first, self.last = index == 0, index == len(config.widths) - 1
        if self.first:
            self.const = nn.Parameter(torch.randn(width, *size))
        else:
            below = config.widths[index - 1]
            self.conv0 = StyledConv(below, width, config, size=size, upsample=True)
            if config.architecture == "residual":
                self.skip = ResidualSkip(below, width)
        self.conv1 = StyledConv(width, width, config, size=size)
        if self.last or config.architecture == "skip":
            self.torgb = ToRGB(width, config)

    def styled(self) -> Iterator[StyledConv | ToRGB]:
        """The layers that take a style, in the order in which they take it."""
        if not self.first:
            yield self.conv0
        yield self.conv1
        if hasattr(self, "torgb"):
            yield self.torgb

    def forward(
        self, x: Tensor, image: Tensor | None, styles: Iterator[Float[Tensor, "n c"]], *, noise: Noise
    ) -> tuple[Tensor, Tensor | None]:
        # Convolve, around a residual branch where the architecture has one.
        residual = self.architecture == "residual" and not self.first
        branch = self.skip(x) * math.sqrt(0.5) if residual else None
        if not self.first:
            x = self.conv0(x, next(styles), noise=noise)
        x = self.conv1(x, next(styles), noise=noise, gain=1.0 if residual else LRELU_GAIN)
        if branch is not None:
            x = x + branch

        # Add this resolution's image to the one from below.
        if image is not None:
            image = upsample_2x(image)
        if hasattr(self, "torgb"):
            rgb = self.torgb(x, next(styles))
            image = rgb if image is None else image + rgb
        return x, image


class StyleGAN2Synthesis(nn.Module):
    """Styles to an image, one block for each resolution from 4 up."""

    def __init__(self, config: StyleGAN2Config) -> None:
        super().__init__()
        self.resolutions = [2 ** (index + 2) for index in range(len(config.widths))]
        for index, resolution in enumerate(self.resolutions):
            self.add_module(f"b{resolution}", StyleGAN2Block(config, index))

    def blocks(self) -> Iterator[StyleGAN2Block]:
        for resolution in self.resolutions:
            yield getattr(self, f"b{resolution}")

    def forward(
        self, styles: Iterator[Float[Tensor, "n c"]], *, noise: Noise, dtype: torch.dtype | None = None
    ) -> Tensor:
        """The image, computed in this precision, or in that of the weights; it is summed up in the latter.

        In float16, as in the papers, the four highest resolutions are: lower ones cost little, and need its range.
        """
        blocks = list(self.blocks())
        x, image = blocks[0].const[None], None
        for index, block in enumerate(blocks):
            lowered = dtype is not None and (dtype != torch.float16 or index >= len(blocks) - 4)
            x = x.to(dtype if lowered else block.conv1.weight.dtype)
            x, image = block(x, image, styles, noise=noise)
        assert image is not None
        return image


class StyleGAN2(StyleBasedGenerator):
    """A StyleGAN2 generator with spaces z, w, w+ and s.

    In w+ a layer's code styles the convolutions of one step: `conv0` and `conv1` take one each, and a `torgb` takes
    that of the convolution after it.
    """

    precisions = get_args(Precision)
    config_type = StyleGAN2Config
    recognised_by = frozenset({"mapping.w_avg", "synthesis.b4.const", "synthesis.b4.conv1.affine.weight"})

    def __init__(self, config: StyleGAN2Config) -> None:
        super().__init__(config)
        self.mapping = build_mapping(config)
        self.synthesis = StyleGAN2Synthesis(config)
        # Depthwise filters are twice as fast so; weights that are loaded keep the layout.
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  (torch's stubs lack it)

    def synthesize(self, latents: Latents, *, noise: Noise = "const") -> Float[Tensor, "n c h w"]:
        """Images of codes in z, w, w+ or s.

        Args:
            noise: "const" adds the noise that the weights carry, "none" adds none, "random" draws it anew (training).
        """
        return self.synthesis(self.styles(latents), noise=noise, dtype=DTYPES[self.precision])

    def styled_layers(self) -> Iterator[tuple[int, StyledConv | ToRGB]]:
        row = 0
        for block in self.synthesis.blocks():
            convs = 1 if block.first else 2
            for offset, layer in enumerate(block.styled()):
                yield row + offset, layer
            row += convs

    @classmethod
    def read_config(cls, state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> StyleGAN2Config:
        """The sizes of a StyleGAN2; `conv_clamp` leaves no trace in the weights."""
        widths = read_widths(state, r"synthesis\.b(\d+)\.conv1\.weight", architecture="StyleGAN2")
        residual = any(".skip.weight" in name for name in state)
        skip = ("synthesis.b4.torgb.weight" in state and len(widths) > 1) or len(widths) == 1
        return StyleGAN2Config(
            **read_mapping(state),
            widths=widths,
            channels=state[f"synthesis.b{2 ** (len(widths) + 1)}.torgb.weight"].shape[0],
            architecture="residual" if residual else "skip" if skip else "original",
            clamp=settings.get("conv_clamp"),
            start=(state["synthesis.b4.const"].shape[1], state["synthesis.b4.const"].shape[2]),
        )

    @classmethod
    def from_state(
        cls,
        state: Mapping[str, Tensor],
        *,
        prior: Prior | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Self:
        """The same as of every architecture; files may carry the filter, which must be that of the paper."""
        filters = {name: tensor for name, tensor in state.items() if name.endswith("resample_filter")}
        usual = binomial_filter(device=torch.device("cpu"), dtype=torch.float32)
        for name, found in filters.items():
            if found.shape != usual.shape or not torch.allclose(found.float(), usual, atol=1e-4):
                raise CheckpointError(
                    f"was trained with a resampling filter of its own ({name!r}, {list(found.shape)}), and only "
                    "[1, 3, 3, 1] can be computed; ganatomy.wrap takes any module"
                )
        state = {name: tensor for name, tensor in state.items() if name not in filters}
        model = super().from_state(state, prior=prior, settings=settings)
        return model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  (torch's stubs lack it)

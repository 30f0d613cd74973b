"""StyleGAN2: a mapping network, and a synthesis network whose convolutions are modulated by styles.

Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN"; with the parameter layout of Karras et al.
2020, "Training Generative Adversarial Networks with Limited Data", whose names the weights carry.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.base import Prior, Signature
from ganatomy.generators.kernels import KernelModule
from ganatomy.generators.modulation import Finish, styled_conv2d
from ganatomy.generators.ops import LRELU_GAIN, EqualLinear, upsample_2x
from ganatomy.generators.precision import DTYPES, Precision
from ganatomy.generators.style_based import STYLE_SPACES, MappingNetwork, StyleBasedGenerator
from ganatomy.latents import Latents

Architecture = Literal["skip", "residual", "original"]
Noise = Literal["const", "none", "random"]


@dataclass(frozen=True, kw_only=True)
class StyleGAN2Config:
    """The sizes that fix a StyleGAN2; all but `clamp` can be read off its weights.

    Args:
        widths: channels of each resolution, from 4 pixels up; their number fixes the resolution.
        architecture: how images leave the network: "skip" sums an image of every resolution, "residual" and
            "original" take the last one, with and without residual branches.
        clamp: bound on activations, as models trained in half precision have; None for none.
    """

    widths: tuple[int, ...]
    z_dim: int = 512
    w_dim: int = 512
    mapping_layers: int = 8
    num_classes: int = 0
    channels: int = 3
    architecture: Architecture = "skip"
    clamp: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))
        if not self.widths or min(self.widths) < 1:
            raise SettingError(
                f"widths {self.widths} must name at least one channel for every resolution from 4 up"
            )

    @property
    def resolution(self) -> int:
        return 2 ** (len(self.widths) + 1)

    @property
    def num_layers(self) -> int:
        return 2 * len(self.widths)


class StyledConv(KernelModule):
    """Modulated 3x3 convolution, noise, bias, leaky ReLU."""

    noise_const: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        config: StyleGAN2Config,
        *,
        resolution: int,
        upsample: bool = False,
    ) -> None:
        super().__init__()
        self.affine = EqualLinear(config.w_dim, in_channels, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise_const", torch.randn(resolution, resolution))
        self.upsample = upsample
        self.clamp = config.clamp
        self.pixels = config.resolution**2

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


class Block(nn.Module):
    """All layers of one resolution: convolutions `conv0` (upsampling) and `conv1`, and the image `torgb`."""

    def __init__(self, config: StyleGAN2Config, index: int) -> None:
        super().__init__()
        resolution, width = 2 ** (index + 2), config.widths[index]
        self.architecture = config.architecture
        self.first, self.last = index == 0, index == len(config.widths) - 1
        if self.first:
            self.const = nn.Parameter(torch.randn(width, 4, 4))
        else:
            below = config.widths[index - 1]
            self.conv0 = StyledConv(below, width, config, resolution=resolution, upsample=True)
            if config.architecture == "residual":
                self.skip = ResidualSkip(below, width)
        self.conv1 = StyledConv(width, width, config, resolution=resolution)
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


class Synthesis(nn.Module):
    """Styles to an image, one block for each resolution from 4 up."""

    def __init__(self, config: StyleGAN2Config) -> None:
        super().__init__()
        self.resolutions = [2 ** (index + 2) for index in range(len(config.widths))]
        for index, resolution in enumerate(self.resolutions):
            self.add_module(f"b{resolution}", Block(config, index))

    def blocks(self) -> Iterator[Block]:
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

    def __init__(self, config: StyleGAN2Config) -> None:
        super().__init__(
            Signature(
                architecture="StyleGAN2",
                z_dim=config.z_dim,
                w_dim=config.w_dim,
                num_layers=config.num_layers,
                resolution=config.resolution,
                channels=config.channels,
                num_classes=config.num_classes,
                spaces=STYLE_SPACES,
            )
        )
        self.config = config
        self.mapping = MappingNetwork(
            z_dim=config.z_dim,
            w_dim=config.w_dim,
            num_layers=config.mapping_layers,
            num_classes=config.num_classes,
        )
        self.synthesis = Synthesis(config)
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

    @property
    def settings(self) -> dict[str, Any]:
        """What a file must record beside the weights."""
        return asdict(self.config)

    @classmethod
    def matches(cls, state: Mapping[str, Tensor]) -> bool:
        """Whether these are weights of a StyleGAN2 generator, by the names that its layers carry."""
        return {"mapping.w_avg", "synthesis.b4.const", "synthesis.b4.conv1.affine.weight"} <= set(state)

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
            settings: what its file says of how it was built: `conv_clamp` leaves no trace in the weights.

        Raises:
            CheckpointError: when weights are missing, left over, or of shapes that do not fit.
            SettingError: for a prior other than normal, which StyleGAN2 normalises away.
        """
        if prior not in (None, "normal"):
            raise SettingError(f"StyleGAN2 draws z from a normal prior, not {prior!r}")
        state = {k: v for k, v in state.items() if not k.endswith("resample_filter")}
        try:
            model = cls(read_config(state, clamp=(settings or {}).get("conv_clamp")))
            model.load_state_dict(state)
        except (KeyError, RuntimeError) as error:
            reason = str(error).splitlines()
            raise CheckpointError(
                f"weights look like StyleGAN2 but do not fit it: {' '.join(reason[:2])}"
            ) from None
        return model.eval().requires_grad_(False)


def read_config(state: Mapping[str, Tensor], *, clamp: float | None = None) -> StyleGAN2Config:
    """The sizes of a StyleGAN2, read off the shapes and names of its weights."""
    resolutions = sorted(
        {int(m[1]) for k in state if (m := re.match(r"synthesis\.b(\d+)\.conv1\.weight$", k))}
    )
    widths = tuple(state[f"synthesis.b{r}.conv1.weight"].shape[0] for r in resolutions)
    if [2 ** (i + 2) for i in range(len(widths))] != resolutions:
        raise CheckpointError(
            f"a StyleGAN2 needs every power of two from 4 up, these weights have {resolutions}"
        )
    w_dim = state["mapping.w_avg"].shape[0]
    num_classes = state["mapping.embed.weight"].shape[1] if "mapping.embed.weight" in state else 0
    residual = any(".skip.weight" in k for k in state)
    skip = ("synthesis.b4.torgb.weight" in state and len(widths) > 1) or len(widths) == 1
    return StyleGAN2Config(
        widths=widths,
        z_dim=state["mapping.fc0.weight"].shape[1] - (w_dim if num_classes else 0),
        w_dim=w_dim,
        mapping_layers=sum(bool(re.match(r"mapping\.fc\d+\.weight$", k)) for k in state),
        num_classes=num_classes,
        channels=state[f"synthesis.b{resolutions[-1]}.torgb.weight"].shape[0],
        architecture="residual" if residual else "skip" if skip else "original",
        clamp=clamp,
    )

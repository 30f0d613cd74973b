"""StyleGAN3: a synthesis network whose signals are continuous, so that details move with what they belong to.

Karras et al. 2021, "Alias-Free Generative Adversarial Networks": configurations t (translation) and r (and rotation),
with the parameter layout of the authors' weights.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators import conv3x3
from ganatomy.generators.alias_free import (
    Band,
    FilteredLeakyReLU,
    SeparableTerm,
    design_lowpass,
    separable_terms,
)
from ganatomy.generators.base import Prior
from ganatomy.generators.construction import construct
from ganatomy.generators.kernels import FrozenKernel, KernelModule, WinogradConv, power, strips, version_of
from ganatomy.generators.modulation import is_tracked
from ganatomy.generators.ops import LRELU_GAIN, EqualLinear
from ganatomy.generators.style_based import StyleBasedGenerator, build_mapping, read_mapping
from ganatomy.latents import Latents


@dataclass(frozen=True, kw_only=True)
class StyleGAN3Config:
    """The sizes that fix a StyleGAN3, and the frequencies that its filters are designed for.

    Args:
        widths: channels that each layer makes; the last are the image's, and the input has those of the first.
        mapping_dim: features between the layers of the mapping network; None for as many as w has.
        embed_dim: features of a class label, which stand beside z; None for as many as w has.
        kernel: pixels a side of all kernels but the last: 3 in configuration t, 1 in r.
        radial: whether downsampling filters treat all directions alike, as in r.
        first_cutoff: of the first layer, in cycles per image.
        first_stopband: of the first layer, in cycles per image.
        last_stopband_rel: the last stopband over the last cutoff, which is half the resolution.
        margin: pixels that signals reach beyond the image on each side, in samples of their own rate.
        num_critical: layers before the image that are sampled critically, for the sharpest details.
        filter_size: taps of a filter for each sample of its lower rate.
        lrelu_upsampling: how far above the layer's rate its activation is sampled.
        output_scale: what the last layer is multiplied by.
        clamp: bound on activations, None for none.
    """

    resolution: int
    widths: tuple[int, ...]
    z_dim: int = 512
    w_dim: int = 512
    mapping_layers: int = 2
    mapping_dim: int | None = None
    embed_dim: int | None = None
    num_classes: int = 0
    kernel: int = 3
    radial: bool = False
    first_cutoff: float = 2.0
    first_stopband: float = 2**2.1
    last_stopband_rel: float = 2**0.3
    margin: int = 10
    num_critical: int = 2
    filter_size: int = 6
    lrelu_upsampling: int = 2
    output_scale: float = 0.25
    clamp: float | None = 256.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))
        ranges = {
            "resolution": (4, 2**14), "kernel": (1, 15), "margin": (0, 256), "filter_size": (1, 64),
            "lrelu_upsampling": (1, 16), "num_critical": (0, len(self.widths) - 2),
        }  # fmt: skip
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not isinstance(value, int) or not low <= value <= high:
                raise SettingError(
                    f"{name}={value} of a StyleGAN3 with {len(self.widths)} layers must be a whole number "
                    f"from {low} to {high}"
                )
        if (
            not 0 < self.first_cutoff < self.first_stopband < math.inf
            or not 1 < self.last_stopband_rel < math.inf
        ):
            raise SettingError(
                f"first_cutoff={self.first_cutoff}, first_stopband={self.first_stopband} and "
                f"last_stopband_rel={self.last_stopband_rel} leave no band; a stopband lies above its cutoff"
            )

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images."""
        return self.resolution, self.resolution

    @property
    def num_layers(self) -> int:
        """Rows of w+: one for the input, one for each layer."""
        return len(self.widths) + 1

    @property
    def channels(self) -> int:
        """Of the image, which the last layer makes."""
        return self.widths[-1]

    def signals(self) -> list[Signal]:
        """What each layer makes: cutoffs and stopbands in geometric progression (section 3.2, equation 3)."""
        last, critical = len(self.widths) - 1, len(self.widths) - 1 - self.num_critical
        last_cutoff = self.resolution / 2
        last_stopband = last_cutoff * self.last_stopband_rel
        signals = []
        for index, channels in enumerate(self.widths):
            exponent = min(index / critical, 1.0)
            cutoff = self.first_cutoff * (last_cutoff / self.first_cutoff) ** exponent
            stopband = self.first_stopband * (last_stopband / self.first_stopband) ** exponent
            rate = 2 ** math.ceil(math.log2(min(2 * stopband, self.resolution)))
            signals.append(
                Signal(
                    channels=channels,
                    size=self.resolution if index >= last - 1 else rate + 2 * self.margin,
                    rate=rate,
                    cutoff=cutoff,
                    half_width=max(stopband, rate / 2) - cutoff,
                )
            )
        return signals


@dataclass(frozen=True, kw_only=True)
class Signal:
    """Feature maps as samples of a band-limited signal.

    Args:
        size: samples a side, with the margin.
        rate: samples for the width of the image.
        cutoff: highest frequency that is kept, in cycles per image.
        half_width: half of the transition above it.
    """

    channels: int
    size: int
    rate: int
    cutoff: float
    half_width: float


class FourierInput(nn.Module):
    """Waves of random directions and frequencies, turned and moved as w says, and mixed (section 3.2).

    The style is (cos, sin, x, y): a rotation, whatever the length of its vector, and a translation in image widths.
    `transform` is a user's own: it maps points of the image to points of the waves, before that of w.
    """

    freqs: Tensor
    phases: Tensor
    transform: Tensor

    def __init__(self, signal: Signal, *, w_dim: int) -> None:
        super().__init__()
        self.signal = signal
        # Frequencies spread evenly over the disc within the cutoff, nearly.
        freqs = torch.randn(signal.channels, 2)
        radii = torch.hypot(*freqs.split(1, dim=1))
        freqs = freqs / (radii * radii.square().exp().pow(0.25)) * signal.cutoff
        self.weight = nn.Parameter(torch.randn(signal.channels, signal.channels))
        self.affine = EqualLinear(w_dim, 4)
        with torch.no_grad():
            self.affine.weight.zero_()
            self.affine.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0]))
        self.register_buffer("transform", torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
        self.register_buffer("freqs", freqs)
        self.register_buffer("phases", torch.rand(signal.channels) - 0.5)

    def forward(self, styles: Float[Tensor, "n 4"]) -> Float[Tensor, "n c s s"]:
        # Where the waves are sampled: turned and moved back, which turns and moves the image.
        cos, sin, x, y = (styles / styles[:, :2].norm(dim=1, keepdim=True)).unbind(1)
        turn = torch.stack([cos, -sin, sin, cos], dim=1).view(-1, 2, 2)
        linear = torch.einsum("nij,jk->nik", turn, self.transform[:2, :2])
        shift = torch.einsum("nij,nj->ni", turn, self.transform[:2, 2] - torch.stack([x, y], dim=1))

        # Waves; those beyond the cutoff fade out towards the Nyquist frequency.
        freqs = torch.einsum("ci,nij->ncj", self.freqs, linear)
        phases = torch.einsum("ci,ni->nc", self.freqs, shift) + self.phases
        nyquist, cutoff = self.signal.rate / 2, self.signal.cutoff
        amplitudes = (1 - (freqs.norm(dim=2) - cutoff) / (nyquist - cutoff)).clamp(0, 1)
        steps = torch.arange(self.signal.size, device=freqs.device, dtype=freqs.dtype)
        position = (steps + 0.5 - self.signal.size / 2) / self.signal.rate
        x_waves = position * freqs[:, :, :1] + phases[:, :, None]
        waves = x_waves[:, :, None, :] + (position * freqs[:, :, 1:])[:, :, :, None]
        waves = (waves * (2 * math.pi)).sin() * amplitudes[:, :, None, None]

        # Mix.
        weight = self.weight / math.sqrt(self.weight.shape[1])
        return torch.einsum("oc,nchw->nohw", weight, waves)


class FilteredLayer(KernelModule):
    """Modulated convolution and filtered leaky ReLU (section 3.2, figure 4b)."""

    magnitude_ema: Tensor
    up_filter: Tensor | None
    down_filter: Tensor | None
    _terms: tuple[tuple[int, int], list[SeparableTerm]] | None = None

    def __init__(self, before: Signal, after: Signal, config: StyleGAN3Config, *, critical: bool) -> None:
        super().__init__()
        self.affine = EqualLinear(config.w_dim, before.channels, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(after.channels, before.channels, config.kernel, config.kernel))
        self.bias = nn.Parameter(torch.zeros(after.channels))
        self.register_buffer("magnitude_ema", torch.ones(()))
        self.pixels = config.resolution**2

        # Filters between the rates of both signals and that of the activation.
        rate = max(before.rate, after.rate) * config.lrelu_upsampling
        up, down = rate // before.rate, rate // after.rate
        up_taps, down_taps = (config.filter_size * factor if factor > 1 else 1 for factor in (up, down))
        up_filter = design_lowpass(
            up_taps, cutoff=before.cutoff, width=2 * before.half_width, sampling_rate=rate
        )
        down_filter = design_lowpass(
            down_taps,
            cutoff=after.cutoff,
            width=2 * after.half_width,
            sampling_rate=rate,
            radial=config.radial and not critical,
        )
        self.register_buffer("up_filter", up_filter)
        self.register_buffer("down_filter", down_filter)

        # The convolution sees zeros around its input; the centres of input and output coincide.
        wide = before.size + config.kernel - 1
        fine = (after.size - 1) * down + down_taps
        padding = fine + up_taps - 1 - wide * up
        upsampling = Band(in_size=wide, out_size=fine, up=up, num_taps=up_taps, offset=(padding + up) // 2)
        self.wanted = upsampling.wanted()
        self.activation = FilteredLeakyReLU(
            up=upsampling.cropped(),
            down=Band(in_size=fine, out_size=after.size, down=down, num_taps=down_taps),
            gain=LRELU_GAIN,
            clamp=config.clamp,
        )

    def forward(self, x: Float[Tensor, "n i h h"], styles: Float[Tensor, "n i"]) -> Float[Tensor, "n o s s"]:
        # Modulate and convolve.
        frozen = self.frozen_kernel()
        x = self._convolve(x, styles, frozen)

        # Demodulate and activate. The paper normalises weights and styles first, which cancels here.
        squares = power(self.weight) if frozen is None else frozen.power
        scale = (styles.square() @ squares.T).clamp_min(1e-30).rsqrt() * self.magnitude_ema.rsqrt()
        return self.activation(x, scale, self.bias, up_filter=self.up_filter, down_terms=self._down_terms())

    def _down_terms(self) -> list[SeparableTerm]:
        """The terms of the filter, found anew only after it has changed."""
        taps = self.down_filter
        if taps is None:
            return separable_terms(self.bias.new_ones(1))
        if torch.compiler.is_compiling():  # which cannot ask where a tensor lies
            return separable_terms(taps) if self._terms is None else self._terms[1]
        if self._terms is None or self._terms[0] != version_of(taps):
            self._terms = version_of(taps), separable_terms(taps)
        return self._terms[1]

    def _apply(self, *args: Any, **kwargs: Any) -> FilteredLayer:
        self._terms = None  # they lie where the filter lay
        super()._apply(*args, **kwargs)
        return self

    def _convolve(self, x: Tensor, styles: Tensor, frozen: FrozenKernel | None) -> Tensor:
        """What the filters will ask for of the convolution, whose input has zeros around it."""
        reach, size = self.weight.shape[-1] - 1, x.shape[-1]
        first, last = self.wanted.start - reach, self.wanted.stop
        inside = slice(max(first, 0), min(last, size))
        before, after = inside.start - first, last - inside.stop
        x = x[:, :, inside, inside]
        if reach == 0:
            weight = self.weight[:, :, 0, 0] * styles[:, None]
            return (weight @ x.flatten(2)).unflatten(2, x.shape[2:])

        # Tiles where they are quicker; what the last ones have beyond the wanted outputs is cut off.
        wanted = len(self.wanted)
        tiled = -(-wanted // conv3x3.OUT) * conv3x3.OUT
        if frozen is None or not conv3x3.pays(self.weight, tiled, tiled):
            x = F.pad(x * styles[:, :, None, None], (before, after, before, after))
            return F.conv2d(x, self.weight)
        if not is_tracked(x, styles):
            return self._in_strips(x, styles, frozen, before=before, tiled=tiled)
        after = tiled + conv3x3.OUT - before - x.shape[-1]
        x = F.pad(x * styles[:, :, None, None], (before, after, before, after))
        return WinogradConv.apply(x, frozen)[:, :, 1 : wanted + 1, 1 : wanted + 1]  # pyright: ignore[reportOptionalSubscript]

    def _in_strips(
        self, x: Tensor, styles: Tensor, frozen: FrozenKernel, *, before: int, tiled: int
    ) -> Tensor:
        """Some rows of the convolution at a time, so that what lies between its steps stays in the cache."""
        n, size, channels = len(x), len(self.wanted), len(self.weight)
        x = x.permute(0, 2, 3, 1)
        out = x.new_empty(n, channels, size, size)
        for images, rows in strips(n, tiled, tiled * max(channels, x.shape[3])):
            # Modulate, with zeros around.
            source = slice(max(rows.start - before, 0), max(rows.stop + 2 - before, 0))
            window = x[images, source]
            top = source.start + before - rows.start
            padded = x.new_zeros(len(window), rows.stop - rows.start + 2, tiled + 2, x.shape[3])
            inside = padded[:, top : top + window.shape[1], before : before + window.shape[2]]
            torch.mul(window, styles[images, None, None], out=inside)

            # Convolve.
            y = conv3x3.convolve(padded, frozen.points, channels)[:, : size - rows.start, :size]
            out[images, :, rows] = y.permute(0, 3, 1, 2)
        return out


class FinalLayer(nn.Module):
    """Modulated 1x1 convolution to an image, without normalisation or filters."""

    magnitude_ema: Tensor

    def __init__(self, before: Signal, channels: int, config: StyleGAN3Config) -> None:
        super().__init__()
        self.affine = EqualLinear(config.w_dim, before.channels, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(channels, before.channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("magnitude_ema", torch.ones(()))
        self.clamp = config.clamp

    def forward(self, x: Float[Tensor, "n i h h"], styles: Float[Tensor, "n i"]) -> Float[Tensor, "n o h h"]:
        # So few outputs: modulating their weights costs less than modulating the input.
        gain = self.magnitude_ema.rsqrt() / math.sqrt(self.weight.shape[1])
        weight = self.weight[:, :, 0, 0] * (styles * gain)[:, None]
        x = (weight @ x.flatten(2)).unflatten(2, x.shape[2:]) + self.bias[:, None, None]
        return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)


class StyleGAN3Synthesis(nn.Module):
    """Styles to an image: the waves, then layers named by their index, size and channels."""

    def __init__(self, config: StyleGAN3Config) -> None:
        super().__init__()
        signals = config.signals()
        self.output_scale = config.output_scale
        self.input = FourierInput(signals[0], w_dim=config.w_dim)
        self.layer_names = []
        last = len(signals) - 1
        for index, (before, after) in enumerate(zip([signals[0], *signals], signals, strict=False)):
            name = f"L{index}_{after.size}_{after.channels}"
            critical = index >= last - config.num_critical
            layer = (
                FinalLayer(before, after.channels, config)
                if index == last
                else FilteredLayer(before, after, config, critical=critical)
            )
            self.add_module(name, layer)
            self.layer_names.append(name)

    def layers(self) -> Iterator[FourierInput | FilteredLayer | FinalLayer]:
        """The input and all layers, in the order in which they take a style."""
        yield self.input
        for name in self.layer_names:
            yield getattr(self, name)

    def forward(self, styles: Iterator[Float[Tensor, "n c"]]) -> Float[Tensor, "n c h w"]:
        x = self.input(next(styles))
        for name, style in zip(self.layer_names, styles, strict=True):
            x = getattr(self, name)(x, style)
        return x * self.output_scale


class StyleGAN3(StyleBasedGenerator):
    """A StyleGAN3 generator with spaces z, w, w+ and s.

    The first row of w+ styles the input and each following one a layer. So a code in s begins with the four numbers
    of the input's rotation and translation.
    """

    config_type = StyleGAN3Config
    recognised_by = frozenset({"mapping.w_avg", "synthesis.input.freqs", "synthesis.input.affine.weight"})

    def __init__(self, config: StyleGAN3Config) -> None:
        super().__init__(config)
        self.mapping = build_mapping(config)
        self.synthesis = StyleGAN3Synthesis(config)

    def synthesize(self, latents: Latents) -> Float[Tensor, "n c h w"]:
        return self.synthesis(self.styles(latents))

    def styled_layers(self) -> Iterator[tuple[int, FourierInput | FilteredLayer | FinalLayer]]:
        return enumerate(self.synthesis.layers())

    @classmethod
    def read_config(cls, state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> StyleGAN3Config:
        """The sizes of a StyleGAN3, read off the shapes and names of its weights, and off the settings."""
        found = [m for k in state if (m := re.match(r"synthesis\.(L(\d+)_(\d+)_(\d+))\.weight$", k))]
        found.sort(key=lambda m: int(m[2]))
        if [int(m[2]) for m in found] != list(range(len(found))) or len(found) < 3:
            raise CheckpointError(f"has layers {[m[1] for m in found]}; a StyleGAN3 counts them from L0")
        return StyleGAN3Config(
            **read_mapping(state),
            resolution=int(found[-1][3]),
            widths=tuple(state[f"synthesis.{m[1]}.weight"].shape[0] for m in found),
            kernel=state[f"synthesis.{found[0][1]}.weight"].shape[-1],
            radial=any(k.endswith("down_filter") and tensor.ndim == 2 for k, tensor in state.items()),
            **read_settings(settings),
        )

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
            settings: what its file says of how it was built, by the authors' names. What leaves no trace in the
                weights, such as `conv_clamp` and `output_scale`, is as published unless it stands here.

        Raises:
            CheckpointError: when weights are missing, left over, or of shapes that do not fit, or were made for
                other frequencies than the settings say.
            SettingError: for a prior other than normal, which StyleGAN3 normalises away.
        """
        cls.check_prior(prior)
        config = cls.read_config(state, settings or {})
        designed: dict[str, Tensor] = {}

        def build() -> Self:
            model = cls(config)
            designed.update((n, b) for n, b in model.named_buffers() if n.endswith("_filter"))
            return model

        model = construct(build, state, architecture="StyleGAN3")
        for name, filter_ in designed.items():
            error = (model.get_buffer(name) - filter_).abs().max()
            if error > FILTER_TOLERANCE:
                raise CheckpointError(
                    f"{name} is not the filter that first_cutoff={config.first_cutoff}, first_stopband="
                    f"{config.first_stopband:.4g} and last_stopband_rel={config.last_stopband_rel:.4g} lead to; "
                    "weights of another design need a file that says how the network was built"
                )
        return model


FILTER_TOLERANCE = 1e-3
"""By how much a tap may differ from its design, as files in half precision do."""

SETTINGS = {
    "first_cutoff": "first_cutoff", "first_stopband": "first_stopband", "last_stopband_rel": "last_stopband_rel",
    "margin_size": "margin", "num_critical": "num_critical", "filter_size": "filter_size",
    "lrelu_upsampling": "lrelu_upsampling", "output_scale": "output_scale", "conv_clamp": "clamp",
}  # fmt: skip
"""The authors' names of what the weights do not tell, and ours."""
WHOLE_NUMBERS = {"margin_size", "num_critical", "filter_size", "lrelu_upsampling"}


def read_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a file says of its network beyond the weights, under our names."""
    known = {}
    for theirs, ours in SETTINGS.items():
        if theirs not in settings:
            continue
        value = settings[theirs]
        if value is None and theirs == "conv_clamp":
            known[ours] = None
            continue
        whole = theirs in WHOLE_NUMBERS
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            raise CheckpointError(f"says {theirs}={value!r}, which should be a {'whole ' * whole}number")
        known[ours] = value if whole else float(value)
    return known

"""Low-pass filters, and the leaky ReLU between two of them, which keep signals free of aliases.

Karras et al. 2021, "Alias-Free Generative Adversarial Networks", section 3 and appendix C.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from ganatomy.generators.ops import LRELU_SLOPE

SPAN = 32
"""Samples of the higher rate in a block of a band: enough for a fast matrix product, few enough to have few zeros."""
CACHED = 2**19
"""Numbers of an upsampled signal that are worked on at once, so that they stay in the processor's cache."""


def design_lowpass(
    num_taps: int, *, cutoff: float, width: float, sampling_rate: float, radial: bool = False
) -> Float[Tensor, "..."] | None:
    """A low-pass filter of sum 1 under a Kaiser window; a single tap is no filter, which is None.

    Frequencies are in cycles per unit of length. `[num_taps]` serves each axis in turn; a `radial` filter is
    `[num_taps, num_taps]`: the jinc function, which treats all directions alike.
    """
    if num_taps == 1:
        return None
    nyquist = sampling_rate / 2
    window = _kaiser(num_taps, width=width / nyquist)
    position = np.arange(num_taps) - (num_taps - 1) / 2
    if radial:
        from scipy.special import j1  # only these filters shall cost its import

        # The middle of a filter of odd length is a limit, which a radius close to zero takes.
        radius = np.maximum(np.hypot(position[:, None], position), 1e-9) / sampling_rate
        taps = j1(2 * np.pi * cutoff * radius) / radius * np.outer(window, window)
    else:
        taps = np.sinc(position * cutoff / nyquist) * window
    return torch.from_numpy((taps / taps.sum()).astype(np.float32))


def _kaiser(num_taps: int, *, width: float) -> np.ndarray:
    """The window whose filter passes from all to nothing within this width, in half sampling rates (Kaiser 1974)."""
    attenuation = 2.285 * (num_taps - 1) * np.pi * width + 7.95  # decibels
    if attenuation > 50:
        return np.kaiser(num_taps, 0.1102 * (attenuation - 8.7))
    over = max(attenuation - 21, 0.0)
    return np.kaiser(num_taps, 0.5842 * over**0.4 + 0.07886 * over)


@dataclass(frozen=True, kw_only=True)
class Band:
    """A change of sampling rate along one axis, as a matrix with a band: output o takes tap `offset + up i - down o`
    of a reversed filter from input i. Taps and inputs that are not there count as zero.

    The matrix consists of equal blocks along its band. Products with them skip the zeros that upsampling inserts, and
    keep a processor as busy as any matrix product does, where a depthwise convolution waits for memory.
    """

    in_size: int
    out_size: int
    num_taps: int
    up: int = 1
    down: int = 1
    offset: int = 0

    def first_input(self, output: int) -> int:
        return -((self.offset - self.down * output) // self.up)

    def last_input(self, output: int) -> int:
        return (self.num_taps - 1 + self.down * output - self.offset) // self.up

    def wanted(self) -> range:
        """The inputs that any output depends on."""
        first, last = self.first_input(0), self.last_input(self.out_size - 1)
        return range(max(first, 0), min(last + 1, self.in_size))

    def cropped(self) -> Band:
        """The same for a signal of which only the wanted inputs are there."""
        wanted = self.wanted()
        return replace(self, in_size=len(wanted), offset=self.offset + self.up * wanted.start)

    def transposed(self) -> Band:
        """The way of a gradient: the transposed matrix, whose filter is reversed once more."""
        offset = self.num_taps - 1 - self.offset
        return replace(
            self, in_size=self.out_size, out_size=self.in_size, up=self.down, down=self.up, offset=offset
        )

    @property
    def num_blocks(self) -> int:
        return max(-(-self.out_size * self.down // SPAN), 1)

    @property
    def block(self) -> int:
        """Outputs of a block, a multiple of `up` so that all blocks are alike."""
        return -(-self.out_size // (self.num_blocks * self.up)) * self.up

    @property
    def step(self) -> int:
        """Inputs from one block to the next."""
        return self.block * self.down // self.up

    @property
    def reach(self) -> int:
        """Inputs that a block depends on."""
        return self.last_input(self.block - 1) - self.first_input(0) + 1

    @property
    def before(self) -> int:
        """Zeros that stand before the first input, so that the first block is like the others; cropped if negative."""
        return -self.first_input(0)

    @property
    def padded_size(self) -> int:
        """Length of an input with the zeros before and after it that make all blocks alike."""
        return (self.num_blocks - 1) * self.step + self.reach

    def matrix(self, taps: Float[Tensor, " taps"]) -> Float[Tensor, "reach block"]:
        """One block of the matrix, for a reversed filter."""
        i = torch.arange(self.reach, device=taps.device)[:, None] + self.first_input(0)
        o = torch.arange(self.block, device=taps.device)
        tap = self.offset + self.up * i - self.down * o
        inside = (tap >= 0) & (tap < self.num_taps)
        return torch.where(inside, taps[tap.clamp(0, self.num_taps - 1)], torch.zeros_like(taps[:1]))

    def rows(self, x: Float[Tensor, "h p padded"], matrix: Tensor) -> Float[Tensor, "h p out"]:
        """Resample padded rows, to all outputs of whole blocks."""
        h, p, width = x.shape
        windows = x.as_strided((self.num_blocks, h * p, self.reach), (self.step, width, 1))
        blocks = matrix.expand(self.num_blocks, -1, -1)
        if torch.compiler.is_compiling():  # it chooses itself where to write
            return torch.bmm(windows, blocks).transpose(0, 1).reshape(h, p, -1)
        out = x.new_empty(h * p, self.num_blocks, self.block)
        torch.bmm(windows, blocks, out=out.transpose(0, 1))
        return out.view(h, p, -1)

    def columns(self, x: Float[Tensor, "padded p w"], matrix: Tensor) -> Float[Tensor, "out p w"]:
        """Resample padded columns, to all outputs of whole blocks."""
        width = x[0].numel()
        windows = x.as_strided((self.num_blocks, self.reach, width), (self.step * width, width, 1))
        out = torch.bmm(matrix.T.expand(self.num_blocks, -1, -1), windows)
        return out.view(-1, *x.shape[1:])

    def pad(self, planes: Float[Tensor, "p h w"]) -> Float[Tensor, "padded p padded"]:
        """Planes in the order that `rows` and `columns` want, with zeros around them."""
        size = self.padded_size
        out = planes.new_zeros(size, len(planes), size)
        inside = slice(self.before, self.before + self.in_size)
        out[inside, :, inside] = planes.transpose(0, 1)[: size - self.before, :, : size - self.before]
        return out


SeparableTerm = tuple[Float[Tensor, " t"], Float[Tensor, " t"]]
"""A reversed column and a reversed row of a filter."""


@dataclass(frozen=True, kw_only=True)
class FilteredLeakyReLU:
    """A leaky ReLU at a higher sampling rate: scale and bias, upsample, activate, clamp, downsample.

    Section 3.1 of the paper. The planes of a batch are worked on a few at a time, so that their upsampled signals stay
    in the processor's cache; a gradient computes them anew instead of keeping them.

    Args:
        up: from the signal to the temporary rate.
        down: from there to the result.
        gain: what activations are multiplied by.
        clamp: bound on them after that, None for none.
    """

    up: Band
    down: Band
    gain: float
    clamp: float | None = None

    def __call__(
        self,
        x: Float[Tensor, "n c h h"],
        scale: Float[Tensor, "n c"],
        bias: Float[Tensor, " c"],
        *,
        up_filter: Float[Tensor, " up_taps"] | None,
        down_terms: list[SeparableTerm],
    ) -> Float[Tensor, "n c out out"]:
        n, channels = x.shape[:2]
        up_taps = x.new_ones(1) if up_filter is None else up_filter.flip(0) * self.up.up
        planes = _Planes.apply(
            x.reshape(n * channels, *x.shape[2:]),
            scale.reshape(-1, 1, 1),
            bias.expand(n, channels).reshape(-1, 1, 1),
            _Plan(self, up_taps, [(column * self.gain, row) for column, row in down_terms]),
        )
        return planes.view(n, channels, *planes.shape[1:])


def separable_terms(taps: Float[Tensor, "*taps"]) -> list[SeparableTerm]:
    """Reversed columns and rows whose outer products sum up to a reversed filter.

    A radial filter of 12 taps has four such terms; the rest is below the precision of its numbers.
    """
    if taps.ndim == 1:
        return [(taps.flip(0), taps.flip(0))]
    u, s, v = torch.linalg.svd(taps.flip(0, 1).double())
    rank = int((s > 1e-7 * s[0]).sum())
    return list(zip((u * s)[:, :rank].T.to(taps.dtype), v[:rank].to(taps.dtype), strict=True))


class _Plan:
    """A filtered leaky ReLU with its filters: the steps of `_Planes`, there and back."""

    def __init__(
        self, op: FilteredLeakyReLU, up_taps: Tensor, down_terms: list[tuple[Tensor, Tensor]]
    ) -> None:
        # Upsampling makes all that downsampling reads, to the end of its last block.
        self.up = replace(op.up, out_size=op.down.padded_size)
        self.down = op.down
        self.up_matrix = self.up.matrix(up_taps)
        self.down_matrices = [tuple(map(self.down.matrix, term)) for term in down_terms]
        self.up_back, self.down_back = op.up.transposed(), op.down.transposed()
        self.up_taps, self.down_terms = up_taps, down_terms
        self.bound = None if op.clamp is None else op.clamp / op.gain

    def chunks(self, planes: Tensor) -> Iterator[slice]:
        """A few planes at a time; all of them on a device that has no such cache."""
        size = len(planes) if planes.is_cuda else CACHED // self.up.out_size**2
        for start in range(0, len(planes), max(size, 1)):
            yield slice(start, start + max(size, 1))

    def upsample(self, planes: Tensor) -> Tensor:
        return self.up.columns(self.up.rows(self.up.pad(planes), self.up_matrix), self.up_matrix)

    def activate(self, t: Tensor) -> Tensor:
        t = F.leaky_relu_(t, LRELU_SLOPE)
        return t if self.bound is None else t.clamp_(-self.bound, self.bound)

    def downsample(self, t: Tensor) -> Tensor:
        terms = [self.down.rows(self.down.columns(t, column), row) for column, row in self.down_matrices]
        size = self.down.out_size
        return sum(terms[1:], terms[0])[:size, :, :size].transpose(0, 1)

    def gradient(self, planes: Tensor, grad: Tensor) -> Tensor:
        """From the gradient of the result to that of the signal, after scale and bias."""
        # Downsampling, transposed.
        back, g = self.down_back, self.down_back.pad(grad)
        matrices = [[back.matrix(taps.flip(0)) for taps in term] for term in self.down_terms]
        terms = [back.columns(back.rows(g, row), column) for column, row in matrices]
        size = back.out_size
        g = sum(terms[1:], terms[0])[:size, :, :size]

        # The activation's slope, where it is not clamped.
        t = self.upsample(planes)[:size, :, :size]
        slope = torch.where(t > 0, 1.0, LRELU_SLOPE).to(g.dtype)
        if self.bound is not None:
            slope.masked_fill_((t > self.bound) | (t < -self.bound / LRELU_SLOPE), 0.0)
        g = (g * slope).transpose(0, 1)

        # Upsampling, transposed.
        back, size = self.up_back, self.up_back.out_size
        matrix = back.matrix(self.up_taps.flip(0))
        return back.rows(back.columns(back.pad(g), matrix), matrix)[:size, :, :size].transpose(0, 1)


class _Planes(torch.autograd.Function):
    """The filtered leaky ReLU of planes `[p, h, w]`, each with a scale and a bias of its own."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, bias: Tensor, plan: _Plan) -> Tensor:
        ctx.save_for_backward(x, scale, bias)
        ctx.plan = plan
        out = x.new_empty(len(x), plan.down.out_size, plan.down.out_size)
        for some in plan.chunks(x):
            t = plan.upsample(torch.addcmul(bias[some], x[some], scale[some]))
            out[some] = plan.downsample(plan.activate(t))
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        grad = grads[0]
        x, scale, bias = ctx.saved_tensors
        to_x, to_scale, to_bias = (torch.empty_like(tensor) for tensor in (x, scale, bias))
        for some in ctx.plan.chunks(x):
            g = ctx.plan.gradient(torch.addcmul(bias[some], x[some], scale[some]), grad[some])
            to_x[some] = g * scale[some]
            to_scale[some] = (g * x[some]).sum((1, 2), keepdim=True)
            to_bias[some] = g.sum((1, 2), keepdim=True)
        return to_x, to_scale, to_bias, None

"""Convolution kernels that stay as they are, with what can be computed from them once and used for every image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.generators import conv3x3
from ganatomy.generators.upsampling import compose

STRIP = 2**20
"""Outputs that are computed at a time on a processor: what lies between two steps then stays in its cache, and in
memory that is there already. The best of 2^16 to 2^21, over layers from 512 channels to 16."""


class FrozenKernel:
    """A kernel as it is now; `is_of` tells whether its weight has changed since.

    Args:
        pixels: of the images that its network draws, which say what is small.
    """

    def __init__(self, weight: Float[Tensor, "o i k k"], *, pixels: int = 0) -> None:
        self.weight = weight.detach()
        self.pixels = pixels
        self._keep = conv3x3.worth_keeping(weight, pixels)
        self._version = version_of(weight)
        self._lower: dict[torch.dtype, Tensor] = {}
        self._composed: dict[torch.dtype, Tensor] = {}

    def is_of(self, weight: Tensor) -> bool:
        return self._version == version_of(weight)

    @cached_property
    def power(self) -> Float[Tensor, "o i"]:
        return power(self.weight)

    def lower(self, dtype: torch.dtype) -> Float[Tensor, "o i k k"]:
        if dtype not in self._lower:
            self._lower[dtype] = lower(self.weight, dtype)
        return self._lower[dtype]

    def composed(self, dtype: torch.dtype) -> Tensor:
        """The kernel in that precision with the filter of an upsampling, as `upsampling.compose` makes it."""
        if dtype not in self._composed:
            kernel = self.weight if dtype == self.weight.dtype else self.lower(dtype)
            self._composed[dtype] = compose(kernel)
        return self._composed[dtype]

    @property
    def points(self) -> Iterable[Float[Tensor, "36 i o_block"]]:
        """The kernel as `conv3x3.convolve` takes it: kept, if it is small beside the images, else for this once."""
        return self._points if self._keep else conv3x3.transform_kernel(self.weight)

    @cached_property
    def _points(self) -> list[Float[Tensor, "36 i o"]]:
        return [torch.cat(list(conv3x3.transform_kernel(self.weight)), dim=2)]

    @cached_property
    def adjoint(self) -> FrozenKernel:
        """The kernel that carries gradients back through the convolution."""
        adjoint = FrozenKernel(self.weight.flip(2, 3).transpose(0, 1), pixels=self.pixels)
        adjoint.adjoint = self
        return adjoint


class KernelModule(nn.Module):
    """A module that keeps its `weight` prepared for as long as it stays the same.

    Args:
        pixels: of the images that its network draws.
    """

    weight: nn.Parameter
    pixels: int = 0
    _kernel: FrozenKernel | None = None

    def frozen_kernel(self) -> FrozenKernel | None:
        """The prepared weight; None while it learns, and where a compiler looks after such things."""
        if (torch.is_grad_enabled() and self.weight.requires_grad) or torch.compiler.is_compiling():
            self._kernel = None
        elif self._kernel is None or not self._kernel.is_of(self.weight):
            self._kernel = FrozenKernel(self.weight, pixels=self.pixels)
        return self._kernel

    def _apply(self, *args: Any, **kwargs: Any) -> KernelModule:
        # Another device or precision may put new numbers where the old ones lay.
        self._kernel = None
        return super()._apply(*args, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_kernel": None}


class WinogradConv(torch.autograd.Function):
    """Convolve with zeros around, by a kernel that takes no gradient itself; gradients are such convolutions again."""

    @staticmethod
    def forward(x: Float[Tensor, "n i h w"], kernel: FrozenKernel) -> Float[Tensor, "n o h w"]:
        n, _, height, width = x.shape
        channels = len(kernel.weight)
        padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
        out = x.new_empty(n, height, width, channels)
        for images, rows in strips(n, height, width * channels):
            window = padded[images, rows.start : rows.stop + 2]
            out[images, rows] = conv3x3.convolve(window, kernel.points, channels)
        return out.permute(0, 3, 1, 2)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, FrozenKernel], output: Tensor) -> None:  # noqa: ARG004
        ctx.kernel = inputs[1]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        assert ctx.kernel.is_of(ctx.kernel.weight), "the weight changed between image and gradient"
        return WinogradConv.apply(grads[0], ctx.kernel.adjoint), None  # pyright: ignore[reportReturnType]

    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor | None) -> Tensor:
        return WinogradConv.apply(tangents[0], ctx.kernel)  # pyright: ignore[reportReturnType]


def strips(n: int, height: int, row_size: int) -> Iterator[tuple[slice, slice]]:
    """Images and rows to work on at a time: several images if they are small, else some rows of one.

    Args:
        row_size: outputs for each row.
    """
    rows = max(STRIP // max(row_size, 1) // conv3x3.OUT * conv3x3.OUT, conv3x3.OUT)
    images = max(rows // height, 1)
    for first in range(0, n, images):
        for top in range(0, height, rows):
            yield slice(first, min(first + images, n)), slice(top, min(top + rows, height))


def power(weight: Float[Tensor, "o i k k"]) -> Float[Tensor, "o i"]:
    """Sum of squares over the taps, which demodulation needs."""
    return weight.square().sum(dim=(2, 3))


def lower(weight: Float[Tensor, "o i k k"], dtype: torch.dtype) -> Float[Tensor, "o i k k"]:
    """The kernel in lower precision, divided by the root of its fan-in so that no sum leaves the range of the type."""
    return (weight / fan_in(weight) ** 0.5).to(dtype)


def fan_in(weight: Float[Tensor, "o i k k"]) -> int:
    return weight[0].numel()


def version_of(weight: Tensor) -> tuple[int, int]:
    """Another one after the tensor was written to, or replaced."""
    return weight.data_ptr(), weight._version  # noqa: SLF001 (torch has no other)

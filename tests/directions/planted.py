"""Generators in which a dominant direction, or a channel of s, was planted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganatomy.generators.base import Signature
from ganatomy.generators.ops import EqualLinear
from ganatomy.generators.style_based import STYLE_SPACES, MappingNetwork, StyleBasedGenerator
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.geometry import qr
from ganatomy.latents import Latents

W_DIM = 16


def stylegan2(widths: tuple[int, ...] = (8, 8, 8)) -> StyleGAN2:
    torch.manual_seed(0)
    config = StyleGAN2Config(widths=widths, z_dim=12, w_dim=W_DIM, mapping_layers=2)
    return StyleGAN2(config).eval()


def unit(index: int, dim: int = W_DIM) -> Tensor:
    """A fixed random direction of its own for each index, at right angles to the others."""
    frame = qr(torch.randn(dim, dim, generator=torch.Generator().manual_seed(9)))[0]
    return frame[:, index]


@torch.no_grad()
def plant(model: StyleBasedGenerator, direction: Tensor, rows: range, *, strength: float = 20.0) -> None:
    """Let the styles of these rows of w+ answer to one direction far more than to any other."""
    for row, layer in model.styled_layers():
        if row in rows:
            weight = layer.affine.weight
            weight += strength * torch.randn(len(weight), 1) * direction


class Painter(StyleBasedGenerator):
    """Images that are a sum of patterns, each as strong as one channel of s; styles are w times a matrix."""

    def __init__(self, patterns: Tensor, affines: list[Tensor]) -> None:
        w_dim = affines[0].shape[1]
        super().__init__(
            Signature(
                architecture="Painter",
                z_dim=w_dim,
                w_dim=w_dim,
                num_layers=len(affines),
                resolution=patterns.shape[-1],
                channels=1,
                spaces=STYLE_SPACES,
            )
        )
        self.mapping = StraightMapping(w_dim)
        self.layers = nn.ModuleList(Affine(affine) for affine in affines)
        self.register_buffer("patterns", patterns)

    @classmethod
    def read_config(cls, state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> Signature:
        raise NotImplementedError("no file holds a painter")

    def styled_layers(self) -> Iterator[tuple[int, Affine]]:
        yield from enumerate(self.layers)  # type: ignore[misc]

    def synthesize(self, latents: Latents) -> Tensor:
        return torch.einsum("ns,shw->nhw", torch.cat(list(self.styles(latents)), 1), self.patterns)[:, None]


class Affine(nn.Module):
    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.affine = EqualLinear(weight.shape[1], weight.shape[0])
        with torch.no_grad():
            self.affine.weight.copy_(weight * weight.shape[1] ** 0.5)


class StraightMapping(MappingNetwork):
    """w is z."""

    def __init__(self, dim: int) -> None:
        super().__init__(z_dim=dim, w_dim=dim, num_layers=0)

    def forward(self, z: Tensor, labels: Tensor | None) -> Tensor:
        return z

"""The operations that style-based generators share, exact and without compiled extensions.

A feature map is `[n, channels, height, width]`. Weights are stored at unit variance and scaled when used, the equalised
learning rate of Karras et al. 2018 (section 4.1).
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

LRELU_SLOPE = 0.2
LRELU_GAIN = math.sqrt(2)


def lrelu(
    x: Float[Tensor, "*shape"], *, gain: float = LRELU_GAIN, clamp: float | None = None
) -> Float[Tensor, "*shape"]:
    """Leaky ReLU whose gain keeps the variance of its input, clamped to `gain * clamp` where a model asks for it."""
    x = F.leaky_relu(x, LRELU_SLOPE) * gain
    if clamp is None:
        return x
    bound = clamp * gain / LRELU_GAIN
    return x.clamp(-bound, bound)


def normalize_second_moment(x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    """Scale every row to mean square 1: the pixel norm of Karras et al. 2018, equation (1)."""
    return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()


class EqualLinear(nn.Module):
    """A dense layer `y = x Wᵀ + b` with equalised learning rate; `lr_multiplier` slows it, as in mapping networks."""

    def __init__(
        self, in_features: int, out_features: int, *, bias_init: float = 0.0, lr_multiplier: float = 1.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features) / lr_multiplier)
        self.bias = nn.Parameter(torch.full((out_features,), bias_init / lr_multiplier))
        self.lr_multiplier = lr_multiplier

    def forward(self, x: Float[Tensor, "n i"]) -> Float[Tensor, "n o"]:
        gain = self.lr_multiplier / math.sqrt(self.weight.shape[1])
        return F.linear(x, self.weight * gain, self.bias * self.lr_multiplier)

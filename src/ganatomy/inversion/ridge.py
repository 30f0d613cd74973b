"""A linear encoder: from the features of an image to its code, in closed form from the generator's own images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import SettingError
from ganatomy.inversion.likeness import Likeness

SIDE = 16
"""Pixels a side that the encoder sees of an image."""

SKETCH = 512
"""Numbers that the perceptual features are summed up in."""

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
"""Of ridge regression, as shares of the number of images; the best on held-out images is taken."""

HELD_OUT = 0.1

SEED = 0x41D6E


@dataclass(frozen=True, kw_only=True, eq=False)
class RidgeEncoder:
    """`u = weight @ features + bias`, where u are coordinates of codes.

    Args:
        weight: of features, as `encoder_features` computes them.
        bias: of the coordinates.
        explained: share of the variance of u, over held-out images of the generator, that it explains.
    """

    weight: Float[Tensor, "r f"]
    bias: Float[Tensor, " r"]
    explained: float

    def __call__(self, features: Float[Tensor, "n f"]) -> Float[Tensor, "n r"]:
        return features.to(self.weight) @ self.weight.T + self.bias


def encoder_features(images: Float[Tensor, "n c h w"], likeness: Likeness) -> Float[Tensor, "n f"]:
    """Coarse pixels, and a sketch of the perceptual features.

    Squared distances of sketches are those of the features, in expectation (Charikar et al. 2002: each feature is added
    to one of `SKETCH` sums, with a random sign).
    """
    side = min(SIDE, *images.shape[2:])
    coarse = F.adaptive_avg_pool2d(images, side).flatten(1)
    if likeness.perceptual is None:
        return coarse
    vectors = likeness.perceptual.embed(images)
    random = torch.Generator().manual_seed(SEED)
    sums = torch.randint(SKETCH, vectors.shape[1:], generator=random).to(vectors.device)
    signs = torch.randint(2, vectors.shape[1:], generator=random).to(vectors) * 2 - 1
    sketch = vectors.new_zeros(len(vectors), SKETCH).index_add_(1, sums, vectors * signs)
    return torch.cat([coarse, sketch], dim=1)


def fit_ridge(features: Float[Tensor, "n f"], u: Float[Tensor, "n r"]) -> RidgeEncoder:
    """Ridge regression, with the penalty that is best on the last tenth of the images.

    Args:
        features: of images.
        u: their coordinates.

    Returns:
        The encoder, fitted to all images with that penalty.

    Raises:
        SettingError: for fewer than 20 images.
    """
    if len(u) < 20:
        raise SettingError(f"an encoder cannot be fitted to {len(u)} images; give at least 20")
    x, y = features.double().cpu(), u.double().cpu()
    scale = x.std(0)
    scale = torch.where(scale > 1e-6 * scale.max().clamp(min=1e-12), 1 / scale, 0)
    kept = len(x) - max(round(HELD_OUT * len(x)), 1)
    tried = [_solve(x[:kept], y[:kept], scale)(penalty) for penalty in PENALTIES]
    errors = [float((x[kept:] @ w.T + b - y[kept:]).square().mean()) for w, b in tried]
    best = min(range(len(PENALTIES)), key=errors.__getitem__)
    weight, bias = _solve(x, y, scale)(PENALTIES[best])
    variance = float((y[kept:] - y[:kept].mean(0)).square().mean())
    return RidgeEncoder(
        weight=weight.to(u), bias=bias.to(u), explained=1 - errors[best] / max(variance, 1e-12)
    )


def _solve(x: Tensor, y: Tensor, scale: Tensor) -> Callable[[float], tuple[Tensor, Tensor]]:
    """From a penalty to weight and bias, for features that are brought to unit variance first."""
    x_mean, y_mean = x.mean(0), y.mean(0)
    z = (x - x_mean) * scale
    gram, right = z.T @ z, z.T @ (y - y_mean)

    def solve(penalty: float) -> tuple[Tensor, Tensor]:
        ridge = penalty * len(x) * torch.eye(len(gram), dtype=gram.dtype)
        weight = (scale[:, None] * torch.linalg.solve(gram + ridge, right)).T
        return weight, y_mean - weight @ x_mean

    return solve

"""What keeps a critic smooth, and a generator well conditioned."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

PATH_DECAY = 0.01
"""How fast the mean path length follows: appendix B of Karras et al. 2020."""


def gradient_penalty(logits: Float[Tensor, " n"], images: Float[Tensor, "n c h w"]) -> Float[Tensor, ""]:
    """The mean squared norm of the critic's gradient at these images, which must require gradients.

    Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?": `2 / gamma` times R1 (equation 9)
    on real images, R2 (equation 10) on generated ones.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()


def slope_penalty(logits: Float[Tensor, " n"], images: Float[Tensor, "n c h w"]) -> Float[Tensor, ""]:
    """How far the norm of the critic's gradient at these images is from 1, squared.

    Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", equation (3).

    Args:
        logits: of the images.
        images: between real and generated ones, which must require gradients.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def between(
    real: Float[Tensor, "m c h w"], fake: Float[Tensor, "m c h w"], n: int, *, part: slice
) -> Float[Tensor, "m c h w"]:
    """Random points on the lines from real to generated images, for `slope_penalty`.

    Args:
        n: images of the whole batch, for which random numbers are drawn.
        part: of it, which these images are.
    """
    share = torch.rand(n, 1, 1, 1, device=real.device)[part]
    return torch.lerp(real, fake, share).requires_grad_(True)


def path_lengths(
    images: Float[Tensor, "n c h w"], codes: Float[Tensor, "n l d"], directions: Float[Tensor, "n c h w"]
) -> Float[Tensor, " n"]:
    """How far a step in w moves an image along a random direction: `|Jᵀy|`, the root of a mean over layers.

    Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", equation (4).

    Args:
        images: of the codes, with gradients.
        codes: in w+.
        directions: y, a normal number for each pixel; the lengths are of y over the root of the number of pixels.
    """
    scale = 1 / math.sqrt(images.shape[2] * images.shape[3])
    (gradient,) = torch.autograd.grad((images * directions).sum() * scale, codes, create_graph=True)
    return gradient.square().sum(dim=2).mean(dim=1).sqrt()


class PathLengthPenalty(nn.Module):
    """The squared distance of path lengths from their mean so far, equation (4) of Karras et al. 2020."""

    mean: Float[Tensor, ""]

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, lengths: Float[Tensor, " n"]) -> Float[Tensor, ""]:
        return (lengths - self.mean).square().mean()

    @torch.no_grad()
    def follow(self, mean: Float[Tensor, ""]) -> None:
        """Move the mean a little towards that of these lengths."""
        self.mean.lerp_(mean, PATH_DECAY)

"""What keeps a critic smooth."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def gradient_penalty(logits: Float[Tensor, " n"], images: Float[Tensor, "n c h w"]) -> Float[Tensor, ""]:
    """The mean squared norm of the critic's gradient at these images, which must require gradients.

    Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?": `2 / gamma` times R1 (equation 9)
    on real images, R2 (equation 10) on generated ones.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()

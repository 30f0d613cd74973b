"""The losses of generator and critic, and what keeps the critic smooth: plain functions of logits.

A critic gives larger logits to images that it takes for real. Where it gives several to an image, one a column, all
count alike.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def critic_loss(real: Float[Tensor, "n *k"], fake: Float[Tensor, "n *k"]) -> Float[Tensor, ""]:
    """The cross-entropy of real against generated images.

    Goodfellow et al. 2014, "Generative Adversarial Nets", equation (1): `-log D(x) - log(1 - D(G(z)))`, with
    `D = sigmoid(logit)`.
    """
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_loss(fake: Float[Tensor, "n *k"]) -> Float[Tensor, ""]:
    """The non-saturating loss `-log D(G(z))`, Goodfellow et al. 2014, section 3."""
    return F.softplus(-fake).mean()


def gradient_penalty(logits: Float[Tensor, "n *k"], images: Float[Tensor, "n c h w"]) -> Float[Tensor, ""]:
    """The mean squared norm of the critic's gradient at these images, which must require gradients.

    Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?": `2 / gamma` times R1 (equation 9)
    on real images, R2 (equation 10) on generated ones.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()

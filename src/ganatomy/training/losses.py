"""Adversarial losses: what the critic and the generator go down, as plain functions of logits.

A critic gives larger logits to images that it takes for real. `LOSSES` has each loss by the name that settings give it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

Loss = Callable[[Float[Tensor, " n"], Float[Tensor, " n"]], Float[Tensor, ""]]
"""A mean over logits of real images and logits of generated ones, in this order."""


@dataclass(frozen=True, kw_only=True)
class AdversarialLoss:
    """A game of two losses.

    Args:
        critic: that the critic minimises.
        generator: that the generator minimises.
        relative: whether the generator's loss depends on the logits of real images.
    """

    critic: Loss
    generator: Loss
    relative: bool = False


def critic_cross_entropy(real: Float[Tensor, " n"], fake: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """The cross-entropy of real against generated images.

    Goodfellow et al. 2014, "Generative Adversarial Nets", equation (1): `-log D(x) - log(1 - D(G(z)))`, with
    `D = sigmoid(logit)`.
    """
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_cross_entropy(real: Float[Tensor, " n"], fake: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """The non-saturating loss `-log D(G(z))`, Goodfellow et al. 2014, section 3."""
    return F.softplus(-fake).mean()


def critic_pairing(real: Float[Tensor, " n"], fake: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """How badly the critic tells the real image of each pair from the generated one.

    Jolicoeur-Martineau 2019, "The relativistic discriminator"; Huang et al. 2024, "The GAN is dead; long live the GAN!
    A Modern GAN Baseline", equation (2), with `f(t) = -log(1 + exp(-t))`: a generator that leaves out a kind of image
    is found out in the pairs with that kind, so it cannot stay at a few kinds.
    """
    return F.softplus(fake - real).mean()


def generator_pairing(real: Float[Tensor, " n"], fake: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """The loss of `critic_pairing` with the roles of both images exchanged."""
    return F.softplus(real - fake).mean()


LOSSES: dict[str, AdversarialLoss] = {
    "non-saturating": AdversarialLoss(critic=critic_cross_entropy, generator=generator_cross_entropy),
    "relativistic": AdversarialLoss(critic=critic_pairing, generator=generator_pairing, relative=True),
}

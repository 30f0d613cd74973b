"""Adversarial losses: what the critic and the generator go down, as plain functions of logits.

A critic gives larger logits to images that it takes for real. `LOSSES` has each loss by the name that settings give it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.critics.informed import ReadCodes
from ganatomy.latents import Latents

CONTINUOUS = 0.1
"""Weight of continuous codes beside the categorical one: appendix C of InfoGAN's paper."""

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


def critic_wasserstein(real: Float[Tensor, " n"], fake: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """The estimate of the earth mover's distance, turned around: `E[D(G(z))] - E[D(x)]`.

    Arjovsky et al. 2017, "Wasserstein GAN", equation (2); it needs a penalty that keeps the critic's slope near 1.
    """
    return fake.mean() - real.mean()


def generator_wasserstein(real: Float[Tensor, " n"], fake: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """What the generator can change of `critic_wasserstein`: `-E[D(G(z))]`."""
    return -fake.mean()


def critic_hinge(real: Float[Tensor, " n"], fake: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """The hinge loss of images that are not clearly told apart: `E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))]`.

    Lim and Ye 2017, "Geometric GAN", equation (4); Miyato et al. 2018, "Spectral Normalization", equation (16).
    The generator's loss is that of `generator_wasserstein`.
    """
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def code_loss(told: ReadCodes, latents: Latents) -> Float[Tensor, ""]:
    """How badly an image tells the codes that made it: the mutual information's lower bound, turned around.

    Chen et al. 2016, "InfoGAN", equation (5), without the entropy of the codes, which is constant: the cross-entropy
    of the category, plus `CONTINUOUS` times the Gaussian log likelihood of the continuous codes at deviation 1.

    Args:
        told: what Q reads from the images.
        latents: their codes; the class is the category, the first numbers of z are the continuous codes.
    """
    assert latents.labels is not None
    categorical = F.cross_entropy(told.logits, latents.labels.argmax(dim=1))
    continuous = (told.means - latents.codes[:, : told.means.shape[1]]).square().sum(dim=1).mean() / 2
    return categorical + CONTINUOUS * continuous


LOSSES: dict[str, AdversarialLoss] = {
    "non-saturating": AdversarialLoss(critic=critic_cross_entropy, generator=generator_cross_entropy),
    "relativistic": AdversarialLoss(critic=critic_pairing, generator=generator_pairing, relative=True),
    "wasserstein": AdversarialLoss(critic=critic_wasserstein, generator=generator_wasserstein),
    "hinge": AdversarialLoss(critic=critic_hinge, generator=generator_wasserstein),
}

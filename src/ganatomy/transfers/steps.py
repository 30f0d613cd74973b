"""Steps of codes in u, the coordinates in which codes of a generator have unit covariance."""

from __future__ import annotations

from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from ganatomy.generators.latent_distribution import LatentDistribution
from ganatomy.latents import Latents, Space


def coordinates(where: LatentDistribution, latents: Latents) -> Float[Tensor, "n r"]:
    """The u of codes, of w+ by the mean of their layers for a distribution of w.

    Raises:
        SpaceError: for codes of another space or size.
    """
    if (latents.space, where.space) == (Space.W_PLUS, Space.W):
        latents = replace(latents, codes=latents.codes.mean(1), space=Space.W)
    return where.coordinates(latents)


def moved(where: LatentDistribution, latents: Latents, steps: Float[Tensor, "n r"]) -> Latents:
    """Codes moved by steps, which end within the bound of the distribution, or as far from its mean as they began.

    Steps of w move codes of w+ in all layers alike. Gradients flow from the codes to the steps.

    Raises:
        SpaceError: for codes of another space or size.
    """
    origin = coordinates(where, latents)
    ends = origin + steps.cpu().double()
    limits = origin.norm(dim=1).clamp(min=where.bound)
    ends = ends * (limits / ends.norm(dim=1).clamp(min=1e-12)).clamp(max=1)[:, None]
    if latents.space == where.space:
        return where.moved(latents, ends - origin)
    offset = ((ends - origin) @ where.factor.T).to(latents.codes)
    return latents.with_codes(latents.codes + offset[:, None])

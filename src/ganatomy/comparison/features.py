"""What a scorer sees in a picture beside attributes: who it is, and what it looks like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.perception import NetworkScorer, Scorer
from ganatomy.perception.base import SelectedScorer, fit_images

Features = Callable[[Tensor], Tensor]
"""From images `[n, c, h, w]` to features `[n, f]`."""

NO_FEATURES = "this scorer has no features that could be compared; an attribute network of ganatomy has"


@dataclass(frozen=True, kw_only=True, eq=False)
class Eyes:
    """Features of pictures.

    Args:
        identity: an edit should keep their direction. look: pictures whose features are near look alike.
        description: where they are from.
    """

    identity: Features | None
    look: Features | None
    description: str


def eyes_of(scorer: Scorer, identity: Features | None = None) -> Eyes:
    """The features of a scorer, where it has some; a network that knows faces may be given for `identity`."""
    network = network_of(scorer)
    if network is None:
        return Eyes(identity=identity, look=None, description="features that were given" if identity else "")
    return Eyes(
        identity=identity or network.features,
        look=lambda images: look(network, images),
        description=f"the trunk of the {network.description}",
    )


def network_of(scorer: Scorer) -> NetworkScorer | None:
    """The attribute network behind a scorer, if there is one."""
    while isinstance(scorer, SelectedScorer):
        scorer = scorer.scorer
    return scorer if isinstance(scorer, NetworkScorer) else None


def look(scorer: NetworkScorer, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n p"]:
    """Feature maps of all stages, so that squared distance is perceptual distance (Zhang et al. 2018, equation 1).

    At each place the channels of a stage are brought to norm 1; places of a stage are averaged, stages are added. The
    network is the scorer's own, and its channels count alike.
    """
    config = scorer.network.config
    x = fit_images(
        images.to(scorer.network.temperature.device),
        size=(config.resolution, config.resolution),
        channels=config.channels,
    )
    rows = []
    for stage in scorer.network.stages:
        x = stage(x)
        rows.append((F.normalize(x, dim=1) / (x.shape[2] * x.shape[3]) ** 0.5).flatten(1))
    return torch.cat(rows, dim=1)

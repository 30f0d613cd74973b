"""Factors that a scorer reads beside its attributes, and attributes that are made of factors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer, fingerprint_of
from ganatomy.perception.features import network_of
from ganatomy.perception.network import FactorScorer


@dataclass(frozen=True, kw_only=True)
class Cut:
    """An attribute that is there where a factor lies above its mean.

    Args:
        factor: of the scorer.
        slope: logits for each standard deviation of the factor.
    """

    factor: str
    slope: float


CUTS: Mapping[str, Cut] = {"Long_Hair": Cut(factor="hair_length", slope=6.0)}
"""Attributes that no list of labels has.

Hair is long above one half, the mean of `hair_length` in drawn faces. The slope is that of a logistic regression of
this label on what the bundled scorer reads in drawn faces: 5.9 in 600 of them.
"""


class FactorAttributes(Scorer):
    """A scorer's attributes, followed by those of `CUTS` and by its continuous factors.

    Numbers of factors are not logits but standard deviations, as in `FactorScorer`. A scorer without factors gives its
    attributes alone.

    Args:
        scorer: what sees the attributes; one that is an attribute network may have factors.

    Example::

        read = FactorAttributes(ga.scorer("faces"))
        read.select(["Male", "Long_Hair", "hair_length"])(images)
    """

    def __init__(self, scorer: Scorer) -> None:
        network = network_of(scorer)
        has = network is not None and bool(network.network.config.factors)
        self.scorer = scorer
        self._factors = FactorScorer(network) if network is not None and has else None
        known = () if self._factors is None else self._factors.names
        self.cuts = {
            name: cut for name, cut in CUTS.items() if cut.factor in known and name not in scorer.names
        }
        self.factors = tuple(name for name in known if name not in scorer.names)
        self.names = (*scorer.names, *self.cuts, *self.factors)
        self.num_rows = scorer.num_rows
        self.fingerprint = fingerprint_of("factors and attributes", scorer.fingerprint, *self.names)
        self.description = scorer.description

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        attributes = self.scorer.score(images, latents=latents, start=start).logits
        if self._factors is None:
            return attributes
        read = self._factors.score(images)
        cuts = [cut.slope * read.column(cut.factor) for cut in self.cuts.values()]
        factors = [read.column(name) for name in self.factors]
        return torch.cat([attributes, torch.stack([*cuts, *factors], dim=1)], dim=1)

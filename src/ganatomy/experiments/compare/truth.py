"""What really changed: the factors that images are drawn from, and which of them an attribute is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.datasets.faces import ATTRIBUTES, FACTORS, draw_faces, sample_faces
from ganatomy.errors import SettingError
from ganatomy.perception import FactorScorer, Scorer
from ganatomy.perception.features import network_of

DRAWN = 2000
"""Drawn people from whom it is learnt which factors an attribute is made of."""

SEED = 0x7407
SHARE = 0.5
"""A factor belongs to an attribute if their correlation is at least this share of that of the strongest factor."""

NO_TRUTH = "the factors that these images were made from are not known; those of drawn faces are"


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """The factors of images, and which of them belong to which attribute.

    Args:
        scorer: reads factors in images (as logits), in units in which a change of 1 means as much for each.
        own: attribute to its own factors, the strongest first, each with its sign: +1 where it adds the attribute.

    Raises:
        SettingError: for an own factor that the scorer does not read.
    """

    scorer: Scorer
    own: Mapping[str, Mapping[str, int]]

    def __post_init__(self) -> None:
        for attribute, factors in self.own.items():
            if not factors or not set(factors) <= set(self.scorer.names):
                raise SettingError(
                    f"the factors of {attribute!r} are {list(factors)}; name at least one that the scorer reads"
                )

    def selectivity(
        self, changes: Float[Tensor, "*b k f"], sizes: Float[Tensor, "*b k f"], names: tuple[str, ...]
    ) -> Float[Tensor, "*b k"]:
        """Change of an attribute's strongest own factor over the mean |change| of each factor that is not its own.

        Below 0 where the factor went the other way than the score; nan for an attribute of unknown factors.

        Args:
            changes: mean over images of the change of each factor, turned as its attribute was to change.
            sizes: mean over images of the size of these changes.
            names: of the attributes that were edited.
        """
        found = []
        for k, name in enumerate(names):
            if name not in self.own:
                found.append(torch.full_like(changes[..., k, 0], torch.nan))
                continue
            columns = [self.scorer.names.index(factor) for factor in self.own[name]]
            sign = next(iter(self.own[name].values()))
            others = torch.ones(len(self.scorer.names), dtype=torch.bool)
            others[columns] = False
            found.append(sign * changes[..., k, columns[0]] / sizes[..., k, others].mean(-1))
        return torch.stack(found, dim=-1)


def truth_of(scorer: Scorer) -> Truth | None:
    """The truth of drawn faces, where the scorer is a network that learnt their factors."""
    network = network_of(scorer)
    drawn = [factor.name for factor in FACTORS]
    if network is None or not set(drawn) <= set(network.network.config.factors):
        return None
    return drawn_truth(FactorScorer(network), resolution=network.network.config.resolution)


def drawn_truth(reads: Scorer, *, resolution: int, n: int = DRAWN, seed: int = SEED) -> Truth:
    """Which factors each attribute is, learnt from people whose attributes were drawn independently of each other.

    In the population that models learn from, attributes go together, so a factor that moves with a label need not be
    its own. Here labels are independent (but for those that exclude each other), the drawn factors are read back from
    the images, and a factor is an attribute's own if what is read of it correlates with the exact label.
    """
    faces = sample_faces(n, seed=seed, entangled=False)
    rows = torch.arange(n).split(256)
    read = torch.cat([reads.score(draw_faces(faces[part], resolution=resolution)).logits for part in rows])
    labels = faces.labels.float()
    known = labels.std(0) > 0
    unit = [(x - x.mean(0)) / x.std(0).clamp(min=1e-9) / (n - 1) ** 0.5 for x in (labels, read)]
    correlation = unit[0].T @ unit[1]
    own = {}
    for name, row, there in zip(ATTRIBUTES, correlation, known.tolist(), strict=True):
        order = row.abs().argsort(descending=True).tolist()
        strong = [f for f in order if row[f].abs() >= SHARE * row.abs().max()]
        if there:
            own[name] = {reads.names[f]: 1 if row[f] > 0 else -1 for f in strong}
    return Truth(scorer=reads, own=own)

"""Which factors an attribute is, so that what an edit did to it can be held against what it did to all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.datasets.faces import sample_faces
from ganatomy.datasets.faces.factors import READINGS
from ganatomy.errors import SettingError
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.factors import FactorReader, find_factors, read_drawn

DRAWN = 2000
"""Drawn people from whom it is learnt which factors an attribute is made of."""

SEED = 0x7407
SHARE = 0.5
"""A factor belongs to an attribute if their correlation is at least this share of that of the strongest factor."""

NO_FACTORS = (
    "no factors of these images are known; `drawn` knows its own, and networks read those of drawn faces"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnFactors:
    """The factors of images, and which of them belong to which attribute.

    Args:
        reader: gives factors.
        own: attribute to its own factors, the strongest first, each with its sign: +1 where it adds the attribute.

    Raises:
        SettingError: for an own factor that the reader does not give.
    """

    reader: FactorReader
    own: Mapping[str, Mapping[str, int]]

    def __post_init__(self) -> None:
        for attribute, factors in self.own.items():
            if not factors or not set(factors) <= set(self.reader.scorer.names):
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
        found, known = [], self.reader.scorer.names
        for k, name in enumerate(names):
            if name not in self.own:
                found.append(torch.full_like(changes[..., k, 0], torch.nan))
                continue
            columns = [known.index(factor) for factor in self.own[name]]
            sign = next(iter(self.own[name].values()))
            others = torch.ones(len(known), dtype=torch.bool)
            others[columns] = False
            found.append(sign * changes[..., k, columns[0]] / sizes[..., k, others].mean(-1))
        return torch.stack(found, dim=-1)


def find_own_factors(experiment: Experiment) -> OwnFactors | None:
    """The own factors of drawn faces' attributes: exact for `drawn`, else as the judge or the scorer reads them."""
    reader = find_factors(experiment)
    if reader is None:
        return None
    if reader.exact:
        own = {reading.name: {reading.factor: -1 if reading.inverted else 1} for reading in READINGS}
        return OwnFactors(reader=reader, own=own)
    if reader.drawn_at is None:
        return None
    return learn_own_factors(reader, resolution=reader.drawn_at)


def learn_own_factors(
    reader: FactorReader, *, resolution: int, n: int = DRAWN, seed: int = SEED
) -> OwnFactors:
    """Which factors each attribute is, learnt from people whose attributes were drawn independently of each other.

    In the population that models learn from, attributes go together, so a factor that moves with a label need not be
    its own. Here labels are independent (but for those that exclude each other), the drawn factors are read back from
    the images, and a factor is an attribute's own if what is read of it correlates with the exact label. An attribute
    whose factor is hidden has none.
    """
    faces = sample_faces(n, seed=seed, entangled=False)
    reads = reader.scorer
    read = read_drawn(faces, lambda images: reads.score(images).logits, resolution=resolution)
    labels = faces.labels.float()
    known = labels.std(0) > 0
    unit = [(x - x.mean(0)) / x.std(0).clamp(min=1e-9) / (n - 1) ** 0.5 for x in (labels, read)]
    correlation = unit[0].T @ unit[1]
    own = {}
    for reading, row, there in zip(READINGS, correlation, known.tolist(), strict=True):
        order = row.abs().argsort(descending=True).tolist()
        strong = [f for f in order if row[f].abs() >= SHARE * row.abs().max()]
        if there and reading.factor not in reader.hidden:
            own[reading.name] = {reads.names[f]: 1 if row[f] > 0 else -1 for f in strong}
    return OwnFactors(reader=reader, own=own)

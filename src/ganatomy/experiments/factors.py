"""Continuous factors of images: exact where the generator knows what its codes show, else as a network reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.datasets.faces import FACTORS, Faces, draw_faces, sample_faces
from ganatomy.experiments.base import Experiment
from ganatomy.perception import FactorOracle, FactorScorer, KnowsItsCodes, Scorer
from ganatomy.perception.features import network_of

READABLE = 0.5
"""R² on freshly drawn faces below which what a network reads of a factor is not shown."""
NUM_DRAWN = 500
"""Faces that R² is measured on."""
SEED = 0x7407
AT_ONCE = 250


@dataclass(frozen=True, kw_only=True, eq=False)
class FactorReader:
    """Who reads the factors of edited images.

    Args:
        scorer: gives factors as logits, in units in which a change of 1 means as much for each.
        exact: whether they are known of codes, not read from images.
        hidden: factors that the network does not read well enough, which `scorer` leaves out.
        reader: what a page calls the network.
        drawn_at: resolution at which it reads the factors of drawn faces; None for others, and for exact ones.
    """

    scorer: Scorer
    exact: bool = False
    hidden: tuple[str, ...] = ()
    reader: str = ""
    drawn_at: int | None = None

    @property
    def title(self) -> str:
        return (
            "Factors, exact" if self.exact else f"Factors as read by {self.reader or self.scorer.description}"
        )

    @cached_property
    def about(self) -> str:
        """Where the factors are from, in sentences."""
        if self.exact:
            return "Factors are exact: the generator computes them from every code, edited ones included."
        text = f"Factors are read from the edited images by {self.reader or self.scorer.description}."
        if self.hidden:
            text += (
                f" {len(self.hidden)} factors are left out, of which it explains less than half the variance "
                f"(R² < {READABLE:g}) in {NUM_DRAWN} freshly drawn faces."
            )
        return text


def find_factors(experiment: Experiment) -> FactorReader | None:
    """The best reader of factors that an experiment has: the generator itself, else the judge, else the scorer.

    A network reads factors if it has a head for them. Where these are the factors of drawn faces, those that it reads
    with R² < .5 are left out, as measured on faces that are drawn for it.
    """
    if isinstance(experiment.generator, KnowsItsCodes):
        return FactorReader(scorer=FactorOracle(experiment.generator), exact=True)
    for whose, scorer in (("the judge", experiment.judge), ("the scorer", experiment.scorer)):
        network = None if scorer is None else network_of(scorer)
        if network is None or not network.network.config.factors:
            continue
        head, config = FactorScorer(network), network.network.config
        drawn = {factor.name for factor in FACTORS} <= set(head.names)
        hidden = unreadable(head, resolution=config.resolution) if drawn else ()
        kept = [name for name in head.names if name not in hidden]
        if kept:
            reader = f"{whose} ({network.description})"
            return FactorReader(
                scorer=head.select(kept),
                hidden=hidden,
                reader=reader,
                drawn_at=config.resolution if drawn else None,
            )
    return None


def unreadable(reads: Scorer, *, resolution: int, n: int = NUM_DRAWN, seed: int = SEED) -> tuple[str, ...]:
    """Factors of which a reading explains less than `READABLE` of the variance, in faces of independent attributes."""
    faces = sample_faces(n, seed=seed, entangled=False)
    read = read_drawn(faces, lambda images: reads.score(images).logits, resolution=resolution)
    names = [factor.name for factor in FACTORS]
    drawn = faces.factors[:, [names.index(name) for name in reads.names if name in names]].double()
    columns = [place for place, name in enumerate(reads.names) if name in names]
    unit = [(x - x.mean(0)) / x.std(0).clamp(min=1e-9) for x in (drawn, read[:, columns].double())]
    squared = (unit[0] * unit[1]).sum(0).div(n - 1).square()
    return tuple(reads.names[c] for c, r2 in zip(columns, squared.tolist(), strict=True) if r2 < READABLE)


@torch.no_grad()
def read_drawn(
    faces: Faces, read: Callable[[Tensor], Float[Tensor, "m f"]], *, resolution: int
) -> Float[Tensor, "n f"]:
    """What is read in the images of these people."""
    rows = torch.arange(len(faces)).split(AT_ONCE)
    return torch.cat([read(draw_faces(faces[part], resolution=resolution)).cpu() for part in rows])

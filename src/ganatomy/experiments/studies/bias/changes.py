"""What is changed and what is watched: attributes and factors of images, or positions of codes along a direction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions import find
from ganatomy.errors import SettingError
from ganatomy.latents import Direction, Latents
from ganatomy.perception.factors import FactorAttributes
from ganatomy.statistics.latent import Marginal, Numbers
from ganatomy.surveys import Survey


class Kind(StrEnum):
    """How something is read, and what one unit of it is."""

    ATTRIBUTE = "attribute"
    FACTOR = "factor"
    POSITION = "position"

    @property
    def unit(self) -> str:
        """What 1 means."""
        return {
            Kind.ATTRIBUTE: "probability",
            Kind.FACTOR: "standard deviations of generated images",
            Kind.POSITION: "standard deviations of codes along the direction",
        }[self]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trait:
    """One thing that is read in images or codes, with its distribution over unedited ones.

    Args:
        name: of it.
        kind: how it is read.
        marginal: of what is read, logits of an attribute.
    """

    name: str
    kind: Kind
    marginal: Marginal

    def amounts(self, read: Numbers) -> Numbers:
        """In units: probabilities, or standard deviations."""
        if self.kind is Kind.ATTRIBUTE:
            return 1 / (1 + np.exp(-read))
        return read / self.marginal.deviation if self.kind is Kind.FACTOR else read


@dataclass(frozen=True, kw_only=True, eq=False)
class Change:
    """Something that can be changed: a direction, and how often it can be found again.

    Args:
        name: of what is changed.
        kind: how it is read.
        direction: along which codes are moved.
        again: finds the direction in other rows, by a seed; None for one that is taken as it is.
    """

    name: str
    kind: Kind
    direction: Direction
    again: Callable[[int], Direction] | None = None


def position(latents: Latents, direction: Direction) -> Float[Tensor, " n"]:
    """How far codes lie along a direction, in its standard deviations."""
    codes = latents.codes
    if codes.ndim > direction.vector.ndim + 1:
        codes = codes.mean(1)
    return (codes * direction.vector.to(codes)).flatten(1).sum(1) / direction.sigma


def kind_of(name: str, reader: FactorAttributes) -> Kind:
    """Whether a reader gives logits or sizes under this name."""
    return Kind.FACTOR if name in reader.factors else Kind.ATTRIBUTE


def found_changes(
    survey: Survey, kinds: Mapping[str, Kind], *, method: str, subset: float, seed: int
) -> list[Change]:
    """Directions of what was scored, each found in a survey, and found again in random parts of it.

    Args:
        survey: of the codes that directions are found in.
        kinds: name to how it will be read; labels that no scorer sees in images are read as positions.
        method: of `directions.METHODS`.
        subset: share of the survey in which directions are found again.
        seed: of the method.
    """
    found = find(survey, list(kinds), method=method, seed=seed)

    def again(name: str, number: int) -> Direction:
        rows = np.random.default_rng((seed, number)).permutation(len(survey))[: round(subset * len(survey))]
        part = survey[torch.from_numpy(np.sort(rows))]
        return find(part, [name], method=method, seed=seed + 1 + number)[0]

    return [
        Change(name=name, kind=kind, direction=found[name], again=partial(again, name))
        for name, kind in kinds.items()
    ]


def taught_changes(directions: Iterable[Direction]) -> list[Change]:
    """Directions as they are, such as those of a file; each is read as the position of codes along it."""
    changes = [Change(name=it.name, kind=Kind.POSITION, direction=it) for it in directions]
    if not changes:
        raise SettingError("there are no directions to change along; name some of the file")
    return changes

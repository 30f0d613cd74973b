"""What every contestant is given: the same generator, the same scorer, the same survey."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ganatomy.directions.base import HELD_OUT
from ganatomy.generators.base import Generator
from ganatomy.latents import Directions
from ganatomy.perception.base import Scorer
from ganatomy.surveys import Survey


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """The budget of a comparison.

    Args:
        scorer: sees the attributes that are compared, and no others.
        survey: its scores are of these attributes; its Jacobians, where gradients flow, of images in `train`.
        seed: of the survey and of every method; streams of codes that no method sees start one above.
    """

    generator: Generator
    scorer: Scorer
    survey: Survey
    seed: int
    truncation_psi: float
    batch_size: int

    @property
    def names(self) -> tuple[str, ...]:
        return self.survey.names

    @cached_property
    def parts(self) -> tuple[Survey, Survey]:
        """The codes to learn from, and those to be judged by: the split that every method makes for itself."""
        return self.survey.split(HELD_OUT, seed=self.seed)

    @property
    def train(self) -> Survey:
        return self.parts[0]

    @property
    def held(self) -> Survey:
        return self.parts[1]


@dataclass(frozen=True, kw_only=True)
class Found:
    """Directions that carry the names of the attributes, in their order.

    Args:
        labels: images whose scores or marks had to be known.
    """

    directions: Directions
    labels: int

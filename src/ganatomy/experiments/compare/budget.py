"""What every method of a comparison is given, and what it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.base import HELD_OUT
from ganatomy.experiments.base import Experiment
from ganatomy.latents import Directions
from ganatomy.perception.base import Scorer
from ganatomy.surveys import Survey


@dataclass(frozen=True, kw_only=True, eq=False)
class Budget:
    """What a method may learn from: the same survey for all.

    Args:
        experiment: its scorer knows the attributes that are compared, and no others.
        survey: of these attributes; its Jacobians, where gradients flow, are of images in `train`.
        differentiable: the scorer with gradients; None where none flow.
    """

    experiment: Experiment
    survey: Survey
    differentiable: Scorer | None

    @classmethod
    def of(cls, experiment: Experiment, seen: Survey, names: Sequence[str]) -> Budget:
        """The survey of these attributes, with gradients of the scorer where they flow."""
        scorer = experiment.image_scorer.select(names)
        survey = replace(seen, scores=seen.scores.select(names), scorer=scorer.fingerprint)
        train, _ = seen.split(HELD_OUT, seed=experiment.seed)
        train, differentiable = experiment.with_jacobians(train, names)
        return cls(
            experiment=replace(experiment, scorer=scorer),
            survey=replace(survey, jacobians=train.jacobians),
            differentiable=None if differentiable is None else differentiable.select(names),
        )

    @property
    def names(self) -> tuple[str, ...]:
        return self.survey.names

    @property
    def seed(self) -> int:
        """Of the survey and of every method."""
        return self.experiment.seed

    @cached_property
    def parts(self) -> tuple[Survey, Survey]:
        """The codes to learn from, and the held-out ones: the split that every method makes for itself."""
        return self.survey.split(HELD_OUT, seed=self.seed)

    @property
    def train(self) -> Survey:
        return self.parts[0]

    @property
    def held(self) -> Survey:
        return self.parts[1]

    @torch.no_grad()
    def along(self, directions: Directions) -> Float[Tensor, "m k"]:
        """Where the held-out codes lie along directions, in the space of these."""
        held = self.held.latents
        if directions.space != held.space:
            held = self.experiment.generator.map(held, to=directions.space)
        return held.codes.detach().cpu().flatten(1) @ directions.matrix.T


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a method found.

    Args:
        directions: with the names of the attributes, in their order; None for guided edits, which need none.
        num_labels: images whose scores, gradients or labels had to be known first.
        seconds: to find the directions of all attributes; survey and gradients are not counted.
    """

    directions: Directions | None
    num_labels: int
    seconds: float = 0.0

"""What every method of a comparison is given, and what it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.evidence import HELD_OUT
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
        train: the codes to learn from.
        held: the held-out codes; the split is the one that every method makes for itself.
        differentiable: the scorer with gradients; None where none flow.
    """

    experiment: Experiment
    survey: Survey
    train: Survey
    held: Survey
    differentiable: Scorer | None

    @classmethod
    def of(cls, experiment: Experiment, seen: Survey, names: Sequence[str]) -> Budget:
        """The survey of these attributes, with gradients of the scorer where they flow."""
        scorer = experiment.image_scorer.select(names)
        train, _ = seen.split(HELD_OUT, seed=experiment.seed)
        jacobians, differentiable = experiment.with_jacobians(train, names)
        survey = replace(
            seen.in_memory(),
            scores=seen.scores.select(names),
            scorer=scorer.fingerprint,
            jacobians=jacobians.jacobians,
        )
        train, held = survey.split(HELD_OUT, seed=experiment.seed)
        return cls(
            experiment=replace(experiment, scorer=scorer),
            survey=survey,
            train=train,
            held=held,
            differentiable=None if differentiable is None else differentiable.select(names),
        )

    @property
    def names(self) -> tuple[str, ...]:
        return self.survey.names

    @property
    def seed(self) -> int:
        return self.experiment.seed

    @torch.no_grad()
    def along(self, directions: Directions) -> Float[Tensor, "m k"]:
        """Where the held-out codes lie along directions, in the space of these."""
        held = self.held.latents
        if directions.space != held.space:
            held = self.experiment.generator.map(held, to=directions.space)
        return held.codes.detach().cpu().flatten(1) @ directions.matrix.T


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a method found: directions of all attributes (none for guided edits), and what that took.

    Args:
        num_labels: images whose scores, gradients or labels had to be known first.
        seconds: to find the directions; survey and gradients are not counted.
    """

    directions: Directions | None
    num_labels: int
    seconds: float = 0.0

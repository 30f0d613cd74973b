"""The same goals by every method: along one direction as far as each image needs, and by guided edits."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions import regression
from ganatomy.errors import ScoreError
from ganatomy.experiments.compare.budget import Budget, Found
from ganatomy.experiments.compare.contestants import CONTESTANTS
from ganatomy.experiments.studies.trust.result import GUIDED, MethodCodes
from ganatomy.generators.base import Generator
from ganatomy.generators.latent_distribution import latent_distribution
from ganatomy.generators.natural_codes import NaturalCodes
from ganatomy.guidance import GuidedSettings, guided, strengths
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer
from ganatomy.progress import Advance, part_of
from ganatomy.workers import read_images


@dataclass(frozen=True, kw_only=True, eq=False)
class Goal:
    """One attribute, the probability that it is to reach, and codes of images on the other side of one half."""

    name: str
    probability: float
    latents: Latents


def set_goals(
    pool: Latents,
    scored: Float[Tensor, "m a"],
    names: Sequence[str],
    prevalence: Mapping[str, float],
    *,
    edited: Sequence[str],
    n: int,
    to: float,
) -> list[Goal]:
    """What is asked of each attribute: added where fewer than half of the images have it, else taken away.

    Args:
        pool: fresh codes.
        scored: probabilities of all attributes in their images.
        names: of these attributes.
        prevalence: attribute to the share of images that have it.
        edited: the attributes that are edited.
        n: images of each.
        to: probability that is asked for; one less it where the attribute is taken away.

    Raises:
        ScoreError: when fewer than `n` images are on the other side of one half.
    """
    found = []
    for name in edited:
        goal = to if prevalence[name] < 0.5 else 1 - to
        across = (scored[:, list(names).index(name)] > 0.5) != (goal > 0.5)
        rows = across.nonzero()[:, 0][:n]
        if len(rows) < n:
            raise ScoreError(
                f"only {len(rows)} of {len(pool)} images can be edited to {name} {goal:g}, as others are there "
                "already; name other attributes, or ask for fewer images"
            )
        found.append(Goal(name=name, probability=goal, latents=pool[rows]))
    return found


def edit(
    budget: Budget,
    method: str,
    found: Found,
    goals: Sequence[Goal],
    natural: NaturalCodes,
    *,
    advance: Advance | None = None,
) -> MethodCodes:
    """Edit the images of every goal by one method.

    A direction is followed in each image until the scorer reads the goal, or as near to it as the direction leads
    (`guidance.strengths`). Guided edits hold all other attributes.
    """
    started = time.process_time()
    latents = []
    for done, goal in enumerate(goals):
        one = _guide if method == GUIDED else _follow
        latents.append(one(budget, found, goal))
        part_of(advance, done, len(goals))(1, 1)
    seconds = time.process_time() - started
    count = sum(len(goal.latents) for goal in goals)
    return MethodCodes(
        what=CONTESTANTS[method].what,
        latents=tuple(latents),
        likelihood=natural.likelihood(Latents.cat(latents)),
        seconds=seconds / count,
    )


@torch.no_grad()
def read(
    generator: Generator, readers: Sequence[Scorer], latents: Latents, *, batch_size: int | None
) -> list[Float[Tensor, "n a"]]:
    """The probabilities that each classifier reads in the same images."""
    return [
        torch.sigmoid(logits) for logits in read_images(generator, latents, *readers, batch_size=batch_size)
    ]


def _follow(budget: Budget, found: Found, goal: Goal) -> Latents:
    assert found.directions is not None
    experiment = budget.experiment
    return strengths(
        experiment.generator,
        experiment.image_scorer,
        goal.latents,
        found.directions[goal.name],
        goal.probability,
        batch_size=experiment.batch_size,
    ).latents


def _guide(budget: Budget, _: Found, goal: Goal) -> Latents:
    """The guided edit, along the directions of regression where no gradients flow."""
    experiment, directions = budget.experiment, None
    if budget.differentiable is None:
        directions = regression(budget.survey, budget.names, seed=budget.seed)
    return guided(
        experiment.generator,
        experiment.image_scorer,
        goal.latents,
        {goal.name: goal.probability},
        hold="all",
        directions=directions,
        settings=GuidedSettings(distribution=latent_distribution(experiment.generator, goal.latents.space)),
        batch_size=experiment.batch_size,
    ).latents

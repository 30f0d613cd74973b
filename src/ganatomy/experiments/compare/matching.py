"""Directions without names are given to the attributes that they change, measured in images of their own."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.experiments.compare.budget import Budget, Found
from ganatomy.latents import Directions
from ganatomy.metrics.naming import LEAST, name_directions

NUM_IMAGES = 16
"""Images that are moved both ways along each direction to see what it changes."""


def match(budget: Budget, directions: Directions) -> Found:
    """For each attribute the direction that changes it most purely, turned so that it adds the attribute.

    Several attributes may have the same direction: there need not be one for each.
    """
    experiment = budget.experiment
    named = name_directions(
        experiment.generator,
        experiment.image_scorer,
        directions,
        n=NUM_IMAGES,
        seed=budget.seed + 3,
        truncation_psi=experiment.truncation_psi,
        batch_size=experiment.batch_size,
    )
    mean = named.changes.mean(1)
    chosen = purest(mean, named.changes.abs().mean(1)).tolist()
    return Found(
        directions=Directions(
            replace(
                directions[k], name=name, vector=directions[k].vector * (-1.0 if mean[k, column] < 0 else 1.0)
            )
            for column, (name, k) in enumerate(zip(budget.names, chosen, strict=True))
        ),
        num_labels=2 * NUM_IMAGES * len(directions),
    )


def purest(mean: Float[Tensor, "k a"], mean_abs: Float[Tensor, "k a"]) -> Int[Tensor, " a"]:
    """For each attribute, of the directions that change it at all, the one that changes the others least for that."""
    others = (mean_abs.sum(1, keepdim=True) - mean_abs).clamp(min=1e-12)
    moves = mean.abs() >= LEAST
    purity = torch.where(moves, mean.abs() / others, -1.0)
    return torch.where(moves.any(0), purity.argmax(0), mean.abs().argmax(0))

"""Directions that nobody named, given to the attributes that they move: on images of their own."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.experiments.compare.material import Found, Material
from ganatomy.latents import Directions
from ganatomy.metrics.naming import LEAST, name_directions

NAMED_ON = 16
"""Images that are moved both ways along each direction to see what it changes."""


def match(material: Material, directions: Directions) -> Found:
    """For each attribute the direction that moves it most purely, turned so that it adds the attribute.

    Several attributes may have the same direction: there is no promise that each has one of its own.
    """
    seen = name_directions(
        material.generator,
        material.scorer,
        directions,
        n=NAMED_ON,
        seed=material.seed + 3,
        truncation_psi=material.truncation_psi,
        batch_size=material.batch_size,
    )
    mean = seen.changes.mean(1)
    chosen = purest(mean, seen.changes.abs().mean(1))
    named = (
        replace(
            directions[int(k)],
            name=name,
            vector=directions[int(k)].vector * (-1.0 if mean[k, column] < 0 else 1.0),
        )
        for column, (name, k) in enumerate(zip(material.names, chosen, strict=True))
    )
    return Found(directions=Directions(named), labels=2 * NAMED_ON * len(directions))


def purest(mean: Float[Tensor, "k a"], mean_abs: Float[Tensor, "k a"]) -> Int[Tensor, " a"]:
    """For each attribute, of the directions that move it at all, the one that moves the others least in proportion."""
    others = (mean_abs.sum(1, keepdim=True) - mean_abs).clamp(min=1e-12)
    moves = mean.abs() >= LEAST
    purity = torch.where(moves, mean.abs() / others, -1.0)
    return torch.where(moves.any(0), purity.argmax(0), mean.abs().argmax(0))

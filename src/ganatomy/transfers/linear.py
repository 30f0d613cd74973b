"""Transfer in closed form, by a linear model of the scores."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.latent_distribution import LatentDistribution, latent_distribution
from ganatomy.latents import Directions, Latents
from ganatomy.transfers.result import Pairs
from ganatomy.transfers.steps import moved

SLACK = 1e-3
"""By default held probabilities may change a little: gradients of single images differ, so exact holds gain little."""

TINY = 1e-9
"""Share of the trace that is added, so that the system of dependent attributes has a solution."""


def linear(generator: Generator, pairs: Pairs, directions: Directions, *, slack: float = SLACK) -> Latents:
    """The targets moved by the smallest step, in standard deviations of codes, that gives them the sources' logits.

    By its direction an attribute's logit changes by `<j, s>` for a step s in u, the coordinates in which codes have
    unit covariance. With these gradients as rows, T of the attributes and H of those held, the gap g between the logits
    of sources and targets, and P the change of each held probability for a logit, the step is

        min over s of  |s|² + |P H s|² / slack   such that   T s = g.

    With slack 0 held logits do not change, H s = 0, as far as T allows: s = Mᵀ (M Mᵀ)^-1 [0; g] with M = [H; T], the
    Gram system of all directions. The logits of targets and sources are those of their images, not predictions, so only
    the slopes of the directions matter.

    Args:
        directions: of the attributes, and of held ones; those without a direction are not held.
        slack: squared changes of held probabilities that weigh as much as a squared standard deviation of step.

    Raises:
        UnknownNameError: for an attribute that has no direction.
        SettingError: for directions without a slope or of some layers only, for attributes whose directions depend on
            those held, and for slack below 0.
        SpaceError, FingerprintError: for directions of another space or generator.
    """
    if not slack >= 0:
        raise SettingError(f"slack is {slack:g}; it must be 0 (held exactly) or more")
    where = latent_distribution(generator, directions.space)
    for direction in directions:
        direction.check(pairs.target)
    held = [name for name in pairs.held if name in directions]
    rows = _slopes(directions, [*held, *pairs.attributes], where)
    n, h = len(pairs.target), len(held)
    own = pairs.before.select(pairs.attributes).logits
    gap = (pairs.goals - own).double()
    p = pairs.before.select(held).probabilities.double() if held else torch.zeros(n, 0).double()
    steps = steps_of(rows[h:], gap, rows[:h], p * (1 - p), slack=slack)
    missed = (steps @ rows[h:].T - gap).abs().amax(0) > 1e-3 * gap.abs().amax(0).clamp(min=1e-3)
    if bool(missed.any()):
        name = pairs.attributes[int(missed.nonzero()[0])]
        raise SettingError(
            f"the direction of {name!r} is a combination of those held, so it cannot move while they stay; "
            "hold fewer of them, or allow some slack"
        )
    return moved(where, pairs.target, steps)


def _slopes(directions: Directions, names: list[str], where: LatentDistribution) -> Float[Tensor, "k r"]:
    """Logits for each standard deviation of codes, one row for each name."""
    for name in names:
        direction = directions[name]
        if not math.isfinite(direction.slope) or direction.slope == 0:
            raise SettingError(
                f"direction {name!r} has slope {direction.slope}, so no change of its logit is known; "
                "use directions that were found on scores"
            )
        if direction.layers is not None:
            raise SettingError(f"direction {name!r} moves some layers only; use directions of all layers")
    chosen = directions.select(names)
    slopes = torch.tensor([direction.slope for direction in chosen], dtype=torch.float64)
    return slopes[:, None] * (chosen.matrix.cpu().double() @ where.factor)


def steps_of(
    targets: Float[Tensor, "t r"],
    gap: Float[Tensor, "n t"],
    held: Float[Tensor, "h r"],
    weights: Float[Tensor, "n h"],
    *,
    slack: float,
) -> Float[Tensor, "n r"]:
    """The steps of `linear`, from gradients and gaps; weights are P."""
    if not slack:
        rows = torch.cat([held, targets])
        right = torch.cat([gap.new_zeros(len(gap), len(held)), gap], dim=1)
        # More attributes than axes cannot all be held: this is the least-squares solution, and the caller checks it.
        return torch.linalg.lstsq(rows, right.T, driver="gelsd").solution.T
    rows = torch.cat([weights[..., None] * held, targets.expand(len(gap), -1, -1)], dim=1)
    right = torch.cat([torch.zeros_like(weights), gap], dim=1)
    gram = rows @ rows.mT
    yields = torch.cat([torch.full_like(weights, slack), torch.zeros_like(gap)], dim=1)
    yields = yields + TINY * gram.diagonal(dim1=1, dim2=2).mean(1, keepdim=True)
    return (rows.mT @ torch.linalg.solve(gram + torch.diag_embed(yields), right)[..., None])[..., 0]

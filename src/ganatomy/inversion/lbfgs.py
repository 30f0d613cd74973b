"""L-BFGS over many problems at once, each with its own curvature and step (Nocedal and Wright, algorithm 7.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

MEMORY = 12
"""Steps that curvature is taken from."""

PATIENCE = 6
"""Evaluations without progress in any row after which the search ends."""

PROGRESS = 1e-4
"""Relative decrease of a value that counts as progress."""

TINY = 1e-10
"""Decrease that is rounding."""

SUFFICIENT = 1e-4
"""Share of the predicted decrease that a step must bring (Armijo)."""

Function = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From points `[n, d]` to values `[n]` and gradients `[n, d]`; rows do not influence each other."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Minimum:
    """The best point of each row, its value, and how often the function was evaluated."""

    points: Float[Tensor, "n d"]
    values: Float[Tensor, " n"]
    evaluations: int


@dataclass(frozen=True, kw_only=True, eq=False)
class _Memory:
    """The last steps and changes of the gradient of every row, the newest first; empty places are 0."""

    steps: Float[Tensor, "m n d"]
    changes: Float[Tensor, "m n d"]

    @classmethod
    def empty(cls, points: Tensor, memory: int) -> _Memory:
        nothing = points.new_zeros(memory, *points.shape)
        return cls(steps=nothing, changes=nothing)

    def push(self, step: Tensor, change: Tensor, rows: Bool[Tensor, " n"]) -> _Memory:
        """With this step in the rows that took one along which the function curves upwards."""
        curved = (step * change).sum(1) > 1e-10 * step.norm(dim=1) * change.norm(dim=1)
        rows = (rows & curved)[None, :, None]
        steps, changes = (
            torch.where(rows, torch.cat([new[None], old[:-1]]), old)
            for new, old in ((step, self.steps), (change, self.changes))
        )
        return _Memory(steps=steps, changes=changes)

    def direction(self, gradients: Float[Tensor, "n d"], precondition: Callable[[Tensor], Tensor]) -> Tensor:
        """The two-loop recursion around the preconditioner, which the newest step brings to scale."""
        products = (self.steps * self.changes).sum(2)
        rho = torch.where(products > 0, 1 / products, 0)
        q, alphas = gradients, []
        for s, y, weight in zip(self.steps, self.changes, rho, strict=True):
            alphas.append(weight * (s * q).sum(1))
            q = q - alphas[-1][:, None] * y
        newest = self.changes[0]
        curvature = (newest * precondition(newest)).sum(1)
        scale = torch.where(curvature > 0, products[0] / curvature.clamp(min=1e-30), 1)
        r = scale[:, None] * precondition(q)
        for k in range(len(alphas) - 1, -1, -1):
            beta = rho[k] * (self.changes[k] * r).sum(1)
            r = r + (alphas[k] - beta)[:, None] * self.steps[k]
        return -r


def minimise(
    function: Function,
    start: Float[Tensor, "n d"],
    *,
    precondition: Callable[[Tensor], Tensor],
    evaluations: int,
    memory: int = MEMORY,
    progress: Callable[[int, Tensor], None] | None = None,
) -> Minimum:
    """Minimise a function of every row. Each evaluation is a step of some rows, and a shorter trial of others.

    Args:
        function: values and gradients.
        start: first points.
        precondition: multiplies gradients by what stands for the inverse Hessian at first.
        evaluations: of the function at most, the first point included.
        memory: steps that curvature is taken from.
        progress: called with the evaluations so far, and the points that were accepted.

    Returns:
        The last points that were accepted, whose values only ever decrease.

    Example:
        >>> bowl = lambda x: (x.square().sum(1), 2 * x)
        >>> minimise(bowl, torch.ones(2, 3), precondition=lambda g: g, evaluations=10).values.max() < 1e-6
        tensor(True)
    """
    x = start
    values, gradients = function(x)
    past = _Memory.empty(x, memory)
    way = past.direction(gradients, precondition)
    length = x.new_ones(len(x))
    count, last = 1, 1
    while count < evaluations and count - last < PATIENCE:
        slope = (way * gradients).sum(1)
        trial = x + length[:, None] * way
        tried, tried_gradients = function(trial)
        count += 1
        if bool((tried < (1 - PROGRESS) * values - TINY).any()):
            last = count
        better = tried <= values + SUFFICIENT * length * slope

        # Rows whose step was too long try a shorter one, where a parabola has its minimum.
        excess = (tried - values - length * slope).clamp(min=1e-30)
        shorter = (-slope * length / (2 * excess)).nan_to_num(0.1).clamp(0.1, 0.5) * length

        # The others move on.
        past = past.push(trial - x, tried_gradients - gradients, better)
        moved = better[:, None]
        x, values = torch.where(moved, trial, x), torch.where(better, tried, values)
        if progress:
            progress(count, x)
        gradients = torch.where(moved, tried_gradients, gradients)
        onward = past.direction(gradients, precondition)
        uphill = ((onward * gradients).sum(1) >= 0)[:, None]
        onward = torch.where(uphill, -precondition(gradients), onward)
        way, length = torch.where(moved, onward, way), torch.where(better, 1.0, shorter)
    return Minimum(points=x, values=values, evaluations=count)

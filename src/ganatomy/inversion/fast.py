"""The default: from the ridge encoder's code, by L-BFGS in coordinates where images change alike in all directions."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.inversion.lbfgs import minimise
from ganatomy.inversion.problem import FoundCodes, Problem

BUDGETS = {"quick": 30, "balanced": 80, "best": 240}
"""Evaluations of generator and gradient."""


def fast(problem: Problem) -> FoundCodes:
    """Minimise loss and prior from the start of the ridge encoder."""
    return search(problem, problem.preparation.start(problem.targets))


def search(problem: Problem, start: Float[Tensor, "n rows r"]) -> FoundCodes:
    """Minimise loss and prior from these coordinates, each image by itself.

    The first steps are those of Gauss and Newton with the mean metric of the generator, `-(H + prior + damping)^-1 g`;
    later ones learn the curvature of the image at hand.
    """
    preparation, prior = problem.preparation, problem.prior
    coordinates, likeness, shape = (
        preparation.coordinates,
        preparation.likeness,
        preparation.coordinates.shape,
    )
    aim = likeness(problem.targets)
    inverse = preparation.metric.inverse(prior)

    def function(x: Tensor) -> tuple[Tensor, Tensor]:
        u = x.unflatten(1, shape).detach().requires_grad_()
        with torch.enable_grad():
            images = problem.generator(coordinates.latents(u))
            values = (likeness(images) - aim).square().sum(1) + prior(u)
            (gradients,) = torch.autograd.grad(values.sum(), u)
        return values.detach(), gradients.flatten(1)

    def report(evaluations: int, x: Tensor) -> None:
        if problem.progress:
            problem.progress(evaluations, coordinates.latents(x.unflatten(1, shape)))

    found = minimise(
        function,
        start.flatten(1),
        precondition=lambda gradients: 0.5 * inverse(gradients),  # half the second derivatives
        evaluations=problem.evaluations,
        progress=report,
    )
    return FoundCodes(
        latents=coordinates.latents(found.points.unflatten(1, shape)), evaluations=found.evaluations
    )

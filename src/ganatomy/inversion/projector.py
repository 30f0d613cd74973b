"""The projector of StyleGAN2 (Karras et al. 2020, "Analyzing and Improving ... StyleGAN", appendix D).

Adam from the mean code, at a learning rate that is ramped up over the first twentieth of the steps and down over the
last quarter, with noise on the codes that fades until three quarters. Maps of noise are not optimised: codes are
what is kept, and edited. The loss is that of all methods here.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganatomy.inversion.coordinates import Coordinates
from ganatomy.inversion.problem import FoundCodes, Problem
from ganatomy.latents import Latents

BUDGETS = {"quick": 100, "balanced": 300, "best": 1000}

LEARNING_RATE = 0.1
RAMP_UP, RAMP_DOWN = 0.05, 0.25
NOISE, NOISE_UNTIL = 0.05, 0.75
SEED = 0xADA


def projector(problem: Problem) -> FoundCodes:
    """Adam on the codes themselves, or for codes that are bounded on their coordinates."""
    preparation = problem.preparation
    coordinates, likeness = preparation.coordinates, preparation.likeness
    rows, r = coordinates.shape
    aim = likeness(problem.targets)
    whole = problem.targets.new_zeros(len(problem.targets), rows, r)
    bounded = coordinates.bounded
    codes = (whole if bounded else coordinates.latents(whole).codes).detach().clone().requires_grad_()
    spread = 1.0 if bounded else float(coordinates.factor.square().sum().sqrt())
    optimiser = torch.optim.Adam([codes], lr=LEARNING_RATE, betas=(0.9, 0.999))
    random = torch.Generator().manual_seed(SEED)
    steps = problem.evaluations
    for step in range(steps):
        done = step / steps
        optimiser.param_groups[0]["lr"] = LEARNING_RATE * learning_rate(done)
        strength = spread * NOISE * max(0.0, 1 - done / NOISE_UNTIL) ** 2
        with torch.enable_grad():
            noisy = codes + strength * torch.randn(codes.shape, generator=random).to(codes)
            template = coordinates.latents(noisy if bounded else whole)
            images = problem.generator(template if bounded else template.with_codes(noisy))
            loss = (likeness(images) - aim).square().sum(1)
            if problem.editability:
                u = noisy if bounded else coordinates.of(template.with_codes(noisy))
                loss = loss + problem.prior(u)
            (codes.grad,) = torch.autograd.grad(loss.sum(), codes)
        optimiser.step()
        if problem.progress:
            problem.progress(step + 1, _latents(coordinates, codes, whole))
    return FoundCodes(latents=_latents(coordinates, codes, whole), evaluations=steps)


def _latents(coordinates: Coordinates, codes: Tensor, whole: Tensor) -> Latents:
    """What is optimised, as codes of its own: bounded ones are coordinates."""
    if coordinates.bounded:
        return coordinates.latents(codes.detach().clone())
    return coordinates.latents(whole).with_codes(codes.detach().clone())


def learning_rate(done: float) -> float:
    """Share of the full learning rate when this share of the steps is done.

    >>> learning_rate(0.0), learning_rate(0.5), round(learning_rate(1.0), 9)
    (0.0, 1.0, 0.0)
    """
    down = min(1.0, (1 - done) / RAMP_DOWN)
    return (0.5 - 0.5 * math.cos(down * math.pi)) * min(1.0, done / RAMP_UP)

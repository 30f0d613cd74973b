"""How much held scores should give: the doubt that a linear model deserves, as one number."""

from __future__ import annotations

import torch

from ganatomy.directions.base import read
from ganatomy.latents import Directions
from ganatomy.surveys import Survey

LEAST = 1e-3
"""Even a perfect model gives this much, so that two names of one attribute do not block each other."""


def fitting_slack(survey: Survey, directions: Directions, *, seed: int = 0) -> float:
    """The slack with which `edits.move` changes held scores the least in single pictures.

    Take the slope of attribute j in a picture to be that of the linear model, `b_j u_j`, and a random rest of variance
    `t_j²` in every dimension. A step s then changes its logit by `b_j <u_j, s>` on average, and the expected square is
    `b_j² <u_j, s>² + t_j² |s|²`. The rest shows as the model's error: over codes of covariance S it is
    `e_j² = t_j² tr S`. In units of its own slope, all attributes together make `|H s|² + c |s|²` with

        c = sum_j e_j² / (b_j² tr S),

    which is what `edits.held_step` makes small when c is its slack. Where the model is exact the slack is (nearly) 0.

    Raises:
        ScoreError, UnknownNameError: see `directions.base.read`.
    """
    evidence = read(survey, directions.names, seed=seed)
    codes = survey.latents.codes.detach().cpu().flatten(1).double()
    spread = float(codes.var(dim=0).sum())
    along = evidence.codes.double() @ _in_evidence(directions.matrix.double(), evidence.basis).T
    logits = evidence.logits.double()
    covariance = ((along - along.mean(0)) * (logits - logits.mean(0))).mean(0)
    slopes = covariance / along.var(0, correction=0)
    errors = logits.var(0, correction=0) - slopes * covariance
    return max(LEAST, float((errors / (slopes.square() * spread)).sum()))


def _in_evidence(matrix: torch.Tensor, basis: torch.Tensor | None) -> torch.Tensor:
    return matrix if basis is None else matrix @ basis.double()

"""The dual basis: each direction moves one attribute and leaves all others where they were."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from ganatomy import geometry
from ganatomy.directions.base import calibrate, read
from ganatomy.directions.moments import moments
from ganatomy.directions.regression import ridge_of
from ganatomy.errors import UnknownNameError
from ganatomy.latents import Directions
from ganatomy.surveys import Survey

STEPS = ("shortest", "likeliest")


def dual(
    survey: Survey,
    attributes: Iterable[str] | None = None,
    *,
    seed: int = 0,
    strength: float | None = None,
    step: str = "shortest",
) -> Directions:
    """Columns of the pseudo-inverse of the ridge map W: under the linear model `W v_i` is zero but for attribute i.

    Args:
        step: of all steps that move one logit and hold the others, the "shortest", `Wᵀ(W Wᵀ)^-1`, or the "likeliest"
            under the covariance S of the codes, `S Wᵀ(W S Wᵀ)^-1`. They are the same for z of a normal prior; in w the
            likeliest one keeps to where codes are.

    The slope is what the linear model says of a step along the direction, `<w_i, v_i>`. Where the attributes outnumber
    the dimensions, or one is a combination of others, no step holds them all: the pseudo-inverse does its best.

    Raises:
        UnknownNameError: for another step. Others: see `regression`.
    """
    if step not in STEPS:
        raise UnknownNameError("step", step, STEPS)
    evidence = read(survey, attributes, seed=seed)
    seen = moments(evidence.codes, evidence.logits)
    weights = ridge_of(seen, strength=strength).weights
    if step == "shortest":
        vectors = geometry.dual_basis(weights)
    else:
        root = seen.spectrum.axes * seen.spectrum.variances.sqrt()
        vectors = geometry.dual_basis(weights @ root) @ root.T
    unit = torch.nn.functional.normalize(vectors, dim=1)
    return calibrate(evidence, unit, method="dual", slopes=(weights * unit).sum(1))

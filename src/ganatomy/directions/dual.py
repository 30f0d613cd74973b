"""The dual basis: each direction changes one attribute and keeps all others, by the linear model."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from ganatomy import geometry
from ganatomy.directions.base import calibrate
from ganatomy.directions.evidence import read
from ganatomy.directions.regression import ridge_of
from ganatomy.directions.threads import threads_for
from ganatomy.latents import Directions
from ganatomy.surveys import Survey


def dual(
    survey: Survey,
    attributes: Iterable[str] | None = None,
    *,
    seed: int = 0,
    strength: float | None = None,
) -> Directions:
    """Columns of the pseudo-inverse of the ridge map W: under the linear model `W v_i` is zero but for attribute i.

    The slope is that of the linear model along the direction, `<w_i, v_i>`. Where the attributes outnumber the
    dimensions, or one is a combination of others, no step keeps them all, and the least-squares solution is returned.

    Args:
        strength: of the ridge, as in `regression`.

    Returns:
        One direction for each attribute.

    Raises:
        ScoreError, SettingError, UnknownNameError: as `regression`.

    Example::

        found = ga.dual(survey)
        edited = ga.move(latents, found["Smiling"], 2.0)
    """
    evidence = read(survey, attributes, seed=seed)
    seen = evidence.moments()
    weights = ridge_of(seen, strength=strength).weights
    with threads_for(weights.numel()):
        vectors = geometry.dual_basis(weights)
    unit = torch.nn.functional.normalize(vectors, dim=1)
    return calibrate(evidence, unit, method="dual", slopes=(weights * unit).sum(1))

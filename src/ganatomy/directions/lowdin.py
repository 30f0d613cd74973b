"""Ridge regression, then the nearest set of orthogonal directions."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from ganatomy import geometry
from ganatomy.directions.base import calibrate
from ganatomy.directions.evidence import read
from ganatomy.directions.regression import ridge
from ganatomy.directions.threads import threads_for
from ganatomy.errors import SettingError
from ganatomy.latents import Directions
from ganatomy.surveys import Survey


def lowdin(
    survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0, strength: float | None = None
) -> Directions:
    """Symmetric orthogonalisation of the ridge directions: `(U Uᵀ)^(-1/2) U` for the unit rows U (Löwdin 1950).

    Of all orthonormal sets it is the nearest to the ridge directions, and it prefers none of them. A strong penalty in
    `linear_map` gives another one: that of least squared error, which lies where codes vary least.

    Args:
        strength: of the ridge, as in `regression`.

    Returns:
        One direction for each attribute.

    Raises:
        SettingError: for more attributes than a code has numbers, or a negative strength.
        ScoreError, UnknownNameError: see `directions.evidence.read`.

    Example::

        found = ga.lowdin(survey)
    """
    evidence = read(survey, attributes, seed=seed)
    if len(evidence.names) > evidence.dim:
        raise SettingError(
            f"{len(evidence.names)} directions cannot be orthogonal in {evidence.dim} dimensions; "
            "name fewer attributes"
        )
    found = ridge(evidence, strength=strength)
    rows = torch.nn.functional.normalize(found.weights, dim=1)
    with threads_for(rows.numel()):
        vectors = geometry.orthogonalize_lowdin(rows)
    return calibrate(evidence, vectors, method="lowdin")

"""The linear map from codes to scores of Pham Van et al.: in closed form, or with their penalty at its minimum."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.base import calibrate
from ganatomy.directions.evidence import Evidence, read
from ganatomy.directions.penalised import FORMS, PenalisedMap
from ganatomy.directions.threads import threads_for
from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.latents import Directions
from ganatomy.surveys import Survey


def linear_map(
    survey: Survey,
    attributes: Iterable[str] | None = None,
    *,
    seed: int = 0,
    penalty: float = 0.0,
    form: str = "identity",
) -> Directions:
    """Rows of W in `y = z Wᵀ + b`, with y the probabilities ("Interpreting the Latent Space of GANs using Supervised
    Learning", eqs. 1 and 4): the least `J = MSE + penalty * ‖W Wᵀ - I‖` (Frobenius; one row of W for each attribute).

    The paper uses penalties 2 and 0. Its step is w_i; here, as everywhere, the step is the unit vector. Both minima are
    found to rounding, without chance: without the penalty in closed form, with it as `directions.penalised` says, from
    there. Where the penalty is strong enough (2 is), rows at the minimum are orthonormal exactly.

    Args:
        seed: of the split.
        penalty: weight of the norm.
        form: "identity" is the paper's. "cosines" is the norm of the off-diagonal part of the matrix of cosines, which
            does not constrain the lengths of the rows.

    Returns:
        One direction for each attribute.

    Raises:
        SettingError: for a negative penalty.
        UnknownNameError: for another form, and see `directions.evidence.read`.
        ScoreError: see `directions.evidence.read`.

    Example::

        found = ga.linear_map(survey, penalty=2.0)
    """
    evidence = read(survey, attributes, seed=seed)
    fitted = fit_map(evidence, penalty=penalty, form=form)
    return calibrate(evidence, fitted.weights, method="penalty" if penalty else "linear")


@dataclass(frozen=True, kw_only=True)
class FittedMap:
    """W and b of `y = z Wᵀ + b`, from `Evidence.codes` to probabilities; rows are not normalised."""

    weights: Float[Tensor, "a d"]
    bias: Float[Tensor, " a"]

    def __call__(self, codes: Float[Tensor, "n d"]) -> Float[Tensor, "n a"]:
        return codes @ self.weights.T + self.bias


def fit_map(evidence: Evidence, *, penalty: float = 0.0, form: str = "identity") -> FittedMap:
    """The map itself, of which `linear_map` keeps the directions; settings and errors are the same."""
    if not 0 <= penalty < math.inf:
        raise SettingError(f"penalty is {penalty}; it must be 0 or more (the paper has 0 and 2)")
    if form not in FORMS:
        raise UnknownNameError("form of the penalty", form, FORMS)
    seen = evidence.moments(torch.sigmoid)
    if penalty:
        task = PenalisedMap.of_moments(seen, penalty=penalty, form=form)
        with threads_for(task.cross.size):
            weights = torch.from_numpy(task.minimum()) @ task.axes.T
    else:
        weights = seen.least_squares()
    bias = seen.mean_scores - weights @ seen.mean_codes
    return FittedMap(weights=weights.float(), bias=bias.float())

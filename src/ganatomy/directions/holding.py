"""Steps that hold any chosen attributes, without a new fit for each choice: an editor changes what is held at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.base import in_evidence
from ganatomy.directions.evidence import Evidence, read
from ganatomy.directions.held import fitting_slack
from ganatomy.directions.regression import regression
from ganatomy.directions.selective import best_ridge, whitened
from ganatomy.errors import SettingError
from ganatomy.perception.base import position
from ganatomy.surveys import Survey

FIRM = 20.0
"""How many times as much as another one an attribute counts that is held firmly; from 100 on all others pay for it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """A unit vector, and the mean change of its attribute's probability for a step of 1 along it."""

    vector: Float[Tensor, "*shape"]
    rate: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Holding:
    """The numbers from which the step of `selective` follows for any attribute and any others to hold.

    Args:
        names: of the attributes.
        gradients: of the probabilities of a attributes in n images, along the columns of `deviations`.
        deviations: D such that codes have the covariance D Dᵀ.
        ridge: as in `selective`.
        shape: of one code.
    """

    names: tuple[str, ...]
    gradients: Float[Tensor, "n a d"]
    deviations: Float[Tensor, "full d"]
    ridge: float
    shape: tuple[int, ...]

    def step(self, name: str, hold: Iterable[str], firm: Iterable[str] = ()) -> Step:
        """The step of one attribute that changes the held ones least, in the sense of `selective`.

        Args:
            name: of the attribute to change.
            hold: attributes.
            firm: those of them that count `FIRM` times in the sum that is minimised.

        Raises:
            UnknownNameError: for an attribute that is not there.
            SettingError: for an attribute that is also held, and for one whose gradients are all 0.
        """
        k, hold = position(name, self.names), tuple(hold)
        if name in hold:
            raise SettingError(f"{name!r} cannot be held while it is moved; leave it out of what is held")
        mean = self.gradients[:, k].double().mean(0)
        if not float(mean.abs().max()) > 0:
            raise SettingError(f"the mean gradient of {name!r} is 0, so no step changes it")
        return self._along(mean, hold, firm)

    def toward(self, normal: Float[Tensor, "*shape"], hold: Iterable[str], firm: Iterable[str] = ()) -> Step:
        """The same for a linear function of codes that is no attribute, such as one learnt from a few labels.

        Args:
            normal: the weights of the function; the rate of the step is in its units.
            hold: attributes.
            firm: those of them that count `FIRM` times.

        Raises:
            UnknownNameError: for an attribute that is not there.
            SettingError: for a function along which codes do not vary.
        """
        gradient = self.deviations.double().T @ normal.flatten().double()
        if not float(gradient.abs().max()) > 0:
            raise SettingError("codes do not vary along this direction, so no step changes it")
        return self._along(gradient, hold, firm)

    def _along(self, mean: Float[Tensor, " d"], hold: Iterable[str], firm: Iterable[str]) -> Step:
        """The most change along this mean gradient for the least mean square change of what is held."""
        firm, hold = set(firm), tuple(dict.fromkeys(hold))
        others = [position(other, self.names) for other in hold]
        counts = torch.tensor([FIRM if other in firm else 1.0 for other in hold], dtype=torch.float64)
        gradients = self.gradients.double()
        n, _, d = gradients.shape
        still = gradients[:, others].reshape(-1, d)
        weight = (still if float(still.abs().sum()) > 0 else gradients).square().sum() / (n * d)
        counted = counts.repeat(n)[:, None] * still
        system = still.T @ counted / n + self.ridge * weight * torch.eye(d).to(still)
        step = torch.linalg.solve(system, mean)
        vector = self.deviations.double() @ step
        length = float(vector.norm())
        return Step(vector=(vector / length).float().reshape(self.shape), rate=float(mean @ step) / length)


def holding(survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0) -> Holding:
    """The holding of a survey: from the gradients of single images where it has them, else from a linear model.

    With all others held, `step` is that of `selective` in the first case, and near that of `held` in the second.

    Raises:
        ScoreError, UnknownNameError: see `directions.evidence.read`.
    """
    evidence = read(survey, attributes, seed=seed)
    if survey.jacobians is None:
        return _of_linear_model(survey, evidence, seed=seed)
    deviations, gradients = whitened(evidence, survey.jacobians)
    return Holding(
        names=evidence.names,
        gradients=gradients,
        deviations=deviations,
        ridge=best_ridge(gradients, seed=seed),
        shape=evidence.shape,
    )


def _of_linear_model(survey: Survey, evidence: Evidence, *, seed: int) -> Holding:
    """As of one image: the unit directions of the regression, with its errors as the ridge, divided over attributes."""
    vectors = in_evidence(evidence, regression(survey, evidence.names, seed=seed).matrix)
    a, d = vectors.shape
    basis = torch.eye(d) if evidence.basis is None else evidence.basis
    return Holding(
        names=evidence.names,
        gradients=vectors[None],
        deviations=basis.double(),
        ridge=fitting_slack(evidence, vectors) * d / max(1, a - 1),
        shape=evidence.shape,
    )

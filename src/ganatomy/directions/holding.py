"""Steps that leave any chosen attributes alone, at once: what an editor needs whose holds change under the hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.base import Evidence, read
from ganatomy.directions.held import fitting_slack, in_evidence
from ganatomy.directions.regression import regression
from ganatomy.directions.selective import best_ridge, whitened
from ganatomy.errors import SettingError
from ganatomy.perception.base import position
from ganatomy.surveys import Survey


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """A unit vector, and how much one unit of it changes the probability of its attribute, by the same evidence."""

    vector: Float[Tensor, "*shape"]
    rate: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Holding:
    """What it takes to find the step of `selective` for any attribute and any others to hold, without the survey.

    Args:
        slopes: of the probabilities of a attributes in n images, along the columns of `deviations`.
        deviations: D such that codes have the covariance D Dᵀ.
        ridge: as in `selective`.
    """

    names: tuple[str, ...]
    slopes: Float[Tensor, "n a d"]
    deviations: Float[Tensor, "full d"]
    ridge: float
    shape: tuple[int, ...]

    def step(self, name: str, hold: Iterable[str]) -> Step:
        """The step of one attribute that changes the held ones least, in the sense of `selective`.

        Raises:
            UnknownNameError: for an attribute that is not there.
            SettingError: for one that is to move and to be held, and for one whose gradients are all 0.
        """
        k, hold = position(name, self.names), tuple(hold)
        if name in hold:
            raise SettingError(f"{name!r} cannot be held while it is moved; leave it out of what is held")
        mean = self.slopes[:, k].double().mean(0)
        if not float(mean.abs().max()) > 0:
            raise SettingError(
                f"no image says which way {name!r} goes, so nothing can be held while it moves"
            )
        return self._along(mean, hold)

    def toward(self, normal: Float[Tensor, "*shape"], hold: Iterable[str]) -> Step:
        """The same for what no scorer sees: a linear judgement of codes, such as a few marked images say.

        Args:
            normal: the weights of the judgement; the rate of the step is in its units.

        Raises:
            UnknownNameError: for an attribute that is not there.
            SettingError: for a judgement along which codes do not differ.
        """
        slope = self.deviations.double().T @ normal.flatten().double()
        if not float(slope.abs().max()) > 0:
            raise SettingError("codes do not differ along this direction, so nothing can be held on it")
        return self._along(slope, hold)

    def _along(self, mean: Float[Tensor, " d"], hold: Iterable[str]) -> Step:
        """Most change of what has this slope, for the least mean square change of what is held."""
        others = [position(other, self.names) for other in dict.fromkeys(hold)]
        slopes = self.slopes.double()
        n, _, d = slopes.shape
        still = slopes[:, others].reshape(-1, d)
        weight = (still if float(still.abs().sum()) > 0 else slopes).square().sum() / (n * d)
        system = still.T @ still / n + self.ridge * weight * torch.eye(d).to(still)
        step = torch.linalg.solve(system, mean)
        vector = self.deviations.double() @ step
        length = float(vector.norm())
        return Step(vector=(vector / length).float().reshape(self.shape), rate=float(mean @ step) / length)


def holding(survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0) -> Holding:
    """Read off a survey how to hold: from single images where it knows their gradients, else from a linear model.

    With everything else held, `step` is that of `selective` in the first case, and near that of `held` in the second.

    Raises:
        ScoreError, UnknownNameError: see `directions.base.read`.
    """
    evidence = read(survey, attributes, seed=seed)
    if survey.jacobians is None:
        return _of_linear_model(survey, evidence, seed=seed)
    deviations, slopes = whitened(evidence, survey.jacobians)
    return Holding(
        names=evidence.names,
        slopes=slopes,
        deviations=deviations,
        ridge=best_ridge(slopes, seed=seed),
        shape=evidence.shape,
    )


def _of_linear_model(survey: Survey, evidence: Evidence, *, seed: int) -> Holding:
    """One image for all: unit slopes of the regression, with its errors as the ridge, shared out over attributes."""
    vectors = in_evidence(evidence, regression(survey, evidence.names, seed=seed).matrix)
    a, d = vectors.shape
    basis = torch.eye(d) if evidence.basis is None else evidence.basis
    return Holding(
        names=evidence.names,
        slopes=vectors[None],
        deviations=basis.double(),
        ridge=fitting_slack(evidence, vectors) * d / max(1, a - 1),
        shape=evidence.shape,
    )

"""DCI: disentanglement, completeness and informativeness of codes about attributes (Eastwood and Williams 2018)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.metrics.base import MeasuredValue, Result
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.statistics.intervals import Estimate, jackknife

REGRESSORS = ("lasso", "forest")
HELD_OUT = 0.3
PENALTIES = np.geomspace(0.3, 1e-3, 12)
"""Strengths of the lasso, as shares of the one that leaves nothing; the best on left-out rows is taken."""
NUM_TREES = 10
"""Of each random forest, as the authors took."""
OUTLYING = 3.0
"""Logits further than this many deviations from the mean are clipped: probabilities are saturated there."""


@dataclass(frozen=True, kw_only=True)
class DCI(Result, unit="of 1", higher_is_better=True):
    """How single numbers of a code and attributes belong together.

    Args:
        disentanglement: 1 where each number of the code matters to one attribute only.
        completeness: 1 where each attribute depends on one number only.
        informativeness: R² of attributes predicted from held-out codes.
        importance: of each number for each attribute.
    """

    disentanglement: Estimate
    completeness: Estimate
    informativeness: Estimate
    importance: Float[Tensor, "d a"]
    attributes: tuple[str, ...]
    regressor: str
    described: str
    num_codes: int

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        return self._figures(
            disentanglement=self.disentanglement,
            completeness=self.completeness,
            informativeness=self.informativeness,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        text = (
            f"DCI compares only for one kind of regressor ({self.regressor}) and the same {len(self.attributes)} "
            "attributes; it is about single numbers of a code, not about directions"
        )
        return (text,)

    def __str__(self) -> str:
        return (
            f"DCI of {self.described}: disentanglement {self.disentanglement}, completeness {self.completeness}, "
            f"informativeness {self.informativeness} (R² on held-out codes; {self.regressor}, {self.num_codes} codes, "
            f"{len(self.attributes)} attributes); {self.verdict}"
        )


def dci(
    codes: Float[Tensor, "n d"],
    factors: Float[Tensor, "m a"],
    *,
    attributes: tuple[str, ...] | None = None,
    regressor: str = "lasso",
    described: str = "codes",
    seed: int = 0,
) -> DCI:
    """Predict each factor from codes, and measure which numbers of the code the prediction used.

    `P[i, j] = R[i, j] / Σ_j R[i, j]` is how much number i matters to attribute j; disentanglement is `1 - H_K(P[i])`
    averaged with the weight `Σ_j R[i, j] / Σ R`, completeness the same with i and j exchanged. The authors report the
    error; informativeness is here `1 - error²`, so that more is better.

    Args:
        factors: to predict: logits, or continuous truths; constant ones are left out.
        regressor: "lasso" (|weights| of standardised codes) or "forest" (impurity), as the authors used.

    Returns:
        The three figures, and the importance of each number.

    Raises:
        UnknownNameError: for another regressor.
        SettingError: for shapes that do not go together.
        ScoreError: when fewer than two factors vary.

    Example:
        >>> codes = torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
        >>> dci(codes, codes[:, :2]).disentanglement.value > 0.9
        True
    """
    if regressor not in REGRESSORS:
        raise UnknownNameError("regressor", regressor, REGRESSORS)
    if len(codes) != len(factors) or len(codes) < 20 or codes.shape[1] < 2:
        raise SettingError(
            f"{len(codes)} codes of {codes.shape[1]} numbers and {len(factors)} rows of factors cannot be compared; "
            "give at least 20 of each, and codes of two numbers or more"
        )
    names = attributes or tuple(str(column) for column in range(factors.shape[1]))
    varies = factors.double().std(0) > 1e-9
    if int(varies.sum()) < 2:
        raise ScoreError(f"{int(varies.sum())} of {len(names)} attributes vary; DCI needs two")
    x, y = _standardised(codes), _standardised(factors[:, varies])
    order = np.random.default_rng(seed).permutation(len(x))
    held, learnt = np.sort(order[: round(HELD_OUT * len(x))]), np.sort(order[round(HELD_OUT * len(x)) :])
    columns = range(y.shape[1])
    settings = [_penalty(x[learnt], y[learnt, k]) if regressor == "lasso" else seed + k for k in columns]

    def fit(rows: np.ndarray) -> tuple[Tensor, np.ndarray]:
        fitted = [_fit(x[rows], y[rows, k], regressor, settings[k]) for k in columns]
        weights = torch.from_numpy(np.stack([it[0] for it in fitted], 1))
        predicted = np.stack([it[1].predict(x[held]) for it in fitted], 1)
        return weights, predicted

    def figures(rows: Tensor) -> Tensor:
        weights, predicted = fit(learnt[rows.numpy()])
        rest = np.square(predicted - y[held]).mean(0) / y[held].var(0).clip(1e-12)
        scores = disentanglement(weights), disentanglement(weights.T), float((1 - rest).mean())
        return torch.tensor(scores, dtype=torch.float64)

    found = jackknife(figures, len(learnt), seed=seed)
    return DCI(
        disentanglement=found[0],
        completeness=found[1],
        informativeness=found[2],
        importance=fit(learnt)[0].float(),
        attributes=tuple(name for name, keep in zip(names, varies.tolist(), strict=True) if keep),
        regressor=regressor,
        described=described,
        num_codes=len(codes),
    )


def disentanglement(importance: Float[Tensor, "d a"]) -> float:
    """`Σ_i ρ_i (1 - H(P_i))` over the rows, with entropy to the base of the number of columns.

    >>> disentanglement(torch.eye(3)), disentanglement(torch.ones(3, 3))
    (1.0, 0.0)
    """
    weights = importance.double()
    total = weights.sum(1)
    if not bool(total.sum() > 0):
        return 0.0
    shares = weights / total.clamp(min=1e-300)[:, None]
    entropy = -torch.where(shares > 0, shares * shares.clamp(min=1e-300).log(), 0.0).sum(1)
    return round(float((total * (1 - entropy / math.log(weights.shape[1]))).sum() / total.sum()), 12)


def _standardised(rows: Float[Tensor, "n k"]) -> np.ndarray:
    rows = rows.detach().cpu().double()
    deviation, mean = torch.std_mean(rows, 0)
    return ((rows - mean) / deviation.clamp(min=1e-12)).clamp(-OUTLYING, OUTLYING).numpy()


def _penalty(x: np.ndarray, y: np.ndarray) -> float:
    """The strength of the lasso that predicts best one fifth of the rows, which is left out."""
    from sklearn.linear_model import lasso_path

    fifth = len(x) // 5
    most = float(np.abs(x[fifth:].T @ (y[fifth:] - y[fifth:].mean())).max() / (len(x) - fifth))
    alphas = PENALTIES * max(most, 1e-9)
    target = y[fifth:] - y[fifth:].mean()
    _, weights, _ = lasso_path(x[fifth:], target, alphas=alphas)  # pyright: ignore[reportArgumentType]  (wrong stubs)
    errors = np.square(x[:fifth] @ weights + y[fifth:].mean() - y[:fifth, None]).mean(0)
    return float(alphas[errors.argmin()])


def _fit(x: np.ndarray, y: np.ndarray, regressor: str, setting: float) -> tuple[np.ndarray, Any]:
    """The importance of each column, and the fitted model."""
    if regressor == "lasso":
        from sklearn.linear_model import Lasso

        model = Lasso(alpha=setting, max_iter=5000).fit(x, y)
        return np.abs(model.coef_), model
    from sklearn.ensemble import RandomForestRegressor

    model = RandomForestRegressor(NUM_TREES, random_state=int(setting), min_samples_leaf=5).fit(x, y)
    return model.feature_importances_, model


def measure(inputs: SharedInputs) -> dict[str, DCI]:
    """Of the numbers of z and of w, about the scorer's logits."""
    found = {}
    for space in inputs.spaces:
        survey = inputs.survey(space)
        names = inputs.attributes or survey.names
        survey = survey.labelled(names)
        found[space] = dci(
            survey.latents.codes.cpu().flatten(1),
            survey.scores.select(names).logits.cpu(),
            attributes=tuple(names),
            described=f"{space} codes",
            seed=inputs.experiment.seed,
        )
    return found


DCI_MEASURE = Measure(
    "how single numbers of a code and attributes belong together", DCI, measure, needs=("scorer",)
)

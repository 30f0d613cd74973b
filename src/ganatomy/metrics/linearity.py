"""Linearity: whether an attribute's score rises linearly along its direction, and where it saturates.

Figures 8 and 9 of Tronchon and Cadiou: mean and deviation over codes at each strength, with the fitted line.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import UnknownNameError
from ganatomy.latents import Space
from ganatomy.metrics.base import MeasuredValue, Result, aligned
from ganatomy.metrics.edited import EditedSet
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.statistics.intervals import Estimate, estimate, resampling

SCALES = ("probability", "logit")
UNMOVED = 1e-3
"""A mean score that changes by less than this over all strengths has no line."""
FLAT = 0.1
"""A stretch where the mean rises less than this share of its steepest stretch is saturated."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """The score of one attribute at strengths along its direction.

    Args:
        mean: of the score over codes, at each strength.
        deviation: of the score over codes, at each strength.
        slope: of the line through the means.
        intercept: of the line through the means.
        r2: share of the variance of the means that the line explains.
        saturates: strengths below and above which the score hardly changes any more; None where it goes on changing.
    """

    mean: Float[Tensor, " s"]
    deviation: Float[Tensor, " s"]
    slope: Estimate
    intercept: Estimate
    r2: Estimate
    saturates: tuple[float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class Linearity(Result, unit="R²", higher_is_better=True):
    """How linearly scores rise along directions.

    Args:
        lines: of each direction, by its name.
        r2: the mean of theirs.
        scale: of the scores, one of `SCALES`.
    """

    lines: dict[str, Line]
    r2: Estimate
    strengths: tuple[float, ...]
    units: str
    space: Space
    scale: str
    num_codes: int

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        every = self._figures(mean=self.r2)
        for name, line in self.lines.items():
            every[name] = MeasuredValue(line.r2, self.unit, True)
        return every

    @property
    def notes(self) -> tuple[str, ...]:
        unmoved = [name for name, line in self.lines.items() if math.isnan(line.r2.value)]
        if not unmoved:
            return ()
        return (
            f"in {self.space} the score of {', '.join(unmoved)} does not move in these {self.num_codes} codes",
        )

    def __str__(self) -> str:
        head = ["", "R²", f"slope per {self.units}", "saturates below", "above"]
        rows = [
            [
                f"  {name}",
                "unmoved" if math.isnan(line.r2.value) else str(line.r2),
                str(line.slope),
                *("-" if s is None else f"{s:+g}" for s in line.saturates),
            ]
            for name, line in self.lines.items()
        ]
        return (
            f"linearity in {self.space}: R² {self.r2} of the mean {self.scale} at {len(self.strengths)} strengths from "
            f"{self.strengths[0]:g} to {self.strengths[-1]:g} {self.units}, {self.num_codes} codes; {self.verdict}\n"
            + aligned([head, *rows])
        )


def linearity(edited: EditedSet, *, scale: str = "probability") -> Linearity:
    """Fit a line to the mean score of each direction's attribute over the strengths.

    Intervals are from resampling codes, all strengths of a code together.

    Args:
        scale: "probability" as in the study, which saturates at 0 and 1; or "logit", which does not.

    Returns:
        A line for each direction.

    Raises:
        UnknownNameError: for another scale.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(seed=0)
        >>> edited = ga.edited_set(toy, OracleScorer(toy), toy.truth, codes=5)
        >>> ga.linearity(edited, scale="logit").r2.value > 0.99
        True
    """
    if scale not in SCALES:
        raise UnknownNameError("scale", scale, SCALES)
    scores = (edited.logits if scale == "logit" else edited.probabilities).double()
    strengths = torch.tensor(edited.strengths, dtype=torch.float64)
    draws = resampling(edited.num_codes, seed=edited.seed)
    lines, drawn = {}, []
    for name, rows, target in zip(edited.names, scores, edited.targets.tolist(), strict=True):
        score = rows[:, :, target]
        deviation, mean = torch.std_mean(score, 0)
        fitted, resampled = fit_line(strengths, mean), fit_line(strengths, draws @ score)
        drawn.append(resampled[2])
        slope, intercept, r2 = (
            estimate(float(value), values) for value, values in zip(fitted, resampled, strict=True)
        )
        lines[name] = Line(
            mean=mean.float(),
            deviation=deviation.float(),
            slope=slope,
            intercept=intercept,
            r2=r2,
            saturates=saturation(strengths, mean),
        )
    values = [line.r2.value for line in lines.values() if not math.isnan(line.r2.value)]
    average = sum(values) / len(values) if values else math.nan
    return Linearity(
        lines=lines,
        r2=estimate(average, torch.stack(drawn).nanmean(0)),
        strengths=edited.strengths,
        units=edited.units,
        space=edited.space,
        scale=scale,
        num_codes=edited.num_codes,
    )


def fit_line(x: Float[Tensor, " s"], y: Float[Tensor, "*b s"]) -> tuple[Tensor, Tensor, Tensor]:
    """Slope, intercept and R² of the least-squares line of each row; R² is nan where a row is constant."""
    away = x - x.mean()
    slope = (y * away).sum(-1) / away.square().sum()
    centre = y.mean(-1, keepdim=True)
    total = (y - centre).square().sum(-1)
    rest = (y - centre - slope[..., None] * away).square().sum(-1)
    flat = total <= UNMOVED**2
    r2 = torch.where(flat, torch.nan, 1 - rest / torch.where(flat, 1.0, total))
    return slope, centre[..., 0] - slope * x.mean(), r2


def saturation(x: Float[Tensor, " s"], y: Float[Tensor, " s"]) -> tuple[float | None, float | None]:
    """Where a curve becomes flat towards its lower and its upper end; None for an end where it does not.

    >>> saturation(torch.arange(6.0), torch.tensor([0.0, 0.0, 1.0, 2.0, 3.0, 3.0]))
    (1.0, 4.0)
    """
    steep = (y.diff() / x.diff()).abs()
    flat = steep < FLAT * steep.max()
    if bool(flat.all()) or not bool(steep.max() > 0):
        return None, None
    rising = (~flat).nonzero()[:, 0]
    first, last = int(rising[0]), int(rising[-1])
    return (
        float(x[first]) if first > 0 else None,
        float(x[last + 1]) if last + 2 < len(x) else None,
    )


def measure(inputs: SharedInputs) -> dict[str, Linearity]:
    """In z and in w, of the same attributes and codes."""
    return {space: linearity(inputs.edited(space)) for space in inputs.spaces}


LINEARITY = Measure(
    "how linearly scores rise along directions",
    Linearity,
    measure,
    needs=("scorer",),
)

"""A direction from 5 to 50 labelled images, and how accurate it is on others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from scipy.stats import beta, norm
from torch import Tensor

from ganatomy.directions.learning_curve import more_labels
from ganatomy.directions.moments import moments
from ganatomy.directions.regression import ridge_of
from ganatomy.directions.threads import threads_for
from ganatomy.errors import SettingError
from ganatomy.latents import Direction, Latents
from ganatomy.statistics.formatting import with_interval
from ganatomy.statistics.intervals import Estimate
from ganatomy.surveys import Survey

FEWEST = 2
"""Least number of labels of each kind."""

MOST = 200
"""Largest number of labels. Every figure is from fits without some of them, whose cost grows with the fourth power."""

RATIOS = torch.logspace(-3, 3, 25, dtype=torch.float64)
"""Ratios of the variance of labels that codes explain to the variance that they do not, to choose from."""

MOST_PAIRS = 700
"""Pairs of an image with and one without that are left out in turn: all of them up to 26 labels of each kind."""

WIDE = 2000
"""Codes that the spectrum of codes with more numbers is estimated from, because a matrix of their size is factored."""

DOUBTFUL = 0.1
"""Share of the codes, nearest to the boundary, that the next rows are chosen from."""

POOL = 300

CONFIDENCE = 0.95

INFLATION = 2.0
"""Variance of a figure over left-out codes, in that of as many independent trials.

All fits share most of their labels, so their errors are correlated (Bates, Hastie and Tibshirani 2021). Without this
factor, intervals of "95 %" contained the truth in 82 to 90 % of simulated draws.
"""


@dataclass(frozen=True, kw_only=True)
class FewLabels:
    """A direction learnt from a few labelled images, with its accuracy.

    Args:
        direction: its AUC is `auc`; its slope is nan where the fit does not separate the labels.
        num_yes: labels of images with the attribute.
        num_no: labels of images without it.
        accuracy: on images that were not labelled, with yes and no in the proportion of the labels.
        auc: on images that were not labelled.
        goal: the AUC that `needed` and `at_least` refer to.
        needed: expected number of further labels, half of them yes, that reach the goal, see
            `learning_curve.more_labels`; None where it seems out of reach.
        at_least: the number in the best case that is plausible (one case in ten is better).
        next_rows: to label next, the most informative first.

    Example::

        found = ga.few_labels(survey, yes=[3, 5, 9, 14, 20], no=[1, 2, 4, 6, 7])
        print(found.auc, found.next_rows)
    """

    direction: Direction
    num_yes: int
    num_no: int
    accuracy: Estimate
    auc: Estimate
    goal: float
    needed: int | None
    at_least: int | None
    next_rows: tuple[int, ...]

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.direction.name}, from {self.num_yes} yes and {self.num_no} no",
                f"  accuracy  {with_interval(self.accuracy, digits=2)}",
                f"  AUC       {with_interval(self.auc, digits=2)}",
                f"  needed    {self.advice}",
                f"  next      {', '.join(map(str, self.next_rows)) or 'no rows are left'}",
            ]
        )

    @property
    def advice(self) -> str:
        """The number of further labels in words."""
        goal = f"an AUC of {self.goal:g}"
        if self.at_least is None:
            return f"{goal} is out of reach: it depends too little on codes"
        if self.needed is None:
            return f"at least {self.at_least} more labels for {goal}, and perhaps no number is enough"
        if self.needed == 0:
            return f"no more labels for {goal}" + (
                ", but its interval reaches below" if self.auc.low < self.goal else ""
            )
        least = f"at least {self.at_least} more labels" if self.at_least else "perhaps no more labels"
        return f"{least} for {goal}, more likely about {self.needed}"


def few_labels(
    codes: Survey | Latents,
    yes: Sequence[int],
    no: Sequence[int],
    *,
    features: Float[Tensor, "n f"] | None = None,
    name: str = "labelled",
    goal: float = 0.9,
    num_next: int = 5,
    seed: int = 0,
) -> FewLabels:
    """The direction from `no` to `yes`, learnt from 5 to 50 labels, and its accuracy on other images.

    Labels are +1 and -1; they are regressed on codes with a normal prior on the weights (Bayesian ridge), whose
    strength maximises the marginal likelihood (MacKay 1992). The boundary is midway between the left-out predictions of
    both classes. Every figure is of images that were left out of the fit: accuracy leaves out one at a time (with a
    binomial interval), AUC a pair (Airola et al. 2011; with Newcombe's interval, which has a width even where all pairs
    are in order).

    With features, the classifier is fitted to the features of the images, which needs fewer labels, and every figure is
    of that classifier. The direction is the ridge regression of its output for all codes on the codes, as `regression`
    does with a scorer, and has no AUC of its own.

    Args:
        codes: all that could be labelled; unlabelled ones are used for `needed` and `next_rows`.
        yes: rows of `codes` with the attribute.
        no: rows of `codes` without it.
        features: of the image of each code, from a network.
        goal: the AUC to reach.
        seed: of the choice of pairs, where there are more than `MOST_PAIRS`.

    Returns:
        The direction, its accuracy and AUC with intervals, and how many labels more reach the goal.

    Raises:
        SettingError: for another number of features than codes, for a row that does not exist or has two labels, for
            fewer than two labels of a kind or more than `MOST`, for a goal outside (0.5, 1), and for labelled codes
            that are all equal.

    Example::

        found = ga.few_labels(survey, yes=[3, 5, 9, 14, 20], no=[1, 2, 4, 6, 7], name="sunny")
        print(found)
    """
    latents = codes.latents if isinstance(codes, Survey) else codes
    signs = _check(len(latents), yes, no)
    if not 0.5 < goal < 1:
        raise SettingError(f"goal is {goal:g}; an AUC to reach is above 0.5 and below 1")
    if num_next < 0:
        raise SettingError(f"num_next is {num_next}; it must be 0 or more")
    rows = latents.codes.detach().cpu().float().flatten(1)
    inputs = rows if features is None else features.detach().cpu().float()
    if len(inputs) != len(rows):
        raise SettingError(f"{len(inputs)} rows of features do not fit {len(rows)} codes; give one for each")
    labelled = torch.tensor([*yes, *no])
    mean = inputs.mean(0, dtype=torch.float64)
    seen = inputs[labelled].double() - mean
    gram = seen @ seen.T
    if not float((seen - seen[0]).abs().max()) > 0:
        raise SettingError(
            f"the {len(labelled)} labelled codes are all alike, so there is no direction in them"
        )

    with threads_for(0):
        found = fit(gram[None], signs[None])
        accuracy = _accuracy(gram, signs)
        auc = _auc(gram, signs, seed=seed)
        spectrum = _spectrum(inputs)
    weights = found.dual[0] @ seen
    side = (inputs - mean.float()) @ weights.float() + float(found.offset[0])
    per_side = float(found.slope[0])
    if features is None:
        line, start = weights, float(found.offset[0]) - float(weights @ mean)
    else:
        ridge = ridge_of(moments(rows, side[:, None]))
        line, start = ridge.weights[0], float(ridge.intercepts[0])
    length = float(line.norm())
    needed, at_least = more_labels(
        auc.value,
        partial(auc_deviation, num_yes=len(yes), num_no=len(no)),
        spectrum,
        num_yes=len(yes),
        num_no=len(no),
        goal=goal,
    )
    return FewLabels(
        direction=Direction(
            name=name,
            vector=(line / length).float().reshape(latents.codes.shape[1:]),
            space=latents.space,
            intercept=per_side * start,
            sigma=float((rows @ line.float()).std()) / length,
            slope=per_side * length,
            auc=auc.value if features is None else math.nan,
            method="few labels",
            seed=seed,
            fingerprint=latents.fingerprint,
        ),
        num_yes=len(yes),
        num_no=len(no),
        accuracy=accuracy,
        auc=auc,
        goal=goal,
        needed=needed,
        at_least=at_least,
        next_rows=next_rows(inputs, side, labelled, num=num_next),
    )


@dataclass(frozen=True, kw_only=True)
class RidgeFit:
    """Ridge regressions of ±1 on codes: `side = dual @ codes @ code + offset`, yes above 0.

    Args:
        dual: weights of the codes.
        offset: of the boundary.
        slope: log odds for each unit of `side`, from left-out codes; nan where these are not separated.
    """

    dual: Float[Tensor, "b n"]
    offset: Float[Tensor, " b"]
    slope: Float[Tensor, " b"]


def fit(gram: Float[Tensor, "b n n"], signs: Float[Tensor, "b n"]) -> RidgeFit:
    """Each regression with the ratio of the largest marginal likelihood, from the inner products of its codes.

    With e and V the eigensystem of the centred Gram matrix (scaled to mean 1) and `p = Vᵀ signs`, the likelihood of a
    ratio r, its noise at its best, is `-½ (Σ log(r e + 1) + (n - 1) log mean(p² / (r e + 1)))`.
    """
    n = gram.shape[-1]
    centred = gram - gram.mean(-1, keepdim=True)
    centred = centred - centred.mean(-2, keepdim=True)
    unit = centred.diagonal(dim1=-2, dim2=-1).mean(-1, keepdim=True).clamp(min=torch.finfo(gram.dtype).tiny)
    values, vectors = torch.linalg.eigh(centred / unit[..., None])
    values = values.clamp(min=0)
    mean = signs.mean(-1, keepdim=True)
    parts = torch.einsum("bn,bnk->bk", signs - mean, vectors)
    noises = RATIOS[:, None, None] * values + 1
    likelihood = noises.log().sum(-1) + (n - 1) * (parts.square() / noises).sum(-1).clamp(min=1e-12).log()
    ratio = RATIOS[likelihood.argmin(0)][:, None]
    noise = ratio * values + 1
    dual = torch.einsum("bk,bnk->bn", parts * ratio / noise, vectors) / unit
    dual = dual - dual.mean(-1, keepdim=True)

    # The prediction of each code without its own label, by its residual over one less the leverage. The mean of the
    # other labels is subtracted, because it alone reveals which label was left out.
    fitted = mean + torch.einsum("bk,bnk->bn", parts * ratio * values / noise, vectors)
    leverage = 1 / n + torch.einsum("bk,bnk->bn", ratio * values / noise, vectors.square())
    predicted = signs - (signs - fitted) / (1 - leverage).clamp(min=1e-9)
    apart = predicted * (n - 1) / n - mean + signs / n
    middles, spreads = [], []
    for sign in (1, -1):
        of_class = (signs == sign).to(signs)
        count = of_class.sum(-1).clamp(min=1)
        middle = (apart * of_class).sum(-1) / count
        middles.append(middle)
        spreads.append(((apart - middle[:, None]).square() * of_class).sum(-1))
    gap, spread = middles[0] - middles[1], (spreads[0] + spreads[1]) / max(n - 2, 1)
    center = torch.einsum("bij,bj->bi", gram, dual).mean(-1)
    return RidgeFit(
        dual=dual,
        offset=-center - (middles[0] + middles[1]) / 2,
        slope=torch.where((gap > 0) & (spread > 0), gap / spread, torch.nan),
    )


def auc_deviation(areas: Float[Tensor, " s"], *, num_yes: int, num_no: int) -> Float[Tensor, " s"]:
    """Standard error of a measured AUC where the true one is this (Newcombe 2006, method 5), with `INFLATION`."""
    extra = (num_yes + num_no) / 2 - 1
    spread = 1 + extra * (1 - areas) / (2 - areas) + extra * areas / (1 + areas)
    return (INFLATION * areas * (1 - areas) * spread / (num_yes * num_no)).sqrt()


def auc_interval(value: float, *, num_yes: int, num_no: int) -> Estimate:
    """An AUC with the range of values that are within the confidence of their own standard errors from it."""
    z = float(norm.ppf((1 + CONFIDENCE) / 2))
    areas = torch.linspace(0, 1, 10_001, dtype=torch.float64)
    near = (areas - value).abs() <= z * auc_deviation(areas, num_yes=num_yes, num_no=num_no)
    kept = areas[near | ((areas - value).abs() < 1e-4)]
    return Estimate(value=value, low=float(kept[0]), high=float(kept[-1]))


def share_interval(right: float, n: int) -> Estimate:
    """A share of n trials with the exact binomial interval (Clopper and Pearson 1934), with `INFLATION`."""
    tail, a, b = (1 - CONFIDENCE) / 2, right / INFLATION, (n - right) / INFLATION
    low = float(beta.ppf(tail, a, b + 1)) if right else 0.0
    high = float(beta.ppf(1 - tail, a + 1, b)) if right < n else 1.0
    return Estimate(value=right / n, low=low, high=high)


def next_rows(
    codes: Float[Tensor, "n d"], side: Float[Tensor, " n"], labelled: Int[Tensor, " m"], *, num: int
) -> tuple[int, ...]:
    """Rows to label next: of those nearest to the boundary, the ones that represent the others best.

    Each is the one that most lowers the sum over the doubtful rows of the distance to the nearest of those chosen.
    """
    free = torch.ones(len(codes), dtype=torch.bool)
    free[labelled] = False
    rows = free.nonzero()[:, 0]
    pool = min(len(rows), max(num, min(POOL, round(DOUBTFUL * len(rows)))))
    rows = rows[side[rows].abs().argsort(stable=True)[:pool]]
    between = torch.cdist(codes[rows], codes[rows])
    nearest = between.amax(0) if len(rows) else between.sum(0)
    chosen: list[int] = []
    for _ in range(min(num, len(rows))):
        gains = (nearest - torch.minimum(nearest, between)).sum(1)
        gains[chosen] = -1
        best = int(gains.argmax())
        chosen.append(best)
        nearest = torch.minimum(nearest, between[best])
    return tuple(rows[chosen].tolist())


def _accuracy(gram: Float[Tensor, "n n"], signs: Float[Tensor, " n"]) -> Estimate:
    n = len(signs)
    sides = _sides(gram, signs, torch.arange(n)[:, None])[:, 0] * signs
    return share_interval(float((sides > 0).sum() + 0.5 * (sides == 0).sum()), n)


def _auc(gram: Float[Tensor, "n n"], signs: Float[Tensor, " n"], *, seed: int) -> Estimate:
    present, absent = (signs > 0).nonzero()[:, 0], (signs < 0).nonzero()[:, 0]
    pairs = torch.cartesian_prod(present, absent)
    if len(pairs) > MOST_PAIRS:
        chosen = np.random.default_rng(seed).choice(len(pairs), MOST_PAIRS, replace=False)
        pairs = pairs[torch.from_numpy(np.sort(chosen))]
    sides = _sides(gram, signs, pairs)
    gaps = sides[:, 0] - sides[:, 1]
    ordered = float(((gaps > 0).double() + 0.5 * (gaps == 0)).mean())
    return auc_interval(ordered, num_yes=len(present), num_no=len(absent))


def _sides(
    gram: Float[Tensor, "n n"], signs: Float[Tensor, " n"], left_out: Int[Tensor, "b k"]
) -> Float[Tensor, "b k"]:
    """The predictions of left-out codes from the fit to all others; one fit for each row of `left_out`."""
    n = len(signs)
    sides = []
    for out in left_out.split(128):
        stay: Bool[Tensor, "b n"] = torch.ones(len(out), n, dtype=torch.bool)
        stay[torch.arange(len(out))[:, None], out] = False
        rest = stay.nonzero()[:, 1].reshape(len(out), -1)
        found = fit(gram[rest[:, :, None], rest[:, None, :]], signs[rest])
        products = gram[out[:, :, None], rest[:, None, :]]
        sides.append(torch.einsum("bkn,bn->bk", products, found.dual) + found.offset[:, None])
    return torch.cat(sides)


def _spectrum(codes: Float[Tensor, "n d"]) -> Float[Tensor, " r"]:
    """Variances of the codes along their principal axes."""
    if codes.shape[1] > min(len(codes), WIDE):
        some = codes[:WIDE].double()
        some = some - some.mean(0)
        return torch.linalg.eigvalsh(some @ some.T / len(some)).flip(0).clamp(min=0)
    return moments(codes, codes.new_zeros(len(codes), 0)).spectrum.variances


def _check(n: int, yes: Sequence[int], no: Sequence[int]) -> Float[Tensor, " m"]:
    """+1 for each yes and -1 for each no; raises SettingError for labels that cannot be learnt from."""
    both = sorted(set(yes) & set(no))
    if both:
        raise SettingError(f"row {both[0]} is labelled yes and no; label it once")
    for kind, rows in (("yes", yes), ("no", no)):
        if len(rows) < FEWEST:
            raise SettingError(
                f"{len(rows)} row(s) are labelled {kind}; label {FEWEST} or more of each, better 5 to 25"
            )
        if len(set(rows)) < len(rows):
            raise SettingError(
                f"a row is labelled {kind} twice in {', '.join(map(str, rows))}; label it once"
            )
        for row in rows:
            if not 0 <= row < n:
                raise SettingError(f"row {row} is labelled {kind}, but there are rows 0 to {n - 1}")
    if len(yes) + len(no) > MOST:
        raise SettingError(
            f"{len(yes) + len(no)} labels are too many; give up to {MOST}, or survey with a table of labels as scorer, "
            "from which `regression` learns"
        )
    return torch.tensor([1.0] * len(yes) + [-1.0] * len(no), dtype=torch.float64)

"""Boundaries of linear support vector machines between the codes with the highest and lowest scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.optimize import minimize
from torch import Tensor

from ganatomy.directions.base import calibrate
from ganatomy.directions.evidence import Evidence, as_nothing, read
from ganatomy.directions.moments import whitening_of
from ganatomy.directions.threads import threads_for
from ganatomy.errors import SettingError
from ganatomy.latents import Directions
from ganatomy.surveys import Survey

FRACTION = 0.02
"""Share of the codes at each end that InterFaceGAN keeps."""

FEWEST = 1000
"""Least number of codes kept at each end, where there are as many; InterFaceGAN surveyed 500,000."""

MOST = 10_000
"""Most codes kept at each end: as many as InterFaceGAN kept of its 500,000."""

GATHERED = 2**26
"""Numbers of the codes at both ends that are gathered in one pass: attributes of a large survey take several."""

FLAT = 1e-7
"""L-BFGS stops when a step lowers the objective by no more than this share, the precision of float32."""


def svm(
    survey: Survey,
    attributes: Iterable[str] | None = None,
    *,
    seed: int = 0,
    num_extremes: int | None = None,
    cost: float = 1.0,
) -> Directions:
    """InterFaceGAN (Shen et al. 2020): sort codes by score, keep both ends, and take the normal of a linear SVM.

    Unlike the published code it solves the linear problem itself (no kernel matrix), in whitened coordinates (z of a
    normal prior is white already), and keeps the intercept: the direction's logit is 0 on the boundary.

    Args:
        num_extremes: codes kept at each end; by default 2 %, but from 1,000, where there are as many, to 10,000.
        cost: C, of a code on the wrong side of the margin.

    Returns:
        One direction for each attribute.

    Raises:
        SettingError: for fewer than one code at each end, or a cost that is not above 0.
        ScoreError, UnknownNameError: see `directions.evidence.read`.

    Example::

        found = ga.svm(survey, num_extremes=500)
    """
    check_boundary(num_extremes, cost=cost, least=1)
    evidence = read(survey, attributes, seed=seed)
    kept = num_at_each_end(evidence.n, num_extremes)
    white = whitening_of(evidence.moments(as_nothing))
    with threads_for(2 * kept * evidence.dim):
        planes = [
            separate(white.codes(codes), low, high, cost=cost)
            for codes, low, high in both_ends(evidence, kept)
        ]
    weights, intercepts = zip(*planes, strict=True)
    vectors, offsets = white.boundary(torch.stack(weights), torch.stack(intercepts))
    return calibrate(evidence, vectors, method="svm", offsets=offsets)


def check_boundary(num_extremes: int | None, *, cost: float, least: int) -> None:
    """Refuse fewer than `least` codes at each end, and a cost that is not above 0; raises SettingError."""
    if num_extremes is not None and num_extremes < least:
        codes = "one code" if least == 1 else "two codes"
        raise SettingError(f"num_extremes is {num_extremes}; a boundary needs at least {codes} at each end")
    if not cost > 0:
        raise SettingError(f"cost is {cost}; it must be above 0")


def num_at_each_end(n: int, num_extremes: int | None) -> int:
    """How many of n codes are kept at each end: as many as are asked for, else 2 %, from `FEWEST` to `MOST`."""
    return min(num_extremes or min(max(round(FRACTION * n), FEWEST), MOST), n // 2)


def both_ends(
    evidence: Evidence, num: int
) -> Iterator[tuple[Float[Tensor, "k d"], Int[Tensor, " low"], Int[Tensor, " high"]]]:
    """For each attribute the codes with the lowest and the highest logits, and which of these are which."""
    at_once = max(1, GATHERED // (2 * num * evidence.dim))
    for start in range(0, len(evidence.names), at_once):
        columns = range(start, min(start + at_once, len(evidence.names)))
        ends = [extremes(evidence.column(k), num) for k in columns]
        gathered = evidence.codes_of([torch.cat(pair) for pair in ends])
        for codes, (low, high) in zip(gathered, ends, strict=True):
            yield codes, torch.arange(len(low)), torch.arange(len(low), len(low) + len(high))


def extremes(logits: Float[Tensor, " n"], num: int) -> tuple[Int[Tensor, " low"], Int[Tensor, " high"]]:
    """Rows of the `num` lowest and highest logits; of hard labels fewer, so that no value is at both ends."""
    order = logits.argsort(stable=True)
    low, high = order[:num], order[-num:]
    tie = logits[high[0]]
    if logits[low[-1]] < tie:
        return low, high
    above = high[logits[high] > tie]
    return (low, above) if len(above) else (low[logits[low] < tie], high)


def separate(
    codes: Float[Tensor, "n d"], low: Int[Tensor, " low"], high: Int[Tensor, " high"], *, cost: float
) -> tuple[Float[Tensor, " d"], Float[Tensor, ""]]:
    """Weights and intercept of the linear SVM (squared hinge, both classes of equal weight) between rows of codes.

    It minimises what liblinear does, `½(|w|² + b²) + C Σ cᵢ max(0, 1 - yᵢ(w x + b))²`, by L-BFGS on a dense matrix.
    """
    counts = torch.tensor([len(low), len(high)])
    signs = torch.tensor([-1.0, 1.0]).repeat_interleave(counts)
    costs = (cost * counts.sum() / (2 * counts)).repeat_interleave(counts)
    rows = codes[torch.cat([low, high])]
    rows = torch.cat([rows, torch.ones(len(rows), 1)], dim=1) * signs[:, None]

    def objective(plane: np.ndarray) -> tuple[float, np.ndarray]:
        inside = (1 - rows @ torch.from_numpy(plane).float()).clamp_(min=0)
        weighted = costs * inside
        gradient = plane - 2 * (weighted @ rows).double().numpy()
        return float(0.5 * plane @ plane + float(weighted @ inside)), gradient

    start, settings = np.zeros(rows.shape[1]), {"ftol": FLAT, "maxcor": 20, "maxiter": 1000}
    plane = torch.from_numpy(minimize(objective, start, jac=True, method="L-BFGS-B", options=settings).x)
    return plane[:-1], plane[-1]

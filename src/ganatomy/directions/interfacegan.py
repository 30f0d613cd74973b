"""InterFaceGAN's boundary as it was published, beside which `svm` can be held."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.base import calibrate
from ganatomy.directions.evidence import read
from ganatomy.directions.svm import both_ends, check_boundary, num_at_each_end
from ganatomy.directions.threads import threads_for
from ganatomy.latents import Directions
from ganatomy.surveys import Survey

KERNEL_CODES = 5000
"""Codes up to which the kernel machine is trained, whose time grows with their square at least."""


def interfacegan(
    survey: Survey,
    attributes: Iterable[str] | None = None,
    *,
    seed: int = 0,
    num_extremes: int | None = None,
    cost: float = 1.0,
) -> Directions:
    """InterFaceGAN's published boundary (Shen et al. 2020): a linear SVM of hinge loss between both ends of the scores.

    Codes are sorted by score, those at both ends are the classes, `½|w|² + C Σ max(0, 1 - y(w x + b))` is minimised in
    the coordinates of the codes, and the direction is `w / |w|`. scikit-learn's `SVC(kernel="linear")` solves it as
    published for up to `KERNEL_CODES` codes, and `LinearSVC(loss="hinge")` for more, which also shrinks b. The 30 % of
    codes that are kept for validation are those that all methods here hold out, before they are sorted. The intercept
    is kept. `svm` solves a near problem faster, in white codes.

    Args:
        num_extremes: codes at each end; by default 2 %, but from 1,000, where there are as many, to 10,000.
        cost: C, of a code on the wrong side of the margin.

    Returns:
        One direction for each attribute.

    Raises:
        SettingError: for fewer than two codes at each end, or a cost that is not above 0.
        ScoreError, UnknownNameError: see `directions.evidence.read`.

    Example::

        found = ga.interfacegan(survey, num_extremes=500)
    """
    check_boundary(num_extremes, cost=cost, least=2)
    evidence = read(survey, attributes, seed=seed)
    kept = num_at_each_end(evidence.n, num_extremes)
    vectors, offsets = [], []
    with threads_for(2 * kept * evidence.dim):
        for codes, low, high in both_ends(evidence, kept):
            vector, offset = hinge_boundary(codes, low, high, cost=cost)
            vectors.append(vector)
            offsets.append(offset)
    found = torch.stack(vectors)
    distances = torch.tensor(offsets, dtype=torch.float64) / found.norm(dim=1)
    return calibrate(evidence, found, method="interfacegan", offsets=distances)


def hinge_boundary(
    codes: Float[Tensor, "n d"], low: Tensor, high: Tensor, *, cost: float = 1.0
) -> tuple[Float[Tensor, " d"], float]:
    """Weights and intercept of the hinge-loss SVM between rows of codes."""
    from sklearn.svm import SVC, LinearSVC

    rows = codes[torch.cat([low, high])].double().numpy()
    labels = np.repeat([0, 1], [len(low), len(high)])
    machine = (
        SVC(kernel="linear", C=cost)
        if len(rows) <= KERNEL_CODES
        else LinearSVC(loss="hinge", C=cost, random_state=0, max_iter=100_000)
    )
    machine.fit(rows, labels)
    weights, intercept = np.ravel(machine.coef_), np.ravel(machine.intercept_)
    return torch.from_numpy(weights.copy()), float(intercept[0])

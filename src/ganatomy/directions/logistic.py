"""Logistic regression of all attributes at once."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from ganatomy.directions.base import calibrate
from ganatomy.directions.cross_entropy import fit
from ganatomy.directions.evidence import Matrices, as_nothing, read
from ganatomy.directions.moments import whitening_of
from ganatomy.directions.svm import both_ends, num_at_each_end
from ganatomy.directions.threads import threads_for
from ganatomy.errors import SettingError
from ganatomy.latents import Directions
from ganatomy.surveys import Survey

STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3)
"""Penalties on squared weights in whitened coordinates to choose from, for each attribute by held-out cross-entropy."""

UNSEEN = 0.25
"""Share of the codes that the penalty is chosen on."""


def logistic(
    survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0, strength: float | None = None
) -> Directions:
    """Normals of logistic regressions: the least mean cross-entropy + `strength / 2 |w|²`, w in whitened coordinates.

    Where codes are not white, a penalty on plain weights would bend the normal towards the axes along which codes vary
    most. Of a survey that is too large for memory it learns from the codes with the highest and the lowest scores, as
    `svm` does.

    Args:
        strength: by default the one of `STRENGTHS` with the least cross-entropy on codes that the fit did not use.

    Returns:
        One direction for each attribute.

    Raises:
        SettingError: for a strength that is not above 0.
        ScoreError, UnknownNameError: see `directions.evidence.read`.

    Example::

        found = ga.logistic(survey, strength=0.1)
    """
    if strength is not None and not strength > 0:
        raise SettingError(
            f"strength is {strength}; it must be above 0, because weights are unbounded without a penalty"
        )
    evidence = read(survey, attributes, seed=seed)
    white = whitening_of(evidence.moments(as_nothing))
    if isinstance(evidence, Matrices):
        planes = [_fitted(white.codes(evidence.codes), evidence.labels, strength)]
    else:
        planes = [
            _fitted(white.codes(codes[order]), (order >= len(low))[:, None], strength)
            for codes, low, _ in both_ends(evidence, num_at_each_end(evidence.n, None))
            for order in [_shuffled(len(codes), seed)]
        ]
    weights, intercepts = (torch.cat(each) for each in zip(*planes, strict=True))
    vectors, offsets = white.boundary(weights, intercepts)
    return calibrate(evidence, vectors, method="logistic", offsets=offsets)


def _shuffled(n: int, seed: int) -> Int[Tensor, " n"]:
    """Any order, so that the codes that a strength is chosen on are of both ends."""
    return torch.from_numpy(np.random.default_rng(seed).permutation(n))


def _fitted(
    codes: Float[Tensor, "n d"], labels: Bool[Tensor, "n a"], strength: float | None
) -> tuple[Float[Tensor, "a d"], Float[Tensor, " a"]]:
    """Weights and intercepts in whitened coordinates."""
    with threads_for(codes.numel()):
        if strength is None:
            strengths = choose_strengths(codes, labels)
        else:
            strengths = torch.full((labels.shape[1],), strength)
        return fit(codes, labels, strengths)


def choose_strengths(codes: Float[Tensor, "n d"], labels: Bool[Tensor, "n a"]) -> Float[Tensor, " a"]:
    """For each attribute the strength whose fit to the first codes has the least cross-entropy on the last ones."""
    seen = len(codes) - round(UNSEEN * len(codes))
    num = labels.shape[1]
    strengths = torch.tensor([s for s, _ in product(STRENGTHS, range(num))])
    weights, intercepts = fit(
        codes[:seen], labels[:seen].repeat(1, len(STRENGTHS)), strengths, tolerance=1e-3
    )
    logits = codes[seen:] @ weights.T + intercepts
    truth = labels[seen:].repeat(1, len(STRENGTHS)).float()
    loss = (
        F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        .mean(0)
        .reshape(len(STRENGTHS), num)
    )
    return torch.tensor(STRENGTHS)[loss.argmin(0)]

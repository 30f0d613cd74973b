"""Partial least squares: regression of logits on the few combinations of a code's numbers with most covariance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.directions.base import calibrate
from ganatomy.directions.evidence import Evidence, read
from ganatomy.directions.moments import Moments, streamed
from ganatomy.directions.threads import threads_for
from ganatomy.errors import SettingError
from ganatomy.latents import Directions
from ganatomy.surveys import Survey

FOLDS = 4

MOST = 100
"""Largest number of components to choose from."""

NOTHING = 1e-3
"""Share of a component's length below which its rest is rounding of single precision: those before it span it."""


def pls(
    survey: Survey,
    attributes: Iterable[str] | None = None,
    *,
    seed: int = 0,
    num_components: int | None = None,
) -> Directions:
    """Gradients of partial least squares regressions from codes to the logit of each attribute (PLS1, Wold 1975).

    With S the covariance of codes and c their covariance with the logit, k components span `c, S c, ..., S^(k-1) c`,
    and the weights are the least-squares solution in that span (Helland 1988; SIMPLS of de Jong 1993 has the same for
    one score). One component is the covariance itself, all of them ordinary least squares.

    Args:
        num_components: k; by default each attribute has the number with the least squared error in `FOLDS`-fold
            cross-validation, of up to `MOST`.

    Returns:
        One direction for each attribute.

    Raises:
        SettingError: for fewer than one component, or more than a code has numbers.
        ScoreError, UnknownNameError: see `directions.evidence.read`.

    Example::

        found = ga.pls(survey, num_components=20)
    """
    evidence = read(survey, attributes, seed=seed)
    dim = evidence.dim
    if num_components is not None and not 0 < num_components <= dim:
        raise SettingError(f"these codes have 1 to {dim} components, not {num_components}")
    if num_components is None:
        folds = [_fold(evidence, k) for k in range(FOLDS)]
        seen, chosen = pooled(folds), best_numbers(folds)
    else:
        seen = evidence.moments()
        chosen = torch.full((len(evidence.names),), num_components)
    with threads_for(seen.covariance.numel()):
        path = components_path(seen.covariance, seen.cross.T, int(chosen.max()))
    weights = path[torch.arange(len(path)), chosen - 1]
    norms = torch.linalg.vector_norm(weights, dim=1)
    intercepts = seen.mean_scores - weights @ seen.mean_codes
    return calibrate(evidence, weights, method="pls", slopes=norms, offsets=intercepts / norms)


def _fold(evidence: Evidence, k: int) -> Moments:
    """The moments of every `FOLDS`-th code."""

    def rows() -> Iterator[tuple[Tensor, Tensor]]:
        start = 0
        for codes, logits in evidence.blocks():
            first = (k - start) % FOLDS
            start += len(codes)
            if first < len(codes):
                yield codes[first::FOLDS], logits[first::FOLDS]

    with threads_for(evidence.n * evidence.dim):
        return streamed(rows())


def components_path(
    covariance: Float[Tensor, "d d"], cross: Float[Tensor, "a d"], num: int
) -> Float[Tensor, "a {num} d"]:
    """The weights of 1, 2, ... `num` components, for each row of covariances with a score.

    The basis of the span is kept orthonormal as it grows (Lanczos 1950). Where the span is complete before `num`, the
    following rows repeat the last.
    """
    a, d = cross.shape
    basis, images = cross.new_zeros(a, num, d), cross.new_zeros(a, num, d)
    sizes = torch.linalg.vector_norm(cross, dim=1, keepdim=True)
    vectors = cross / sizes.clamp(min=torch.finfo(cross.dtype).tiny)
    for k in range(num):
        basis[:, k] = vectors
        images[:, k] = vectors @ covariance
        following, before = images[:, k], basis[:, : k + 1]
        for _ in range(2):
            following = following - ((following[:, None] @ before.mT) @ before)[:, 0]
        left = torch.linalg.vector_norm(following, dim=1, keepdim=True)
        enough = left > NOTHING * torch.linalg.vector_norm(images[:, k], dim=1, keepdim=True)
        vectors = torch.where(enough, following / left, 0.0)
    inside = basis @ images.mT
    unused = (basis == 0).all(-1)
    inside = inside + torch.diag_embed(unused.to(cross))
    coefficients = cross.new_zeros(a, num, num)
    for k in range(1, num + 1):
        first = torch.zeros(a, k).to(cross)
        first[:, 0] = sizes[:, 0]
        coefficients[:, k - 1, :k] = torch.linalg.solve(inside[:, :k, :k], first)
    return coefficients @ basis


def best_numbers(folds: Sequence[Moments]) -> Int[Tensor, " a"]:
    """For each attribute the number of components that predicts best, each fold from the codes of the others."""
    dim, num_attributes = folds[0].cross.shape
    num = min(MOST, dim, sum(part.n for part in folds) - max(part.n for part in folds) - 1)
    errors = torch.zeros(num_attributes, num, dtype=torch.float64)
    for k, part in enumerate(folds):
        rest = pooled([*folds[:k], *folds[k + 1 :]])
        with threads_for(part.covariance.numel()):
            path = components_path(rest.covariance, rest.cross.T, num)
            squares = ((path @ part.covariance) * path).sum(-1) - 2 * (path * part.cross.T[:, None]).sum(-1)
        offset = (part.mean_scores - rest.mean_scores)[:, None] - path @ (part.mean_codes - rest.mean_codes)
        errors += part.n * (part.variances[:, None] + squares + offset.square())
    return errors.argmin(1) + 1


def pooled(parts: Sequence[Moments]) -> Moments:
    """The moments of the rows of all parts (Chan, Golub and LeVeque 1979)."""
    n = sum(part.n for part in parts)
    mean_codes = torch.stack([part.mean_codes * (part.n / n) for part in parts]).sum(0)
    mean_scores = torch.stack([part.mean_scores * (part.n / n) for part in parts]).sum(0)
    covariance, cross = torch.zeros_like(parts[0].covariance), torch.zeros_like(parts[0].cross)
    variances = torch.zeros_like(parts[0].variances)
    for part in parts:
        share, codes, scores = part.n / n, part.mean_codes - mean_codes, part.mean_scores - mean_scores
        covariance += share * (part.covariance + codes.outer(codes))
        cross += share * (part.cross + codes.outer(scores))
        variances += share * (part.variances + scores.square())
    return Moments(
        n=n,
        mean_codes=mean_codes,
        mean_scores=mean_scores,
        covariance=covariance,
        cross=cross,
        variances=variances,
    )

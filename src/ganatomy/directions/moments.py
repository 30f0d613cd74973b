"""What least squares needs to know of codes and scores: their means and second moments, streamed in float64."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import torch
from jaxtyping import Float
from scipy.linalg import eigh
from scipy.linalg.blas import dsyrk  # pyright: ignore[reportAttributeAccessIssue]  (made at run time)
from torch import Tensor

from ganatomy.directions.base import blocks
from ganatomy.directions.threads import threads_for
from ganatomy.errors import SettingError

NOTHING = 1e-10
"""Directions of the code space with less than this share of the largest variance hold rounding errors only."""


@dataclass(frozen=True)
class Spectrum:
    """Principal axes of codes (columns of `axes`) with the variance along each, largest first; none is zero."""

    variances: Float[Tensor, " r"]
    axes: Float[Tensor, "d r"]


def leading(symmetric: Float[Tensor, "d d"], num: int) -> Spectrum:
    """The largest eigenvalues of a positive semidefinite matrix, with their vectors: at most `num`, none zero."""
    d = len(symmetric)
    with threads_for(symmetric.numel()):
        values, axes = eigh(symmetric.numpy(), subset_by_index=[max(d - num, 0), d - 1])
    values, axes = torch.from_numpy(values).flip(0), torch.from_numpy(axes).flip(1)
    keep = values > NOTHING * values[0]
    return Spectrum(values[keep], axes[:, keep])


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Means and covariances (divided by n) of `n` codes and their scores."""

    n: int
    mean_codes: Float[Tensor, " d"]
    mean_scores: Float[Tensor, " a"]
    covariance: Float[Tensor, "d d"]
    cross: Float[Tensor, "d a"]
    variances: Float[Tensor, " a"]

    @cached_property
    def spectrum(self) -> Spectrum:
        with threads_for(self.covariance.numel()):
            values, axes = torch.linalg.eigh(self.covariance)
        values, axes = values.flip(0), axes.flip(1)
        keep = values > NOTHING * values[0]
        return Spectrum(values[keep], axes[:, keep])

    def least_squares(self) -> Float[Tensor, "a d"]:
        """The linear map from codes to scores of least squared error; the shortest, where several have it."""
        factor, failed = torch.linalg.cholesky_ex(self.covariance)
        pivots = factor.diagonal().square()
        if not failed and bool(pivots.min() > NOTHING * pivots.max()):
            return torch.cholesky_solve(self.cross, factor).T
        variances, axes = self.spectrum.variances, self.spectrum.axes
        return (axes @ (axes.T @ self.cross / variances[:, None])).T


def moments(codes: Float[Tensor, "n d"], scores: Float[Tensor, "n a"]) -> Moments:
    """One pass over the rows; what is held in float64 is `[d, d]` and one block."""
    with threads_for(codes.numel()):
        return streamed((codes[rows], scores[rows]) for rows in blocks(len(codes)))


def streamed(batches: Iterable[tuple[Float[Tensor, "b d"], Float[Tensor, "b a"]]]) -> Moments:
    """One pass over batches of codes and their scores, of any sizes.

    Raises:
        SettingError: when there is no batch.
    """
    batches = iter(batches)
    first = next(batches, None)
    if first is None:
        raise SettingError("there are no codes to take the moments of")
    # Deviations from about the mean lose no digits when they are squared.
    pilot_codes, pilot_scores = first[0].double().mean(0), first[1].double().mean(0)
    n, sum_codes, sum_scores = 0, torch.zeros_like(pilot_codes), torch.zeros_like(pilot_scores)
    triangle = np.zeros((len(pilot_codes), len(pilot_codes)), order="F")
    cross = torch.zeros(len(pilot_codes), len(pilot_scores), dtype=torch.float64)
    square_scores = torch.zeros_like(pilot_scores)
    for codes, scores in chain([first], batches):
        x = codes.to(torch.float64, copy=True).sub_(pilot_codes)
        y = scores.to(torch.float64, copy=True).sub_(pilot_scores)
        n += len(x)
        sum_codes += x.sum(0)
        sum_scores += y.sum(0)
        triangle = _add_products(triangle, x)
        cross.addmm_(x.T, y)
        square_scores += y.square().sum(0)
    square = _whole(triangle)
    shift_codes, shift_scores = sum_codes / n, sum_scores / n
    return Moments(
        n=n,
        mean_codes=pilot_codes + shift_codes,
        mean_scores=pilot_scores + shift_scores,
        covariance=square / n - shift_codes.outer(shift_codes),
        cross=cross / n - shift_codes.outer(shift_scores),
        variances=square_scores / n - shift_scores.square(),
    )


def gram(rows: Float[Tensor, "n d"]) -> Float[Tensor, "d d"]:
    """`rowsᵀ rows` in float64."""
    empty = np.zeros((rows.shape[1], rows.shape[1]), order="F")
    with threads_for(rows.numel()):
        return _whole(_add_products(empty, rows.double()))


def _add_products(triangle: np.ndarray, rows: Float[Tensor, "n d"]) -> np.ndarray:
    """Half of a symmetric matrix is half of the work, which no function of torch makes use of."""
    return dsyrk(1.0, rows.T.numpy(), beta=1.0, c=triangle, overwrite_c=True)


def _whole(triangle: np.ndarray) -> Float[Tensor, "d d"]:
    return torch.from_numpy(np.triu(triangle) + np.triu(triangle, 1).T)


@dataclass(frozen=True)
class Whitening:
    """A change of coordinates after which codes have mean 0 and variance 1 along every axis."""

    mean: Float[Tensor, " d"]
    matrix: Float[Tensor, "d r"]

    def codes(self, codes: Float[Tensor, "n d"]) -> Float[Tensor, "n r"]:
        return (codes - self.mean.to(codes)) @ self.matrix.to(codes)

    def boundary(
        self, weights: Float[Tensor, "a r"], intercepts: Float[Tensor, " a"]
    ) -> tuple[Float[Tensor, "a d"], Float[Tensor, " a"]]:
        """A boundary `weights @ white + intercepts = 0` in the coordinates of the codes: vectors, signed distances."""
        vectors = weights.double() @ self.matrix.T
        norms = torch.linalg.vector_norm(vectors, dim=1)
        return vectors, (intercepts.double() - vectors @ self.mean) / norms


def whitening(codes: Float[Tensor, "n d"]) -> Whitening:
    """The whitening of these codes; near enough to no change at all for z of a normal prior."""
    seen = moments(codes, codes.new_zeros(len(codes), 0))
    return Whitening(seen.mean_codes, seen.spectrum.axes / seen.spectrum.variances.sqrt())

"""Means and second moments of codes and scores, streamed in float64, and what least squares finds from them."""

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

from ganatomy.directions.threads import threads_for
from ganatomy.errors import SettingError
from ganatomy.geometry import upright

NOTHING = 1e-10
"""Axes with less than this share of the largest variance are rounding errors."""

BLOCK = 8192
"""Rows that are held in float64 at once."""


@dataclass(frozen=True)
class Spectrum:
    """Principal axes of codes (columns of `axes`) and the variance along each, in falling order and above zero."""

    variances: Float[Tensor, " r"]
    axes: Float[Tensor, "d r"]


def leading(symmetric: Float[Tensor, "d d"], num: int) -> Spectrum:
    """The at most `num` largest eigenvalues of a positive semidefinite matrix, without zeros, and their vectors."""
    d = len(symmetric)
    with threads_for(symmetric.numel()):
        values, axes = eigh(symmetric.numpy(), subset_by_index=[max(d - num, 0), d - 1])
    return _spectrum(torch.from_numpy(values), torch.from_numpy(axes))


def _spectrum(values: Float[Tensor, " k"], axes: Float[Tensor, "d k"]) -> Spectrum:
    """Of eigenvalues in rising order and their vectors: those above zero in falling order, vectors upright."""
    keep = values > NOTHING * values[-1]
    return Spectrum(values[keep].flip(0), upright(axes[:, keep].T).T.flip(1))


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
        return _spectrum(values, axes)

    def least_squares(self) -> Float[Tensor, "a d"]:
        """The linear map from codes to scores of least squared error; the shortest, where several have it."""
        factor, failed = torch.linalg.cholesky_ex(self.covariance)
        pivots = factor.diagonal().square()
        if not failed and bool(pivots.min() > NOTHING * pivots.max()):
            return torch.cholesky_solve(self.cross, factor).T
        variances, axes = self.spectrum.variances, self.spectrum.axes
        return (axes @ (axes.T @ self.cross / variances[:, None])).T


def moments(codes: Float[Tensor, "n d"], scores: Float[Tensor, "n a"]) -> Moments:
    """In one pass over the rows, with a matrix `[d, d]` and one block of rows in float64."""
    with threads_for(codes.numel()):
        return streamed(zip(codes.split(BLOCK), scores.split(BLOCK), strict=True))


def streamed(batches: Iterable[tuple[Float[Tensor, "b d"], Float[Tensor, "b a"]]]) -> Moments:
    """In one pass over batches of codes and their scores, of any sizes; raises SettingError for no batch."""
    batches = iter(batches)
    first = next(batches, None)
    if first is None:
        raise SettingError("there are no codes; moments need one batch or more")
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
    """Computes half of a symmetric matrix, which takes half the time; torch has no such function."""
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
    """The whitening of these codes; for z of a normal prior nearly the identity."""
    return whitening_of(moments(codes, codes.new_zeros(len(codes), 0)))


def whitening_of(seen: Moments) -> Whitening:
    """The whitening of codes with these moments."""
    return Whitening(seen.mean_codes, seen.spectrum.axes / seen.spectrum.variances.sqrt())

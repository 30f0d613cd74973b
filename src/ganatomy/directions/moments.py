"""What least squares needs to know of codes and scores: their means and second moments, streamed in float64."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from scipy.linalg.blas import dsyrk  # pyright: ignore[reportAttributeAccessIssue]  (made at run time)
from torch import Tensor

from ganatomy.directions.base import blocks
from ganatomy.directions.threads import threads_for

NOTHING = 1e-10
"""Directions of the code space with less than this share of the largest variance hold rounding errors only."""


@dataclass(frozen=True)
class Spectrum:
    """Principal axes of codes (columns of `axes`) with the variance along each, largest first; none is zero."""

    variances: Float[Tensor, " r"]
    axes: Float[Tensor, "d r"]


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


def moments(codes: Float[Tensor, "n d"], scores: Float[Tensor, "n a"]) -> Moments:
    """One pass over the rows; what is held in float64 is `[d, d]` and one block."""
    n = len(codes)
    pilot_codes, pilot_scores = codes[:1000].double().mean(0), scores[:1000].double().mean(0)
    sum_codes, sum_scores = torch.zeros_like(pilot_codes), torch.zeros_like(pilot_scores)
    triangle = np.zeros((len(pilot_codes), len(pilot_codes)), order="F")
    cross = torch.zeros(len(pilot_codes), len(pilot_scores), dtype=torch.float64)
    square_scores = torch.zeros_like(pilot_scores)
    with threads_for(codes.numel()):
        for rows in blocks(n):
            x, y = codes[rows].double() - pilot_codes, scores[rows].double() - pilot_scores
            sum_codes += x.sum(0)
            sum_scores += y.sum(0)
            # Half of a symmetric matrix is half of the work, which no function of torch makes use of.
            triangle = dsyrk(1.0, x.T.numpy(), beta=1.0, c=triangle, overwrite_c=True)
            cross.addmm_(x.T, y)
            square_scores += y.square().sum(0)
    square = torch.from_numpy(np.triu(triangle) + np.triu(triangle, 1).T)
    shift_codes, shift_scores = sum_codes / n, sum_scores / n
    return Moments(
        n=n,
        mean_codes=pilot_codes + shift_codes,
        mean_scores=pilot_scores + shift_scores,
        covariance=square / n - shift_codes.outer(shift_codes),
        cross=cross / n - shift_codes.outer(shift_scores),
        variances=square_scores / n - shift_scores.square(),
    )


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

"""The least squared error of a linear map plus a penalty on rows that are not orthogonal, to its minimum.

The penalty is a norm, not its square, so J has a kink wherever rows are orthogonal, and above some weight its minimum
lies there exactly (Nocedal and Wright 2006, section 17.2: an exact penalty). Descent that knows nothing of it zigzags
across the kink and stops early. So the error is first minimised over orthogonal rows alone, where it is smooth; a bound
on its gradient says whether that is a minimum of J as well; if not, J is minimised away from the kink, where it is
smooth too. Both by L-BFGS in float64, from least squares: nothing is drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.linalg import eigh
from scipy.optimize import minimize
from torch import Tensor

from ganatomy.directions.moments import Moments, moments

FORMS = ("identity", "cosines")
ROUND = 1e-9
"""Added to the norm, squared, so that it has a gradient everywhere."""
THIN = 1e-6
"""Share of the largest singular value below which rows depend on each other; those of classes do, which add up to 1."""
NARROW = 1e-12
"""Least share of the largest singular value that is divided by."""
SETTINGS = {"gtol": 1e-8, "ftol": 1e-15, "maxcor": 20, "maxiter": 5000, "maxfun": 10_000}
"""Of L-BFGS: until the gradient is rounding, or a step changes nothing."""

Matrix = Float[np.ndarray, "a r"]
Column = Float[np.ndarray, "a 1"]
Loss = Callable[[Matrix], tuple[float, Matrix]]
"""From a matrix to a number and its gradient."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PenalisedMap:
    """J of the rows W of a linear map, from the moments of codes and scores; the bias that suits W best is in it.

    With S the variances of codes along their principal axes, D the covariance of a scores and codes, and v the sum of
    the variances of scores, the mean squared error is `(tr(W S Wᵀ) - 2 tr(W Dᵀ) + v) / a`: a step costs the same for
    3,000 codes and for a million.

    Args:
        axes: of the codes, as columns; axes along which codes do not vary are left out.
        variances: S.
        cross: D, in these axes.
        spread: v.
        mean_codes, mean_scores: for the bias.
        penalty: weight of the norm.
        form: "identity", the norm of `W Wᵀ - I`; "cosines", of the off-diagonal cosines between rows.
    """

    axes: Float[Tensor, "d r"]
    variances: Float[np.ndarray, " r"]
    cross: Float[np.ndarray, "a r"]
    spread: float
    mean_codes: Float[Tensor, " d"]
    mean_scores: Float[Tensor, " a"]
    penalty: float
    form: str = "identity"

    @classmethod
    def of(
        cls,
        codes: Float[Tensor, "n d"],
        scores: Float[Tensor, "n a"],
        *,
        penalty: float,
        form: str = "identity",
    ) -> PenalisedMap:
        """That of codes and their scores."""
        return cls.of_moments(moments(codes, scores), penalty=penalty, form=form)

    @classmethod
    def of_moments(cls, seen: Moments, *, penalty: float, form: str = "identity") -> PenalisedMap:
        """That of codes and scores with these moments."""
        axes = seen.spectrum.axes
        return cls(
            axes=axes,
            variances=seen.spectrum.variances.numpy(),
            cross=(seen.cross.T @ axes).numpy(),
            spread=float(seen.variances.sum()),
            mean_codes=seen.mean_codes,
            mean_scores=seen.mean_scores,
            penalty=penalty,
            form=form,
        )

    @cached_property
    def least_squares(self) -> Matrix:
        """The rows of least error without a penalty."""
        return self.cross / self.variances

    def error(self, rows: Matrix) -> tuple[float, Matrix]:
        """The mean squared error, and its gradient."""
        scaled = rows * self.variances
        value = (np.vdot(scaled, rows) - 2 * np.vdot(rows, self.cross) + self.spread) / len(rows)
        return float(value), 2 / len(rows) * (scaled - self.cross)

    def loss(self, rows: Matrix) -> tuple[float, Matrix]:
        """J, and its gradient; where rows are orthogonal the norm has none, and counts as 0."""
        value, gradient = self.error(rows)
        lengths = (
            np.linalg.norm(rows, axis=1, keepdims=True) if self.form == "cosines" else np.ones((len(rows), 1))
        )
        units = rows / np.maximum(lengths, ROUND)
        excess = units @ units.T - np.eye(len(rows))
        if self.form == "cosines":
            np.fill_diagonal(excess, 0)
        norm = np.sqrt(np.vdot(excess, excess) + ROUND**2)
        pull = excess @ units * (2 * self.penalty / norm)
        if self.form == "cosines":
            pull -= (pull * units).sum(1, keepdims=True) * units
        return value + self.penalty * float(norm), gradient + pull / np.maximum(lengths, ROUND)

    def minimum(self, start: Matrix | None = None) -> Matrix:
        """The rows of least J.

        Args:
            start: where to start; by default at least squares.
        """
        start = self.least_squares if start is None else start
        if len(start) <= start.shape[1]:
            frame = descend(self._framed, of_full_rank(start))
            units, lengths = self._of_frame(frame)[:2]
            rows = lengths * units
            if self._is_kept(units, lengths):
                return rows
        return descend(self.loss, start)

    def _of_frame(
        self, frame: Matrix
    ) -> tuple[Matrix, Column, Float[np.ndarray, "a a"], Float[np.ndarray, " a"]]:
        """The orthonormal rows nearest to a matrix, the best length of each, and what their derivatives need."""
        squares, turn = eigh(frame @ frame.T)
        scales = np.sqrt(np.maximum(squares, NARROW**2 * squares.max()))
        turned = turn.T @ frame / scales[:, None]
        units = turn @ turned
        lengths = np.ones((len(units), 1))
        if self.form == "cosines":
            lengths = ((units * self.cross).sum(1) / (units**2 @ self.variances))[:, None]
        return units, lengths, turn, scales

    def _framed(self, frame: Matrix) -> tuple[float, Matrix]:
        """The error of orthogonal rows as a function of any matrix, by whose polar factor they are given.

        For `A = U diag(s) Vᵀ` the factor is `Q = U Vᵀ`; a gradient G in Q is in A, with `H = Uᵀ G`,
        `U ((H V - (H V)ᵀ) / (sᵢ + sⱼ) Vᵀ + diag(1 / s) H (I - V Vᵀ))`.
        """
        units, lengths, turn, scales = self._of_frame(frame)
        value, gradient = self.error(lengths * units)
        turned, inside = turn.T @ units, turn.T @ (lengths * gradient)
        along = inside @ turned.T
        within = (along - along.T) / (scales[:, None] + scales) @ turned
        return value, turn @ (within + (inside - along @ turned) / scales[:, None])

    def _is_kept(self, units: Matrix, lengths: Column) -> bool:
        """Whether leaving the orthogonal rows costs more penalty than it saves error.

        Rows that move by K Q, K symmetric, change `Q Qᵀ` by 2 K, so the norm of that part of the gradient may be up to
        twice the weight of the penalty.
        """
        _, gradient = self.error(lengths * units)
        pull = lengths * gradient @ units.T
        pull = (pull + pull.T) / 2
        if self.form == "cosines":
            np.fill_diagonal(pull, 0)
        return bool(np.linalg.norm(pull) <= 2 * self.penalty)


def of_full_rank(rows: Matrix) -> Matrix:
    """The same rows, made independent where they depend on each other, so that orthonormal ones are nearest to them.

    Each combination of rows that is nothing becomes a tenth of the largest, along the axis that lies least in the span
    of the rows; nothing is decided by rounding.

    >>> dependent = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    >>> of_full_rank(dependent).round(3).tolist()
    [[1.0, 0.1, 0.0], [-1.0, 0.1, 0.0]]
    """
    squares, turn = eigh(rows @ rows.T)
    largest = np.sqrt(squares.max())
    thin = squares <= (THIN * largest) ** 2
    if not thin.any() or not largest:
        return rows
    turn *= np.sign(turn[np.abs(turn).round(6).argmax(0), np.arange(len(turn))])
    turned = turn.T @ rows
    basis = turned[~thin] / np.sqrt(squares[~thin])[:, None]
    for k in np.flatnonzero(thin):
        left = np.eye(rows.shape[1]) - basis.T @ basis
        free = left[np.linalg.norm(left, axis=1).round(6).argmax()]
        basis = np.vstack([basis, free / np.linalg.norm(free)])
        turned[k] = 0.1 * largest * basis[-1]
    return turn @ turned


def descend(loss: Loss, start: Matrix) -> Matrix:
    """Where L-BFGS (Liu and Nocedal 1989) ends that starts here."""

    def flat(numbers: Float[np.ndarray, " n"]) -> tuple[float, Float[np.ndarray, " n"]]:
        value, gradient = loss(numbers.reshape(start.shape))
        return value, gradient.ravel()

    found = minimize(flat, start.ravel(), jac=True, method="L-BFGS-B", options=SETTINGS)
    return found.x.reshape(start.shape)

"""Principal components in one pass, of more rows than fit into memory, or of rows too long for a covariance."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.moments import NOTHING, leading, streamed
from ganatomy.directions.threads import threads_for
from ganatomy.errors import SettingError
from ganatomy.geometry import upright

LONGEST = 2048
"""Numbers in a row up to which the whole covariance is kept: 33 MB, and seconds for its eigenvectors."""

SKETCH = 2**24
"""Numbers in the sketch of longer rows, 128 MB in float64; the sketch of each column is at most `WIDEST` wide."""

WIDEST = 512

GATHERED = 2**20
"""Numbers that are added at once, 8 MB in float64; larger sums are read and written less often."""


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Principal axes of rows, in falling order of their variances.

    Args:
        variances: along each axis.
        total: variance of all numbers of a row together.
        axes: unit vectors, upright.
        codes: covariance of each component with each number of the row's code.
    """

    n: int
    variances: Float[Tensor, " r"]
    total: float
    axes: Float[Tensor, "d r"]
    codes: Float[Tensor, "r k"]

    @property
    def captured(self) -> Float[Tensor, " r"]:
        """The share of all variance along each axis."""
        return self.variances / max(self.total, 1e-300)


def principal(
    batches: Iterable[tuple[Float[Tensor, "b d"], Float[Tensor, "b k"]]], *, num_axes: int, seed: int = 0
) -> Principal:
    """The first principal axes of rows, streamed with their codes, in float64.

    Of rows of up to `LONGEST` numbers the covariance is kept, and the axes are exact. Of longer ones a sketch is kept,
    the covariance times fewer random vectors, and the axes are those of its Nyström approximation (Tropp et al. 2017,
    "Fixed-rank approximation of a positive-semidefinite matrix from streaming data"): memory grows with the length of a
    row, not with its square, and components far above the tail are nearly exact.

    Args:
        batches: of rows and the codes that they were made from.
        num_axes: fewer are returned where rows vary along fewer.
        seed: of the random vectors.

    Raises:
        SettingError: when there is no batch.
    """
    batches = iter(batches)
    first = next(batches, None)
    if first is None:
        raise SettingError("there are no codes to find components of")
    gathered = _gathered(itertools.chain([first], batches))
    if first[0].shape[1] <= LONGEST:
        return _exact(gathered, num_axes)
    return _sketched(gathered, num_axes, seed=seed)


def _exact(batches: Iterable[tuple[Tensor, Tensor]], num_axes: int) -> Principal:
    seen = streamed(batches)
    found = leading(seen.covariance, num_axes)
    return Principal(
        n=seen.n,
        variances=found.variances,
        total=float(seen.covariance.trace()),
        axes=found.axes,
        codes=found.axes.T @ seen.cross,
    )


def _sketched(batches: Iterator[tuple[Tensor, Tensor]], num_axes: int, *, seed: int) -> Principal:
    first = next(batches)
    d, k = first[0].shape[1], first[1].shape[1]
    width = min(d, max(2 * num_axes + 10, min(WIDEST, SKETCH // d)))
    frame = torch.randn(d, width, generator=torch.Generator().manual_seed(seed)).double()
    # Deviations from about the mean lose no digits when they are squared.
    pilot_rows, pilot_codes = first[0].double().mean(0), first[1].double().mean(0)
    n, square = 0, 0.0
    sum_rows, sum_codes = torch.zeros_like(pilot_rows), torch.zeros_like(pilot_codes)
    sketch = torch.zeros(d, width, dtype=torch.float64)
    cross = torch.zeros(k, width, dtype=torch.float64)
    for rows, codes in itertools.chain([first], batches):
        y, z = rows.double() - pilot_rows, codes.double() - pilot_codes
        seen = y @ frame
        n += len(y)
        square += float(y.square().sum())
        sum_rows += y.sum(0)
        sum_codes += z.sum(0)
        sketch.addmm_(y.T, seen)
        cross.addmm_(z.T, seen)
    mean_rows, mean_codes = sum_rows / n, sum_codes / n
    sketch.div_(n).sub_(mean_rows.outer(mean_rows @ frame))
    cross.div_(n).sub_(mean_codes.outer(mean_rows @ frame))

    # C ≈ B Bᵀ with B = C F (Fᵀ C F)^(-1/2); the same root applies to the sketch of the codes.
    core = frame.T @ sketch
    with threads_for(core.numel()):
        values, vectors = torch.linalg.eigh((core + core.T) / 2)
    keep = values > NOTHING * values[-1]
    root = vectors[:, keep] / values[keep].sqrt()
    half = sketch @ root
    left, widths, _ = torch.linalg.svd(half, full_matrices=False)
    num_axes = min(num_axes, int((widths.square() > NOTHING * widths[0].square()).sum()))
    axes = upright(left[:, :num_axes].T).T
    return Principal(
        n=n,
        variances=widths[:num_axes].square(),
        total=square / n - float(mean_rows.square().sum()),
        axes=axes,
        codes=axes.T @ half @ (cross @ root).T,
    )


def _gathered(batches: Iterable[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    """The same rows in batches of at least `GATHERED` numbers, except the last."""
    held: list[tuple[Tensor, Tensor]] = []
    for batch in batches:
        held.append(batch)
        if sum(rows.numel() for rows, _ in held) >= GATHERED:
            yield _joined(held)
            held = []
    if held:
        yield _joined(held)


def _joined(held: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    if len(held) == 1:
        return held[0]
    return torch.cat([rows for rows, _ in held]), torch.cat([codes for _, codes in held])

"""The geometry of latent spaces: pure functions from tensors to tensors.

Paths between codes (`lerp`, `slerp`, `spline`, `truncate`) work in any space. Sets of directions (`gram`,
`project_out`, `orthogonalize_qr`, `orthogonalize_lowdin`, `dual_basis`) are rows of a matrix. Decompositions run in
float64, and results come back in the dtype of the input.

LAPACK leaves signs open: an eigenvector, or a column of Q, is as good as its opposite, and which of the two comes back
depends on the processor. `upright` and `qr` fix the signs, so that a seed means the same on every machine.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError

NEARLY_PARALLEL = 1e-6
"""Radians from 0 (or from pi) within which `slerp` treats two codes as parallel (or antipodal)."""

AS_LARGE = 0.999
"""Numbers above this share of the largest count as equally large, so that rounding does not choose between them."""


def lerp(
    a: Float[Tensor, "*#shape"], b: Float[Tensor, "*#shape"], t: float | Float[Tensor, "..."]
) -> Float[Tensor, "..."]:
    """The point at `t` on the straight line from a (t = 0) to b (t = 1); both ends are exact.

    Args:
        t: a number; or times `[m]`, which give the result a new first axis of length m; or a tensor of two axes and
            more, which is broadcast against the codes, so `[n, 1]` gives each of n codes its own time.

    >>> lerp(torch.tensor([0.0, 0.0]), torch.tensor([4.0, 2.0]), torch.tensor([0.0, 0.5, 1.0])).tolist()
    [[0.0, 0.0], [2.0, 1.0], [4.0, 2.0]]
    """
    a, b = torch.broadcast_tensors(a, b)
    return torch.lerp(a, b, _times(t, a))


def slerp(
    a: Float[Tensor, "*#shape"], b: Float[Tensor, "*#shape"], t: float | Float[Tensor, "..."]
) -> Float[Tensor, "..."]:
    """The point at `t` on the path from a to b along the sphere, for codes of any norm (last axis).

    The direction moves along the great circle at constant angular speed (Shoemake 1985), and the norm changes linearly
    from |a| to |b|. Where the great circle is not unique, one is chosen: between antipodal codes that through the
    coordinate axis on which a is smallest. Where a or b is zero, the path is straight.

    Args:
        t: as in `lerp`.

    >>> slerp(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 3.0]), 0.5).tolist()  # norm 2, at 45 degrees
    [1.4142135381698608, 1.4142135381698608]
    """
    a, b = torch.broadcast_tensors(a, b)
    dtype = a.dtype
    t = _times(t, a.double())
    a, b = a.double(), b.double()
    norm_a, norm_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    zero = (norm_a == 0) | (norm_b == 0)
    u, v = a / norm_a.clamp_min(torch.finfo(a.dtype).tiny), b / norm_b.clamp_min(torch.finfo(b.dtype).tiny)

    # Unlike arccos of the inner product, this form loses no digits near 0 and pi (Kahan).
    angle = 2 * torch.atan2((u - v).norm(dim=-1, keepdim=True), (u + v).norm(dim=-1, keepdim=True))
    sine = torch.where((angle < NEARLY_PARALLEL) | (angle > math.pi - NEARLY_PARALLEL), 1.0, torch.sin(angle))
    turned = (torch.sin((1 - t) * angle) * u + torch.sin(t * angle) * v) / sine
    turned = torch.where(angle < NEARLY_PARALLEL, (1 - t) * u + t * v, turned)
    antipodal = torch.cos(t * math.pi) * u + torch.sin(t * math.pi) * _perpendicular(u)
    turned = torch.where(angle > math.pi - NEARLY_PARALLEL, antipodal, turned)

    on_sphere = ((1 - t) * norm_a + t * norm_b) * turned
    return torch.where(zero, (1 - t) * a + t * b, on_sphere).to(dtype)


def spline(
    keys: Float[Tensor, "k *shape"], t: Float[Tensor, " m"], *, closed: bool = False
) -> Float[Tensor, "m *shape"]:
    """The smooth curve through key codes at the times `t`; at time i it is exactly at key i.

    A cubic spline with continuous second derivative: natural (no curvature at its ends) where it is open, periodic
    where it is closed, so a loop has no seam. Keys are equally spaced in time, because distances between random codes
    of a latent space are almost equal.

    Args:
        t: in [0, k - 1]; for a closed curve any times, with k at the first key again.

    Raises:
        SettingError: for fewer than two keys, or times outside an open curve.

    >>> spline(torch.tensor([[0.0], [1.0], [0.0]]), torch.tensor([0.5, 1.0, 1.5])).flatten().tolist()
    [0.6875, 1.0, 0.6875]
    """
    k = len(keys)
    if k < 2:
        raise SettingError(f"a curve needs two key codes or more, got {k}")
    if not closed and len(t) and not bool(((t >= 0) & (t <= k - 1)).all()):
        raise SettingError(
            f"times {float(t.min()):g} to {float(t.max()):g} leave the curve, which runs from 0 to {k - 1}; "
            "close it, or stay inside"
        )
    points = keys.flatten(1).double()
    curvature = _curvatures(points, closed)
    times = t.to(points)
    if closed:
        times = times.remainder(k)
    first = times.floor().long().clamp(0, k - 1 if closed else k - 2)
    second = (first + 1) % k
    to_second = (times - first)[:, None]
    to_first = 1 - to_second
    curve = (
        to_first * points[first]
        + to_second * points[second]
        + (to_first**3 - to_first) * curvature[first] / 6
        + (to_second**3 - to_second) * curvature[second] / 6
    )
    return curve.to(keys.dtype).unflatten(1, keys.shape[1:]) if keys.ndim > 1 else curve[:, 0].to(keys.dtype)


def truncate(
    codes: Float[Tensor, "*#shape"], center: Float[Tensor, "*#shape"], psi: float
) -> Float[Tensor, "*shape"]:
    """Codes moved towards a mean: `center + psi * (codes - center)`, the truncation trick of StyleGAN.

    Args:
        psi: 1 = no truncation, 0 = the mean, below 0 the opposite of each code.

    >>> truncate(torch.tensor([[2.0, 4.0]]), torch.tensor([1.0, 0.0]), 0.5).tolist()
    [[1.5, 2.0]]
    """
    if not math.isfinite(psi):
        raise SettingError(f"truncation_psi is {psi}; it must be a finite number, usually 0 to 1")
    return lerp(center, codes, psi)


def gram(rows: Float[Tensor, "k d"]) -> Float[Tensor, "k k"]:
    """Inner products between all pairs of rows; cosines where the rows have norm 1.

    >>> gram(torch.tensor([[1.0, 0.0], [3.0, 4.0]])).tolist()
    [[1.0, 3.0], [3.0, 25.0]]
    """
    wide = rows.double()
    return (wide @ wide.T).to(rows.dtype)


def span(rows: Float[Tensor, "m d"], *, tolerance: float | None = None) -> Float[Tensor, "r d"]:
    """Orthonormal rows with the span of the given rows; their number is the rank, whatever the rows' lengths.

    Args:
        tolerance: singular values up to this fraction of the largest are rounding; `rank_tolerance` of their
            dtype by default.

    >>> len(span(torch.tensor([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 1.0]])))
    2
    """
    _require_finite(rows)
    if not len(rows):
        return rows.clone()
    tolerance = rank_tolerance(rows.dtype) if tolerance is None else tolerance
    units = torch.nn.functional.normalize(rows.double(), dim=1, eps=torch.finfo(torch.float64).tiny)
    _, s, vh = torch.linalg.svd(units, full_matrices=False)
    return upright(vh[s > tolerance * s[0]]).to(rows.dtype)


def project_out(vectors: Float[Tensor, "k d"], basis: Float[Tensor, "m d"]) -> Float[Tensor, "k d"]:
    """The part of each vector that is orthogonal to the span of the basis; it is not normalised.

    This is InterFaceGAN's conditional manipulation, `p - Cᵀ(CCᵀ)⁻¹Cp`, computed by `span`, so C may have dependent rows
    and zeros.

    >>> project_out(torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0]])).tolist()
    [[0.0, 2.0, 3.0]]
    """
    rest = vectors.double()
    basis = span(basis.double(), tolerance=rank_tolerance(basis.dtype))
    # The second pass removes the rounding errors of the first.
    for _ in range(2):
        rest = rest - (rest @ basis.T) @ basis
    return rest.to(vectors.dtype)


def orthogonalize_qr(rows: Float[Tensor, "k d"]) -> Float[Tensor, "k d"]:
    """Orthonormal rows by Gram-Schmidt: the first keeps its direction, each next one is orthogonal to those before it.

    Raises:
        SettingError: when the rows are linearly dependent, naming their rank.

    >>> orthogonalize_qr(torch.tensor([[2.0, 0.0], [1.0, 1.0]])).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    _require_independent(rows)
    return (qr(rows.double().T)[0].T + 0.0).to(rows.dtype)


def orthogonalize_lowdin(rows: Float[Tensor, "k d"]) -> Float[Tensor, "k d"]:
    """The orthonormal rows that are nearest to the given ones, whatever their order: `(WWᵀ)^(-1/2) W`.

    Löwdin's symmetric orthogonalisation (1950), `W(WᵀW)^(-1/2)` for columns: with `W = U S Vᵀ` it is `U Vᵀ`, and it
    minimises the sum of squared distances to the rows. Longer rows change less; normalise them for equal weights.

    Raises:
        SettingError: when the rows are linearly dependent, naming their rank.

    >>> orthogonalize_lowdin(torch.tensor([[3.0, 0.0], [0.0, 0.5]])).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    _require_independent(rows)
    u, _, vh = torch.linalg.svd(rows.double(), full_matrices=False)
    return (u @ vh + 0.0).to(rows.dtype)


def qr(matrix: Float[Tensor, "n k"]) -> tuple[Float[Tensor, "n r"], Float[Tensor, "r k"]]:
    """The QR decomposition whose R has no negative number on its diagonal, which makes it unique for full rank.

    >>> q, r = qr(torch.tensor([[0.0, -2.0], [-3.0, 0.0]]))
    >>> (q + 0.0).tolist(), (r + 0.0).tolist()
    ([[0.0, -1.0], [-1.0, 0.0]], [[3.0, 0.0], [0.0, 2.0]])
    """
    q, r = torch.linalg.qr(matrix)
    signs = torch.where(r.diagonal() < 0, -1.0, 1.0).to(matrix)
    return q * signs, signs[:, None] * r


def upright(rows: Float[Tensor, "k d"]) -> Float[Tensor, "k d"]:
    """Each row or its opposite: the one whose largest number is positive, the first of those that are equally large.

    >>> upright(torch.tensor([[1.0, -3.0], [-2.0, 2.0]])).tolist()
    [[-1.0, 3.0], [2.0, -2.0]]
    """
    if not rows.shape[1]:
        return rows
    sizes = rows.abs()
    first = (sizes >= AS_LARGE * sizes.amax(1, keepdim=True)).to(torch.uint8).argmax(1, keepdim=True)
    return torch.where(rows.gather(1, first) < 0, -rows, rows)


def dual_basis(rows: Float[Tensor, "k d"]) -> Float[Tensor, "k d"]:
    """The rows D in the span of W with `W Dᵀ = I`: a step along row i of D changes element i of `W x` only.

    They are the columns of the pseudo-inverse of W. Where W has dependent rows, no such D exists, and `W Dᵀ` is the
    projection onto the range of W; singular values up to `rank_tolerance` count as zero.

    >>> (dual_basis(torch.tensor([[1.0, 0.0], [1.0, 1.0]])).round(decimals=5) + 0.0).tolist()
    [[1.0, -1.0], [0.0, 1.0]]
    """
    _require_finite(rows)
    if not len(rows):
        return rows.clone()
    return torch.linalg.pinv(rows.double(), rtol=rank_tolerance(rows.dtype)).T.to(rows.dtype)


def rank_tolerance(dtype: torch.dtype) -> float:
    """Singular values up to this fraction of the largest one count as zero.

    It depends on the dtype that rows are rounded to: rounding makes dependent rows in float32 differ from exactly
    dependent ones by about 1e-7, and different directions differ by far more.

    >>> rank_tolerance(torch.float32), rank_tolerance(torch.float64)
    (1e-05, 1e-10)
    """
    return 1e-10 if dtype == torch.float64 else 1e-5


def _times(t: float | Tensor, codes: Tensor) -> Tensor:
    """Times as a tensor that broadcasts against codes; one axis of times becomes a new first axis."""
    t = torch.as_tensor(t, dtype=codes.dtype, device=codes.device)
    return t.reshape(-1, *[1] * codes.ndim) if t.ndim == 1 else t


def _perpendicular(u: Tensor) -> Tensor:
    """A unit vector at a right angle to each unit vector, in the plane of the axis on which it is smallest."""
    axis = torch.zeros_like(u).scatter_(-1, u.abs().argmin(dim=-1, keepdim=True), 1.0)
    left = axis - (axis * u).sum(-1, keepdim=True) * u
    return left / left.norm(dim=-1, keepdim=True).clamp_min(torch.finfo(u.dtype).tiny)


def _curvatures(points: Float[Tensor, "k d"], closed: bool) -> Float[Tensor, "k d"]:
    """Second derivatives of the cubic spline at its keys: `M[i-1] + 4 M[i] + M[i+1] = 6 (y[i-1] - 2 y[i] + y[i+1])`."""
    k = len(points)
    before, after = torch.arange(k) - 1, (torch.arange(k) + 1) % k
    one = torch.eye(k, dtype=points.dtype, device=points.device)
    system = one[before] + 4 * one + one[after]
    bend = 6 * (points[before] - 2 * points + points[after])
    if not closed:
        system[[0, -1]] = one[[0, -1]]
        bend[[0, -1]] = 0
    return torch.linalg.solve(system, bend)


def _require_finite(rows: Tensor) -> None:
    bad = torch.nonzero(~torch.isfinite(rows).all(dim=1)).flatten().tolist()
    if bad:
        raise SettingError(f"row {bad[0]} of {len(rows)} is not finite; leave it out")


def _require_independent(rows: Tensor) -> None:
    _require_finite(rows)
    if not len(rows):
        return
    s = torch.linalg.svdvals(rows.double())
    rank = int((s > rank_tolerance(rows.dtype) * s[0]).sum())
    if rank < len(rows):
        raise SettingError(
            f"{len(rows)} rows of {rows.shape[1]} numbers have rank {rank}, so they cannot all be made orthogonal; "
            f"leave out {len(rows) - rank}, or use the dual basis"
        )

"""How images change with codes: the mean Gauss-Newton matrix H = E[J^T J], as its largest eigenvectors."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import images_at_once
from ganatomy.geometry import upright
from ganatomy.inversion.coordinates import Coordinates
from ganatomy.inversion.likeness import Likeness
from ganatomy.inversion.prior import Prior
from ganatomy.progress import Advance

DAMPING = 1e-3
"""Added to H, as a share of its largest eigenvalue: single images curve otherwise than the mean."""

PRODUCTS_AT_ONCE = 4
"""Products with the Jacobian of each image: they share its forward pass."""

IMAGES_AT_ONCE = 8

SEED = 0x3E77


@dataclass(frozen=True, kw_only=True, eq=False)
class Metric:
    """H = basis diag(values) basis^T, over all coordinates of a code side by side.

    Args:
        basis: orthonormal columns.
        values: eigenvalues, the largest first.
        rows: of the coordinates.
    """

    basis: Float[Tensor, "d k"]
    values: Float[Tensor, " k"]
    rows: int

    def inverse(self, prior: Prior) -> Inverse:
        """(H + prior + damping)^-1, by the identity of Woodbury."""
        d = len(self.basis)
        damping = DAMPING * float(self.values[0])
        shared, delta = (damping + c for c in prior.curvature(self.rows, d // self.rows))
        inverse = Inverse(metric=self, shared=shared, delta=delta, inner=torch.empty(0))
        spread = inverse.of_diagonal(self.basis.T).T
        inner = torch.diag(1 / self.values.double()) + self.basis.T.double() @ spread.double()
        return Inverse(
            metric=self, shared=shared, delta=delta, inner=torch.linalg.inv(inner).to(self.basis.dtype)
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Inverse:
    """Multiplies gradients by (H + D)^-1, where D has one value for what rows share, and one for what they do not."""

    metric: Metric
    shared: float
    delta: float
    inner: Tensor

    def of_diagonal(self, gradients: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        rows = gradients.unflatten(1, (self.metric.rows, -1))
        mean = rows.mean(1, keepdim=True)
        return (mean / self.shared + (rows - mean) / self.delta).flatten(1)

    def __call__(self, gradients: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        plain, basis = self.of_diagonal(gradients), self.metric.basis
        return plain - self.of_diagonal((plain @ basis @ self.inner.T) @ basis.T)


def _principal(gradients: Float[Tensor, "k d"]) -> tuple[Float[Tensor, " m"], Float[Tensor, "d m"]]:
    """Eigenvalues, ascending, and eigenvectors of the mean of g g^T, from the smaller of the two Gram matrices."""
    count, d = gradients.shape
    if d <= count:
        return torch.linalg.eigh(gradients.T @ gradients / count)
    values, weights = torch.linalg.eigh(gradients @ gradients.T / count)
    return values, gradients.T @ weights / (count * values.clamp(min=1e-300)).sqrt()


def measure_metric(
    generator: Generator,
    coordinates: Coordinates,
    likeness: Likeness,
    *,
    products: int,
    rank: int,
    progress: Advance | None = None,
) -> Metric:
    """E[J^T J] over drawn codes: the mean of g g^T, where g = J^T v and v is drawn from N(0, I).

    Args:
        generator: of the images.
        coordinates: with respect to which derivatives are taken.
        likeness: whose vectors have the Jacobian J.
        products: random products; a multiple of `PRODUCTS_AT_ONCE` is taken.
        rank: eigenvectors to keep.
        progress: called with products so far, and all of them.

    Returns:
        The metric, on the generator's device.

    Raises:
        SettingError: for a generator without gradients.
    """
    rows = coordinates.shape[0]
    random = torch.Generator().manual_seed(SEED)
    found: list[Tensor] = []
    num_images = -(-products // PRODUCTS_AT_ONCE)
    at_once = images_at_once(generator, most=IMAGES_AT_ONCE)
    for first in range(0, num_images, at_once):
        n = min(at_once, num_images - first)
        start = coordinates.drawn(generator, n, seed=SEED, start=first).expand(-1, rows, -1)
        u = start.detach().clone().requires_grad_()
        with torch.enable_grad():
            vectors = likeness(generator(coordinates.latents(u)))
            if not vectors.requires_grad:
                raise SettingError(
                    f"gradients do not flow from images of {generator.signature.architecture} to their codes, and "
                    "inversion needs them"
                )
            for k in range(PRODUCTS_AT_ONCE):
                v = torch.randn(vectors.shape, generator=random).to(vectors)
                kept = k < PRODUCTS_AT_ONCE - 1
                (g,) = torch.autograd.grad((vectors * v).sum(), u, retain_graph=kept)
                found.append(g.flatten(1).detach().cpu().double())
        if progress:
            progress(min((first + n) * PRODUCTS_AT_ONCE, products), products)
    values, vectors = _principal(torch.cat(found))
    kept = torch.arange(len(values) - 1, max(-1, len(values) - 1 - rank), -1)
    kept = kept[values[kept] > 1e-9 * values[-1]]
    like = {"device": generator.device, "dtype": generator.dtype}
    return Metric(
        basis=upright(vectors[:, kept].T).T.contiguous().to(**like), values=values[kept].to(**like), rows=rows
    )

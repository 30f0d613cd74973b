"""KID: kernel distance between features of generated and of real images (Bińkowski et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from ganatomy.metrics.base import MeasuredValue
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.metrics.samples import SampleComparison, checked, jackknife_samples
from ganatomy.statistics.intervals import Estimate


@dataclass(frozen=True, kw_only=True)
class KernelDistance(SampleComparison, unit="squared kernel units", higher_is_better=False):
    """How far generated images are from real ones; its mean is 0 where both are of one distribution."""

    value: Estimate

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        return self._figures(distance=self.value)

    def __str__(self) -> str:
        return f"KID: {self.value} ({self.samples}, features of {self.features}); {self.verdict}"


def kid(
    fake: Float[Tensor, "n f"], real: Float[Tensor, "m g"], *, features: str = "given", seed: int = 0
) -> KernelDistance:
    """The unbiased estimate of the squared MMD with the kernel `(xᵀy / f + 1)³`, over all images at once.

    The authors average over random subsets to save time; all pairs have the same mean and less noise.

    Args:
        features: where they are from; distances of different features do not compare.

    Returns:
        The distance.

    Raises:
        SettingError: for features of other shapes, or that are not finite, and for fewer than 20 of either.

    Example:
        >>> import torch
        >>> draw = torch.Generator().manual_seed(0)
        >>> found = kid(torch.randn(50, 4, generator=draw), torch.randn(50, 4, generator=draw) + 3)
        >>> found.value.low > 0
        True
    """
    fake, real = checked(fake, real)
    ours, theirs = (_kernel(rows, rows).fill_diagonal_(0) for rows in (fake, real))
    across = _kernel(fake, real)

    def of_rows(i: Tensor, j: Tensor) -> Tensor:
        within = sum(
            kernel[rows][:, rows].sum() / (len(rows) * (len(rows) - 1))
            for kernel, rows in ((ours, i), (theirs, j))
        )
        return (within - 2 * across[i][:, j].mean())[None]

    (value,) = jackknife_samples(of_rows, len(fake), len(real), seed=seed)
    return KernelDistance(value=value, num_fake=len(fake), num_real=len(real), features=features)


def _kernel(a: Float[Tensor, "n f"], b: Float[Tensor, "m f"]) -> Float[Tensor, "n m"]:
    return (a @ b.T / a.shape[1] + 1) ** 3


def measure(inputs: SharedInputs) -> dict[str, KernelDistance]:
    """Of n generated images and the real ones."""
    return {"": inputs.compared(kid)}


KID = Measure("the same, unbiased for few images (KID)", KernelDistance, measure, needs=("data",))

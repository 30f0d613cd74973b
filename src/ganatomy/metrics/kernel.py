"""KID: kernel distance between features of generated and of real images (Bińkowski et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from ganatomy.metrics.base import Figure, Result
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.metrics.samples import check_samples, features_note, split_rows
from ganatomy.statistics.intervals import Estimate, jackknife


@dataclass(frozen=True, kw_only=True)
class KernelDistance(Result):
    """How far generated images are from real ones; 0 in the mean where both are of one distribution."""

    value: Estimate
    num_fake: int
    num_real: int
    features: str

    unit: ClassVar[str] = "squared kernel units"
    higher_is_better: ClassVar[bool | None] = False

    @property
    def figures(self) -> dict[str, Figure]:
        return self._figures(distance=self.value)

    @property
    def notes(self) -> tuple[str, ...]:
        return (features_note(self.features),)

    def __str__(self) -> str:
        return (
            f"KID: {self.value} ({self.num_fake} generated and {self.num_real} real images, features of "
            f"{self.features}); {self.verdict}"
        )


def kid(
    fake: Float[Tensor, "n f"], real: Float[Tensor, "m g"], *, features: str = "given", seed: int = 0
) -> KernelDistance:
    """The unbiased estimate of the squared MMD with the kernel `(xᵀy / f + 1)³`, over all images at once.

    The authors average over random subsets because they compare; all pairs have the same mean and less noise.

    Raises:
        SettingError: for features of other shapes, or that are not finite, and for fewer than 20 of either.
    """
    check_samples(fake, real)
    fake, real = fake.cpu().double(), real.cpu().double()
    kernels = (
        _kernel(fake, fake).fill_diagonal_(0),
        _kernel(real, real).fill_diagonal_(0),
        _kernel(fake, real),
    )

    def of_rows(rows: Tensor) -> Tensor:
        ours, theirs = split_rows(rows, len(fake), len(real))
        within = [
            k[part][:, part].sum() / (len(part) * (len(part) - 1))
            for k, part in zip(kernels, (ours, theirs), strict=False)
        ]
        return (within[0] + within[1] - 2 * kernels[2][ours][:, theirs].mean())[None]

    return KernelDistance(
        value=jackknife(of_rows, max(len(fake), len(real)), seed=seed)[0],
        num_fake=len(fake),
        num_real=len(real),
        features=features,
    )


def _kernel(a: Float[Tensor, "n f"], b: Float[Tensor, "m f"]) -> Float[Tensor, "n m"]:
    return (a @ b.T / a.shape[1] + 1) ** 3


def measure(inputs: SharedInputs) -> dict[str, KernelDistance]:
    """Of n generated images and the real ones."""
    return {"": inputs.compared(kid)}


MEASURE = Measure(
    "the same, unbiased for few images (KID with Inception)", KernelDistance, measure, needs=("data",)
)

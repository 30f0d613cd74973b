"""Derivatives of what is watched in images: gradients through scorer and generator, or finite differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.errors import ScoreError
from ganatomy.generators.latent_distribution import LatentDistribution
from ganatomy.latents import Latents
from ganatomy.surveys.jacobians import column_gradients

Watch = Callable[[Latents], Float[Tensor, "n a"]]
"""From latents to all watched values of their images."""

TRIAL = 0.1
"""Length of a step that is tried for a finite difference, in standard deviations of codes."""


@dataclass(frozen=True, kw_only=True)
class Gradients:
    """Derivatives of what is watched with respect to u, the coordinates in which codes have unit covariance.

    They cost one backward pass for each column, through scorer and generator.
    """

    watch: Watch
    distribution: LatentDistribution
    description: str = "gradients"

    def __call__(
        self, latents: Latents, columns: Int[Tensor, "n m"]
    ) -> tuple[Float[Tensor, "n a"], Float[Tensor, "n m r"]]:
        """All values, and the gradients of these columns, which may be others in each image."""
        codes = latents.codes.detach().clone().requires_grad_()
        with torch.enable_grad():
            seen = self.watch(latents.with_codes(codes))
            found = column_gradients(seen, codes, columns)
        gradients = found.flatten(2).cpu().double() @ self.distribution.factor
        broken = (~torch.isfinite(gradients)).flatten(1).any(1).nonzero()
        if len(broken):
            raise ScoreError(
                f"the gradient of a score is not a number in row {int(broken[0])}; edit without it, along directions"
            )
        return seen.detach().cpu().double(), gradients


@dataclass(frozen=True, kw_only=True)
class Differences:
    """The same without gradients, for steps within the span of a basis: two images for each of its axes."""

    watch: Watch
    distribution: LatentDistribution
    basis: Float[Tensor, "r k"]

    @property
    def description(self) -> str:
        return f"finite differences along {self.basis.shape[1]} directions"

    def __call__(
        self, latents: Latents, columns: Int[Tensor, "n m"]
    ) -> tuple[Float[Tensor, "n a"], Float[Tensor, "n m r"]]:
        along = [
            (self._at(latents, TRIAL * axis) - self._at(latents, -TRIAL * axis)) / (2 * TRIAL)
            for axis in self.basis.T
        ]
        gradients = torch.stack(along, dim=2) @ self.basis.T
        wanted = columns[:, :, None].expand(-1, -1, gradients.shape[2])
        return self.watch(latents).cpu().double(), gradients.gather(1, wanted)

    def _at(self, latents: Latents, step: Float[Tensor, " r"]) -> Float[Tensor, "n a"]:
        return self.watch(self.distribution.moved(latents, step.expand(len(latents), -1))).cpu().double()


Derivatives = Gradients | Differences


def gradients_reach(watch: Watch, latents: Latents) -> bool:
    """Whether what is watched in images is known to depend on their codes, judged by the first of these."""
    codes = latents[:1].codes.detach().clone().requires_grad_()
    with torch.enable_grad():
        return watch(latents[:1].with_codes(codes)).requires_grad

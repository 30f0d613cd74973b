"""How logits answer to steps: by gradients through scorer and generator, or by trying steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.errors import ScoreError
from ganatomy.guidance.likely import Likely
from ganatomy.latents import Latents

Look = Callable[[Latents], Float[Tensor, "n a"]]
"""From codes to everything that is watched in their images."""

TRIAL = 0.1
"""Length of a step that is tried for a finite difference, in standard deviations of codes."""


@dataclass(frozen=True, kw_only=True)
class Gradients:
    """Derivatives of what is watched with respect to u, the coordinates in which codes have unit covariance.

    They cost one backward pass for each column, through scorer and generator.
    """

    look: Look
    likely: Likely
    description: str = "gradients"

    def __call__(
        self, latents: Latents, columns: Int[Tensor, "n m"]
    ) -> tuple[Float[Tensor, "n a"], Float[Tensor, "n m r"]]:
        """All values, and the slopes of the columns that are asked for, which may be others in each image."""
        codes = latents.codes.detach().clone().requires_grad_()
        with torch.enable_grad():
            seen = self.look(latents.with_codes(codes))
            # Images of a batch do not know of each other, so each may ask for a column of its own in one pass.
            asked = seen.gather(1, columns.to(seen.device))
            last = asked.shape[1] - 1
            gradients = [
                torch.autograd.grad(column.sum(), codes, retain_graph=k < last, materialize_grads=True)[0]
                for k, column in enumerate(asked.unbind(1))
            ]
        slopes = torch.stack(gradients, dim=1).flatten(2).cpu().double() @ self.likely.factor
        broken = (~torch.isfinite(slopes)).flatten(1).any(1).nonzero()
        if len(broken):
            raise ScoreError(
                f"the gradient of a score is not a number in row {int(broken[0])}; edit without it, along directions"
            )
        return seen.detach().cpu().double(), slopes


@dataclass(frozen=True, kw_only=True)
class Differences:
    """The same without gradients, for steps within the span of a basis: two images for each of its axes."""

    look: Look
    likely: Likely
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
        slopes = torch.stack(along, dim=2) @ self.basis.T
        wanted = columns[:, :, None].expand(-1, -1, slopes.shape[2])
        return self.look(latents).cpu().double(), slopes.gather(1, wanted)

    def _at(self, latents: Latents, step: Float[Tensor, " r"]) -> Float[Tensor, "n a"]:
        return self.look(self.likely.moved(latents, step.expand(len(latents), -1))).cpu().double()


Slopes = Gradients | Differences


def gradients_reach(look: Look, latents: Latents) -> bool:
    """Whether what is watched in images is known to depend on their codes, judged by the first of these."""
    codes = latents[:1].codes.detach().clone().requires_grad_()
    with torch.enable_grad():
        return look(latents[:1].with_codes(codes)).requires_grad

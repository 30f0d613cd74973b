"""Identity kept: whether an edited image still shows the same person or thing, as a cosine between features."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.edits import move
from ganatomy.errors import SettingError
from ganatomy.latents import Latents
from ganatomy.metrics.base import MeasuredValue, Result
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.statistics.intervals import Estimate, estimate, resampling
from ganatomy.workers import read_images

STRENGTH = 2.0
"""Sigma along each direction that `measure` moves images by."""


@dataclass(frozen=True, kw_only=True)
class IdentityKept(Result, unit="of 1", higher_is_better=True):
    """How much of their identity images keep.

    Args:
        kept: 1 where features keep their direction, 0 where they are as far apart as those of two random images.
        cosine: between features before and after.
        unrelated: between features of different images.
    """

    kept: Estimate
    cosine: Estimate
    unrelated: Estimate
    features: str
    num_images: int

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        return self._figures(kept=self.kept, cosine=self.cosine) | {
            "cosine of unrelated images": MeasuredValue(self.unrelated, self.unit, None)
        }

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"identity is by {self.features}; a network trained on faces measures it better",)

    def __str__(self) -> str:
        return (
            f"identity kept: {self.kept} (cosine {self.cosine}, of unrelated images {self.unrelated}; "
            f"{self.num_images} images, {self.features}); {self.verdict}"
        )


def identity_kept(
    before: Float[Tensor, "n f"],
    after: Float[Tensor, "m g"],
    *,
    features: str = "given features",
    seed: int = 0,
) -> IdentityKept:
    """`(cos(before, after) - cos(unrelated)) / (1 - cos(unrelated))`, each a mean over images.

    Features of most networks are never negative, so even different images have a high cosine: hence the correction.

    Args:
        before: features of the images.
        after: features of the same images, edited.

    Returns:
        Identity kept, and both cosines.

    Raises:
        SettingError: for features of different shapes, and for fewer than 3 images.

    Example:
        >>> import torch
        >>> rows = torch.eye(5)
        >>> identity_kept(rows, 2 * rows).kept.value
        1.0
    """
    if before.shape != after.shape or len(before) < 3:
        raise SettingError(
            f"features {list(before.shape)} before and {list(after.shape)} after do not show the same images; "
            "give as many rows, 3 or more"
        )
    a, b = F.normalize(before.cpu().double()), F.normalize(after.cpu().double())
    same, other = (a * b).sum(1), (a * b.roll(1, 0)).sum(1)
    draws = resampling(len(a), seed=seed)
    cosine, unrelated = draws @ same, draws @ other
    chance = float(other.mean())
    return IdentityKept(
        kept=estimate((float(same.mean()) - chance) / (1 - chance), (cosine - unrelated) / (1 - unrelated)),
        cosine=estimate(float(same.mean()), cosine),
        unrelated=estimate(chance, unrelated),
        features=features,
        num_images=len(a),
    )


def measure(inputs: SharedInputs) -> dict[str, IdentityKept]:
    """Of images moved by two sigma along each of a few directions."""
    experiment, space = inputs.experiment, inputs.spaces[-1]
    directions = inputs.directions(space).select(inputs.edited_attributes)
    latents = experiment.sample(max(3, inputs.n // (1 + len(directions))), space=space, offset=3)

    def read(codes: Latents) -> Tensor:
        [rows] = read_images(experiment.generator, codes, inputs.features, batch_size=experiment.batch_size)
        return rows

    before = read(latents)
    return {
        direction.name: identity_kept(
            before,
            read(move(latents, direction, STRENGTH, units="sigma")),
            features=inputs.features.description,
            seed=experiment.seed,
        )
        for direction in directions
    }


IDENTITY = Measure("whether edited images keep their identity", IdentityKept, measure, needs=("scorer",))

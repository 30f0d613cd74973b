"""Quantities that are measured in images, such as pose, slant and light, as attributes beside those of a scorer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.latents import Latents
from ganatomy.perception.base import LUMA, Scorer, Scores, fingerprint_of
from ganatomy.perception.features import network_of
from ganatomy.perception.network import FactorScorer

POSES = ("yaw", "pose")
"""Factors of a scorer that say which way a head is turned."""
STEEPNESS = 4.0
"""Logits of a quantity for each interquartile range above its median: probability 0.5 is the median, 0.9 is clear."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Quantity:
    """Something that has a size in every image.

    Args:
        name: one word.
        high: what images are called that have more of it than the median image.
        low: those that have less.
        unit: of its size.
        measure: from images to sizes `[n]`.
    """

    name: str
    high: str
    low: str
    unit: str
    measure: Callable[[Tensor], Tensor]


class QuantityScorer(Scorer):
    """A scorer's attributes, followed by quantities as logits: 0 at `middle`, `STEEPNESS` for each `width` above it."""

    def __init__(
        self,
        scorer: Scorer | None,
        quantities: Sequence[Quantity],
        *,
        middle: Float[Tensor, " q"] | None = None,
        width: Float[Tensor, " q"] | None = None,
    ) -> None:
        self.scorer = scorer
        self.quantities = tuple(quantities)
        self.middle = torch.zeros(len(self.quantities)) if middle is None else middle
        self.width = torch.ones(len(self.quantities)) if width is None else width
        self.attributes = () if scorer is None else scorer.names
        self.names = (*self.attributes, *(quantity.name for quantity in self.quantities))
        self.fingerprint = fingerprint_of("quantities", scorer.fingerprint if scorer else "", *self.names)
        parts = [f"{quantity.name} of the image" for quantity in self.quantities]
        self.description = " and ".join([scorer.description, *parts] if scorer else parts)
        self.reads_codes = scorer is not None and scorer.reads_codes

    def quantity(self, name: str) -> Quantity | None:
        """The quantity of that name, None for an attribute."""
        return next((quantity for quantity in self.quantities if quantity.name == name), None)

    def centred(self, scores: Scores) -> tuple[Scores, QuantityScorer]:
        """Scores and scorer with quantities counted from the median image, in interquartile ranges.

        A quantity that is the same in all images is left out.

        Raises:
            SettingError: where no image differs from another in anything.
        """
        split = len(self.attributes)
        sizes = scores.logits[:, split:] / STEEPNESS
        low, middle, high = torch.quantile(sizes, torch.tensor([0.25, 0.5, 0.75]), dim=0)
        kept = [k for k in range(len(self.quantities)) if high[k] > low[k]]
        if not kept and not split:
            raise SettingError("all images are the same, so there is nothing to measure in them")
        middle, width = middle[kept], (high - low)[kept]
        logits = STEEPNESS * (sizes[:, kept] - middle) / width
        quantities = [self.quantities[k] for k in kept]
        scorer = QuantityScorer(self.scorer, quantities, middle=middle, width=width)
        return Scores(names=scorer.names, logits=torch.cat([scores.logits[:, :split], logits], dim=1)), scorer

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        sizes = [quantity.measure(images) for quantity in self.quantities]
        stacked = torch.stack(sizes, dim=1) if sizes else images.new_zeros(len(images), 0)
        logits = STEEPNESS * (stacked - self.middle.to(stacked)) / self.width.to(stacked)
        if self.scorer is None:
            return logits
        return torch.cat([self.scorer.score(images, latents=latents, start=start).logits, logits], dim=1)


def with_quantities(scorer: Scorer | None, *, channels: int) -> QuantityScorer:
    """A scorer with all that can be measured in images of so many channels; quantities are not centred yet.

    Raises:
        ScoreError: for a table of labels, which cannot score new images.
    """
    if scorer is not None:
        scorer.require_images()
    found = [_pose(scorer), SLANT if channels == 1 else None, LIGHT]
    taken = () if scorer is None else scorer.names
    return QuantityScorer(scorer, [it for it in found if it is not None and it.name not in taken])


def slant(images: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
    """How far a drawn shape leans to the right for each pixel upwards, by the moments of its ink.

    Ink is the difference from the border's usual value; the lean is `-m11 / m02`, which a shear by s makes larger by s.
    """
    grey = images.mean(1)
    border = torch.cat([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], dim=1)
    ink = (grey - border.median(1).values[:, None, None]).abs()
    rows = torch.arange(grey.shape[1], dtype=grey.dtype, device=grey.device)[None, :, None]
    columns = torch.arange(grey.shape[2], dtype=grey.dtype, device=grey.device)[None, None, :]
    total = ink.sum((1, 2), keepdim=True).clamp(min=1e-6)
    y = rows - (ink * rows).sum((1, 2), keepdim=True) / total
    x = columns - (ink * columns).sum((1, 2), keepdim=True) / total
    return -(ink * x * y).sum((1, 2)) / (ink * y * y).sum((1, 2)).clamp(min=1e-6)


def brightness(images: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
    """Mean grey of the image."""
    means = images.mean((2, 3))
    return means[:, 0] if images.shape[1] == 1 else means @ images.new_tensor(LUMA)


SLANT = Quantity(
    name="slant",
    high="leaning right",
    low="leaning left",
    unit="pixels to the right for each pixel up",
    measure=slant,
)
LIGHT = Quantity(name="light", high="light", low="dark", unit="mean grey, from −1 to 1", measure=brightness)


def _pose(scorer: Scorer | None) -> Quantity | None:
    """Which way a head is turned, where the scorer has learnt that factor."""
    network = None if scorer is None else network_of(scorer)
    factors = () if network is None else network.network.config.factors
    name = next((name for name in POSES if name in factors), None)
    if network is None or name is None:
        return None
    pose = FactorScorer(network).select([name])
    return Quantity(
        name=name,
        high="turned right",
        low="turned left",
        unit="standard deviations of the factor",
        measure=lambda images: pose.score(images).logits[:, 0],
    )

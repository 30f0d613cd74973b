"""What can be told in any image: the attributes of a scorer, and a few quantities that are high or low."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import ScoreError, SettingError
from ganatomy.generators.base import Signature
from ganatomy.latents import Latents
from ganatomy.maps import classes_of
from ganatomy.perception import FactorScorer
from ganatomy.perception.base import LUMA, Scorer, Scores, fingerprint_of
from ganatomy.perception.features import network_of
from ganatomy.surveys import Survey

POSES = ("yaw", "pose")
"""Factors of a scorer that say which way a head looks."""
STEEPNESS = 4.0
"""A quantity counts as a logit of so much for each interquartile range above its median: 0.5 is half-way, 0.9 clear."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Quantity:
    """Something that has a size in every image.

    Args:
        high, low: what images are called that have more or less of it than the median image.
        see: its size, `[n]`, in the unit that `unit` names.
    """

    name: str
    high: str
    low: str
    unit: str
    see: Callable[[Tensor], Tensor]


class Sight(Scorer):
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
        self.fingerprint = fingerprint_of("sight", scorer.fingerprint if scorer else "", *self.names)
        self.description = " and ".join(
            [
                *([scorer.description] if scorer else []),
                *(f"{quantity.name} of the image" for quantity in self.quantities),
            ]
        )

    def quantity(self, name: str) -> Quantity | None:
        """The quantity of that name, None for an attribute."""
        return next((quantity for quantity in self.quantities if quantity.name == name), None)

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        seen = [quantity.see(images) for quantity in self.quantities]
        sizes = torch.stack(seen, dim=1) if seen else images.new_zeros(len(images), 0)
        logits = STEEPNESS * (sizes - self.middle.to(sizes)) / self.width.to(sizes)
        if self.scorer is None:
            return logits
        return torch.cat([self.scorer.score(images, latents=latents, start=start).logits, logits], dim=1)


def sight_of(scorer: Scorer | None, signature: Signature) -> Sight:
    """All that can be told in the images of a generator; quantities are not centred yet.

    Raises:
        ScoreError: for a table of labels, which cannot see new images.
    """
    if scorer is not None and scorer.num_rows is not None:
        raise ScoreError(
            f"{scorer.description} cannot score sums and turns; give a scorer that looks at images, or none"
        )
    found = [quantity for quantity in [_pose(scorer)] if quantity]
    if signature.channels == 1:
        found.append(
            Quantity(
                name="slant",
                high="leaning right",
                low="leaning left",
                unit="pixels to the right for each pixel up",
                see=slant,
            )
        )
    found.append(
        Quantity(name="light", high="light", low="dark", unit="mean grey, from −1 to 1", see=brightness)
    )
    taken = () if scorer is None else scorer.names
    return Sight(scorer, [quantity for quantity in found if quantity.name not in taken])


def centred(survey: Survey, sight: Sight) -> tuple[Survey, Sight]:
    """The same survey and sight with quantities counted from the median image, in interquartile ranges.

    Raises:
        SettingError: where no image differs from another in any of them.
    """
    num = len(sight.quantities)
    split = len(sight.names) - num
    sizes = survey.scores.logits[:, split:] / STEEPNESS
    low, middle, high = torch.quantile(sizes, torch.tensor([0.25, 0.5, 0.75]), dim=0)
    kept = [k for k in range(num) if high[k] > low[k]]
    if not kept and not split:
        raise SettingError("all images are the same, so there is nothing to tell apart in them")
    middle, width = middle[kept], (high - low)[kept]
    logits = STEEPNESS * (sizes[:, kept] - middle) / width
    seen = Sight(sight.scorer, [sight.quantities[k] for k in kept], middle=middle, width=width)
    scores = Scores(names=seen.names, logits=torch.cat([survey.scores.logits[:, :split], logits], dim=1))
    return replace(survey, scores=scores, scorer=seen.fingerprint), seen


def exclusive(scores: Scores, sight: Sight) -> bool:
    """Whether the scorer's attributes are classes of which every image has exactly one."""
    return bool(sight.attributes) and classes_of(scores.select(sight.attributes)) is not None


def slant(images: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
    """How far what is drawn leans to the right for each pixel upwards, by the moments of its ink.

    Ink is what differs from the border's usual value; the lean is `-m11 / m02`, which a shear by s makes larger by s.
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


def _pose(scorer: Scorer | None) -> Quantity | None:
    """Which way a head looks, where the scorer has learnt that factor."""
    network = None if scorer is None else network_of(scorer)
    factors = () if network is None else network.network.config.factors
    name = next((name for name in POSES if name in factors), None)
    if network is None or name is None:
        return None
    looks = FactorScorer(network).select([name])
    return Quantity(
        name=name,
        high="turned right",
        low="turned left",
        unit="standard deviations of the factor",
        see=lambda images: looks.score(images).logits[:, 0],
    )

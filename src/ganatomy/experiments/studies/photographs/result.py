"""What the study found: for each group of images how near its inversions are, and what an edit of them changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.generators.base import Signature
from ganatomy.inversion import Inversion
from ganatomy.perception.base import Scores
from ganatomy.statistics.intervals import Estimate, estimate, mean_of, resampling, share_of

CONFIDENT = 0.9
"""Probability from which a reading is confident; and 1 less it, below which it is."""

GENERATED = "generated images"
"""The group whose codes are as drawn."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """Images of one kind, before and after an edit of one attribute.

    Args:
        name: of the group.
        images: as given.
        made: by the generator from the codes.
        edited: the images after the edit.
        inversion: that found the codes; None for generated images.
        given: readings of the images as given.
        before: readings of the images that were made.
        after: the same after the edit.
        upwards: whether the edit raises the attribute.
        target: column of the attribute.
    """

    name: str
    images: Float[Tensor, "n c h w"]
    made: Float[Tensor, "n c h w"]
    edited: Float[Tensor, "n c h w"]
    inversion: Inversion | None
    given: Scores
    before: Scores
    after: Scores
    upwards: Bool[Tensor, " n"]
    target: int

    def __len__(self) -> int:
        return len(self.images)

    @property
    def changes(self) -> Float[Tensor, "n a"]:
        """Probabilities after the edit less before, positive where they go the way that the edit went."""
        sign = torch.where(self.upwards, 1.0, -1.0)[:, None]
        return (self.after.probabilities - self.before.probabilities) * sign

    @property
    def target_change(self) -> Estimate:
        """Mean change of the attribute."""
        return mean_of(self.changes[:, self.target])

    @property
    def selectivity(self) -> Estimate:
        """Mean change of the attribute over the mean change, its sign dropped, of each other one."""
        moved, others = self.changes[:, self.target].double(), self._others().double()
        weights = resampling(len(self), seed=0)
        return estimate(float(moved.mean() / others.mean()), (weights @ moved) / (weights @ others))

    @property
    def agreement(self) -> Estimate:
        """Share of confident readings of the images as given that are on the same side of one half in those made."""
        given, made = self.given.probabilities, self.before.probabilities
        confident = (given - 0.5).abs() >= CONFIDENT - 0.5
        same = (given > 0.5) == (made > 0.5)
        return share_of(int((same & confident).sum()), int(confident.sum()))

    def error(self, kind: str) -> Estimate | None:
        """Mean PSNR, SSIM or perceptual distance of the inversions; None where there is none."""
        values = None if self.inversion is None else getattr(self.inversion, kind)
        return None if values is None else mean_of(values)

    @property
    def code_percentile(self) -> Estimate | None:
        """Mean percentile of the distance of codes from their mean among drawn codes."""
        return None if self.inversion is None else mean_of(self.inversion.likelihood.percentile)

    def _others(self) -> Float[Tensor, " n"]:
        others = [k for k in range(self.changes.shape[1]) if k != self.target]
        return self.changes[:, others].abs().mean(1) if others else torch.zeros(len(self))


@dataclass(frozen=True, kw_only=True, eq=False)
class PhotographStudy:
    """All groups, the first of which are generated images.

    Args:
        signature: of the generator.
        groups: in the order of the page.
        attribute: that was moved.
        step: of the edit, in standard deviations of codes.
        editability: of the inversions.
        reader: what read the images.
        judged: whether that took no part in finding the direction.
        num_codes: that the direction was learnt from.
        seconds: of each stage.
    """

    signature: Signature
    groups: tuple[Group, ...]
    attribute: str
    step: float
    editability: float
    reader: str
    judged: bool
    num_codes: int
    seconds: Mapping[str, float]

    @property
    def generated(self) -> Group:
        return self.groups[0]

    def share(self, group: Group) -> Estimate:
        """Change of the attribute as a share of that in generated images."""
        ours, theirs = (g.changes[:, g.target].double() for g in (group, self.generated))
        over = (resampling(len(ours), seed=0) @ ours) / (resampling(len(theirs), seed=1) @ theirs)
        return estimate(float(ours.mean() / theirs.mean()), over)

    def __str__(self) -> str:
        lines = []
        for group in self.groups[1:]:
            psnr = group.error("psnr")
            lines.append(
                f"{group.name}: PSNR {psnr} dB, {self.attribute} changes by {group.target_change} "
                f"({self.share(group)} of generated images), selectivity {group.selectivity}"
            )
        return "\n".join(lines)

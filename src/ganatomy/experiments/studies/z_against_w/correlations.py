"""Correlations between attributes in images edited in z and in w, beyond those of the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.datasets.correlations import LabelCorrelations, correlate
from ganatomy.metrics import Correlations, EditedSet, correlations
from ganatomy.statistics.intervals import Estimate, jackknife
from ganatomy.surveys import Survey


@dataclass(frozen=True, kw_only=True)
class SpaceCorrelations:
    """Correlations of the same attributes in each space.

    Args:
        spaces: by name.
        reference: the correlations that are expected without any edit.
        own: whether the reference is the generator's own unedited images, for lack of labels.
        gap: mean |difference from the reference|, in w less that in z; None where there is no w.
    """

    spaces: Mapping[str, Correlations]
    reference: LabelCorrelations
    own: bool
    gap: Estimate | None

    @property
    def attributes(self) -> tuple[str, ...]:
        return next(iter(self.spaces.values())).attributes

    @property
    def expected(self) -> Float[Tensor, "a a"]:
        """The reference, for these attributes."""
        return self.reference.select(self.attributes).nan_to_num()


def space_correlations(
    edited: Mapping[str, EditedSet], survey: Survey, data: LabelCorrelations | None
) -> SpaceCorrelations:
    """Correlate the scores of edited images, and compare with the data's labels or unedited images' scores.

    Raises:
        ScoreError: when fewer than two attributes change in every space, or have labels.
    """
    reference = data or own_correlations(survey)
    found = [correlations(it, reference) for it in edited.values()]
    kept = [name for name in survey.names if all(name in it.attributes for it in found)]
    moved = {space: _only(it, kept) for space, it in edited.items()}
    return SpaceCorrelations(
        spaces={space: correlations(it, reference) for space, it in moved.items()},
        reference=reference,
        own=data is None,
        gap=_gap(moved["z"], moved["w"], reference.select(kept)) if len(moved) == 2 else None,
    )


def own_correlations(survey: Survey) -> LabelCorrelations:
    """Correlations of scores in unedited images."""
    return LabelCorrelations(
        description=f"the scores of {len(survey):,} unedited images of the model itself",
        names=survey.names,
        matrix=correlate(survey.scores.probabilities),
    )


def _only(edited: EditedSet, names: list[str]) -> EditedSet:
    columns = [edited.attributes.index(name) for name in names]
    return replace(edited, attributes=tuple(names), logits=edited.logits[..., columns])


def _gap(z: EditedSet, w: EditedSet, reference: Float[Tensor, "a a"]) -> Estimate:
    """By leaving out images, the same in both spaces, so that what they share does not count."""
    pairs = ~torch.eye(len(reference), dtype=torch.bool)
    scores = [it.probabilities.movedim(1, 0) for it in (z, w)]

    def excess(rows: Int[Tensor, " m"]) -> Float[Tensor, " 1"]:
        in_z, in_w = (
            (correlate(of[rows].flatten(0, 2)) - reference).nan_to_num()[pairs].abs().mean() for of in scores
        )
        return (in_w - in_z)[None]

    return jackknife(excess, z.num_codes, seed=z.seed)[0]

"""Which attributes go together in images edited in z and in w, beyond what goes together anyway."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.datasets.correlations import LabelCorrelations, correlate
from ganatomy.metrics import Correlations, EditedSet, correlations
from ganatomy.statistics.intervals import Estimate, jackknife
from ganatomy.surveys import Survey


@dataclass(frozen=True, kw_only=True)
class Together:
    """Correlations of the same attributes in each space.

    Args:
        spaces: by name. own: whether what goes together anyway is that of the generator's own unedited images, for
            lack of labels. gap: mean |difference from the reference|, in w less that in z; None where there is no w.
    """

    spaces: dict[str, Correlations]
    reference: LabelCorrelations
    own: bool
    gap: Estimate | None

    @property
    def attributes(self) -> tuple[str, ...]:
        return next(iter(self.spaces.values())).attributes

    @property
    def expected(self) -> Float[Tensor, "a a"]:
        """What goes together anyway."""
        return self.reference.select(self.attributes).nan_to_num()


def together(edited: dict[str, EditedSet], survey: Survey, data: LabelCorrelations | None) -> Together:
    """Correlate the scores of edited images, and hold them against the data's labels or unedited images' scores.

    Raises:
        ScoreError: when fewer than two attributes change in every space, or have labels.
    """
    reference = data or own_correlations(survey)
    found = {space: correlations(moved, reference) for space, moved in edited.items()}
    kept = [name for name in survey.names if all(name in it.attributes for it in found.values())]
    moved = {space: _of(it, kept) for space, it in edited.items()}
    return Together(
        spaces={space: correlations(it, reference) for space, it in moved.items()},
        reference=reference,
        own=data is None,
        gap=_gap(moved["z"], moved["w"], reference.select(kept)) if len(moved) == 2 else None,
    )


def own_correlations(survey: Survey) -> LabelCorrelations:
    """How scores go together in images that nobody edited."""
    return LabelCorrelations(
        description=f"the scores of {len(survey):,} unedited images of the model itself",
        names=survey.names,
        matrix=correlate(survey.scores.probabilities),
    )


def _of(edited: EditedSet, names: list[str]) -> EditedSet:
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

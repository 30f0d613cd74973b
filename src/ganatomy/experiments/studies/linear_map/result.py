"""What the study measured, as values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from jaxtyping import Float
from torch import Tensor

from ganatomy.experiments.studies.linear_map.penalties import Fit
from ganatomy.experiments.studies.linear_map.ways import PENALISED, PLAIN
from ganatomy.generators.base import Signature
from ganatomy.latents import Directions, Space
from ganatomy.metrics import Entanglement, mean_abs_cosine
from ganatomy.metrics.entanglement import NEAR
from ganatomy.metrics.paired import compare_selectivity
from ganatomy.metrics.recognition import Recognition
from ganatomy.statistics.tests import PairedTest
from ganatomy.surveys import Survey

STATIONS = (-2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
"""Strengths of the walk, as shares of the step that every way is compared at."""
EXCLUSIVE = 0.01
"""Probabilities of classes that exclude each other add up to 1, or as nearly."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearMapStudy:
    """What was measured.

    Args:
        survey: codes with the scores of the attributes in the map. skipped: other attributes, and why.
        shown: the attribute of the tables and images. edited: all that were edited, `shown` first.
        penalty: λ. directions: way to directions of all attributes; guided edits have none.
        changes: way to what its edits of `edited` did in the same images. left_out: way to why it is missing.
        path: without penalty first, then for each form along λ.
        recognition: of the scorer, None without labels; `unlabelled` says why.
        images: "as drawn" and each way to its first images, in [-1, 1].
        one: the row of a typical image, in which the edit without penalty changed `shown` by about the mean.
        walks: the paper's two ways to that image, at `STATIONS` times the step.
    """

    signature: Signature
    fingerprint: str
    scorer: str
    survey: Survey
    skipped: Mapping[str, str]
    shown: str
    edited: tuple[str, ...]
    penalty: float
    seed: int
    target_change: float
    directions: Mapping[str, Directions]
    changes: Mapping[str, Entanglement]
    left_out: Mapping[str, str]
    path: tuple[Fit, ...]
    recognition: Recognition | None
    unlabelled: str
    images: Mapping[str, Float[Tensor, "m c h w"]]
    walks: Mapping[str, Float[Tensor, "s c h w"]]
    one: int
    seconds: Mapping[str, float]

    @property
    def attributes(self) -> tuple[str, ...]:
        """All in the map."""
        return self.survey.names

    @property
    def ways(self) -> tuple[str, ...]:
        return tuple(self.changes)

    @property
    def num_images(self) -> int:
        return len(self.changes[PLAIN].before)

    @property
    def space(self) -> Space:
        return self.survey.latents.space

    @property
    def exclusive(self) -> bool:
        """Whether the attributes are classes that exclude each other: their probabilities add up to 1."""
        return float((self.changes[PLAIN].before.sum(1) - 1).abs().mean()) < EXCLUSIVE

    @property
    def added(self) -> bool:
        """Whether edits of `shown` add it; else most images have it, and they take it away."""
        return float(self.changes[PLAIN].strengths[0]) >= 0

    @cached_property
    def cosine(self) -> dict[str, float]:
        """Way to the mean |cosine| between its directions."""
        return {way: mean_abs_cosine(found) for way, found in self.directions.items()}

    def auc(self, way: str) -> float:
        """Held-out area under the ROC curve of its directions, mean over attributes."""
        directions = self.directions[way]
        return sum(direction.auc for direction in directions) / len(directions)

    @cached_property
    def against_plain(self) -> dict[str, PairedTest]:
        """Every other way against the map without penalty."""
        plain = self.changes[PLAIN]
        return {way: compare_selectivity(it, plain) for way, it in self.changes.items() if way != PLAIN}

    @property
    def verdict(self) -> PairedTest:
        """The penalty against none."""
        return self.against_plain[PENALISED]

    @cached_property
    def ranking(self) -> tuple[str, ...]:
        """The ways, the highest mean selectivity first."""

        def rank(way: str) -> float:
            value = self.changes[way].selectivity().mean.value
            return math.inf if math.isnan(value) else -value

        return tuple(sorted(self.changes, key=rank))

    @cached_property
    def behind(self) -> dict[str, PairedTest]:
        """The best way against every other."""
        best, *others = self.ranking
        return {way: compare_selectivity(self.changes[best], self.changes[way]) for way in others}

    def reached(self, way: str) -> int:
        """How many attributes moved as far as was asked for, or nearly so."""
        return int((self.target_changes(way) >= (1 - NEAR) * self.target_change).sum())

    def target_changes(self, way: str) -> Float[Tensor, " k"]:
        """Mean change of each edit's own attribute."""
        changes = self.changes[way]
        return changes.mean_change.gather(1, changes.targets[:, None])[:, 0]

    def __str__(self) -> str:
        from ganatomy.experiments.studies.linear_map.verdict import sentences

        return "\n".join(sentences(self))

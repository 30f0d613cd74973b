"""What the study measured: a comparison, and what only the paper has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ganatomy.experiments.compare import Comparison
from ganatomy.experiments.studies.linear_map.penalties import Fit
from ganatomy.latents import Directions
from ganatomy.metrics import Entanglement, mean_abs_cosine
from ganatomy.metrics.recognition import Recognition
from ganatomy.statistics.tests import PairedTest

PLAIN, PENALISED, GUIDED = "linear", "penalty", "guided-hold"
PAPER = (PLAIN, PENALISED)
METHODS = (*PAPER, "lowdin", "dual", "held", "selective", GUIDED)
"""Names as in `compare.CONTESTANTS`."""
EXCLUSIVE = 0.01
"""Probabilities of classes that exclude each other add up to 1, or as nearly."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearMapStudy:
    """What was measured.

    Args:
        comparison: of `METHODS`; its first edited attribute is that of tables and images.
        skipped: attributes that are not in the map, and why.
        penalty: λ.
        path: without penalty first, then for each form along λ.
        recognition: how often the scorer is right; None without labels.
        unlabelled: why that was not measured.
    """

    comparison: Comparison
    skipped: Mapping[str, str]
    penalty: float
    path: tuple[Fit, ...]
    recognition: Recognition | None
    unlabelled: str

    @property
    def shown(self) -> str:
        """The attribute of tables and images."""
        return self.comparison.edited[0]

    @property
    def changes(self) -> dict[str, Entanglement]:
        """Method to what its edits changed."""
        return {name: result.changes for name, result in self.comparison.results.items()}

    @property
    def directions(self) -> dict[str, Directions]:
        """Method to directions of all attributes; guided edits have none."""
        found = {name: result.found.directions for name, result in self.comparison.results.items()}
        return {name: directions for name, directions in found.items() if directions is not None}

    @property
    def exclusive(self) -> bool:
        """Whether the attributes are classes that exclude each other: their probabilities add up to 1."""
        return float((self.changes[PLAIN].before.sum(1) - 1).abs().mean()) < EXCLUSIVE

    @property
    def added(self) -> bool:
        """Whether edits of `shown` add it; else most images have it, and they take it away."""
        return float(self.changes[PLAIN].signs[0]) > 0

    @property
    def typical(self) -> int:
        """The image in which `shown` changed nearest to what was asked for on average, without penalty."""
        changes = self.changes[PLAIN]
        own = changes.turned[0, :, changes.targets[0]]
        return int((own - changes.target_change).abs().argmin())

    @cached_property
    def cosine(self) -> dict[str, float]:
        """Method to the mean |cosine| between its directions."""
        return {name: mean_abs_cosine(directions) for name, directions in self.directions.items()}

    @cached_property
    def against_plain(self) -> dict[str, PairedTest]:
        """Every other method against the map without penalty."""
        methods = (name for name in self.comparison.methods if name != PLAIN)
        return {name: self.comparison.paired(name, PLAIN) for name in methods}

    @property
    def verdict(self) -> PairedTest:
        """The penalty against none."""
        return self.against_plain[PENALISED]

    def __str__(self) -> str:
        return f"{self.comparison}\n{PENALISED} against {PLAIN}: {self.verdict}"

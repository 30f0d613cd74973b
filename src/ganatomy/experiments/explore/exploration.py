"""What was found in one generator, and what it comes to in figures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from jaxtyping import Float
from torch import Tensor

from ganatomy.experiments.explore.gallery import Gallery
from ganatomy.experiments.factors import FactorReader
from ganatomy.generators.base import Signature
from ganatomy.latents import Directions, Space
from ganatomy.metrics.entanglement import NEAR, Entanglement
from ganatomy.metrics.selectivity import Selectivity
from ganatomy.statistics.intervals import Estimate, best_of, estimate
from ganatomy.surveys import Survey
from ganatomy.tabular import Frame, Tabular

BASE = "regression"
"""The method whose directions are shown alone: it learns from every score of every code."""

HELD = "held"
"""What the directions are called that hold all others: found by `selective` where gradients flow, else by `held`."""

READER = "logistic"
"""The method whose held-out AUC says how well an attribute can be read off the codes."""

WIDTH = 0.2
"""Half the interval of a method's mean selectivity, as a share of it, at which no more images are changed. The two
methods whose every edit is shown, `BASE` and `HELD`, are measured in all images."""

CHANCE = 0.6
"""A held-out AUC below this is near chance, which is 0.5."""


@dataclass(frozen=True, kw_only=True)
class Exploration(Tabular):
    """What was found in one generator, and how.

    Args:
        signature: of the generator.
        fingerprint: of the generator.
        num_parameters: of the generator.
        scorer: one line about the scorer.
        judge: the same about the judge; None without one.
        survey: the codes and all their scores, those of skipped attributes included.
        skipped: attributes that no direction was looked for, and why.
        scarce: those of them that a larger survey may tell.
        directions: method to what it found.
        entanglement: method to what its edits change, with `HELD` as one more method.
        skipped_changes: for `BASE` and `HELD`, the mean change of each skipped attribute by one step.
        measured_psi: truncation of the images that were edited, and of the gallery.
        gallery: images of the first seeds, with their scores and a map of them.
        seconds: stage to what it took.
        factors: who read the factors of the edited images; None where they were not read.

    Example::

        explored = ga.explore(experiment, n=300)
        print(explored.attributes, explored.auc["Smiling"])
    """

    signature: Signature
    fingerprint: str
    num_parameters: int
    scorer: str
    judge: str | None
    survey: Survey
    skipped: Mapping[str, str]
    directions: Mapping[str, Directions]
    entanglement: Mapping[str, Entanglement]
    skipped_changes: Mapping[str, Float[Tensor, "k s"]]
    measured_psi: float
    gallery: Gallery
    seconds: Mapping[str, float]
    factors: FactorReader | None = None
    scarce: tuple[str, ...] = ()

    @property
    def space(self) -> Space:
        return self.survey.space

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that directions were found for, in the scorer's order."""
        return tuple(self.directions[BASE].names)

    @property
    def prevalence(self) -> dict[str, float]:
        """Share of the surveyed images that have each attribute, 0 to 1, skipped ones included."""
        return self.survey.prevalence

    @property
    def auc(self) -> dict[str, float]:
        """Held-out area under the ROC curve of each attribute's logistic direction."""
        return {direction.name: direction.auc for direction in self.directions[READER]}

    @property
    def inseparable(self) -> list[str]:
        """The attributes that codes tell hardly better than by chance, or worse."""
        return [name for name, auc in self.auc.items() if auc < CHANCE]

    def frame(self) -> Frame:
        """A row for each attribute: how often it occurs, how well codes tell it, how cleanly it is edited."""
        names, found = self.attributes, self.auc
        clean = {how: [self.selectivity_of(how, name).value for name in names] for how in (BASE, HELD)}
        return Frame(
            title=f"{self.signature.architecture}: {len(names)} attributes from {len(self.survey)} images",
            columns={
                "attribute": names,
                "share of images": [self.prevalence[name] for name in names],
                "auc": [found[name] for name in names],
                "selectivity alone": clean[BASE],
                "selectivity, others held": clean[HELD],
            },
        )

    def step(self, method: str, attribute: str) -> float:
        """The distance along a method's direction that adds `target_change` to the mean score of its attribute."""
        return abs(float(self.entanglement[method].strengths[self.attributes.index(attribute)]))

    @property
    def measured(self) -> int:
        """Images that were changed along each direction of `BASE` and `HELD`; of other methods fewer may be enough."""
        return self.entanglement[HELD].num_images

    @property
    def target_change(self) -> float:
        """How far each edit was to move its own score on average, as a probability."""
        return self.entanglement[HELD].target_change

    @cached_property
    def selectivities(self) -> dict[str, Selectivity]:
        """Selectivity of each method over all other attributes."""
        return {name: result.selectivity() for name, result in self.entanglement.items()}

    def selectivity(self, method: str) -> Estimate:
        """Mean selectivity of a method."""
        return self.selectivities[method].mean

    def selectivity_of(self, method: str, attribute: str) -> Estimate:
        """Selectivity of one direction of a method."""
        return self.selectivities[method].directions[attribute]

    @property
    def best(self) -> str:
        """The method with the highest mean selectivity as `read`."""
        figures = {name: self.mean_read(name).value for name in self.entanglement}
        return max(figures, key=lambda name: (not math.isnan(figures[name]), figures[name]))

    @cached_property
    def judged(self) -> dict[str, Estimate]:
        """Mean selectivity of each method by the judge; empty without a judge that knows two of the attributes."""
        found = {name: result.judged for name, result in self.entanglement.items()}
        return {name: result.selectivity().mean for name, result in found.items() if result is not None}

    def read(self, method: str) -> Entanglement:
        """What a method's edits change, by the judge where there is one, else by the scorer: headlines are of this."""
        result = self.entanglement[method]
        return result if result.judged is None else result.judged

    def selectivity_read(self, method: str, attribute: str) -> Estimate:
        """Selectivity of one direction of a method as `read`; by the scorer where the judge does not know it."""
        own = self.selectivity_of(method, attribute)
        return self._read_selectivities[method].directions.get(attribute, own)

    def mean_read(self, method: str) -> Estimate:
        """Mean selectivity of a method as `read`, over all its edits."""
        return self._read_selectivities[method].mean

    def doubt(self, method: str, attribute: str) -> str:
        """Why an edit cannot be trusted, one of `DOUBTS`."""
        result = self.entanglement[method]
        return result.doubts[result.names.index(attribute)]

    @cached_property
    def _read_selectivities(self) -> dict[str, Selectivity]:
        return {method: self.read(method).selectivity() for method in self.entanglement}

    def headline(self, method: str) -> Estimate:
        """Mean selectivity of a method as `read`, over the edits that reached their goal; over all if none did."""
        read, reached = self.read(method), self.reached(method)
        rows = [k for k, name in enumerate(read.names) if name in reached] or list(range(len(read.names)))
        return estimate(read.selectivities()[rows].mean(), read.resampled_selectivities()[:, rows].mean(1))

    def reached(self, method: str) -> list[str]:
        """The attributes that a method's edits moved as far as the goal, or nearly so, or further."""
        result = self.entanglement[method]
        return [name for name, there in zip(result.names, result.reached.tolist(), strict=True) if there]

    def missed(self, method: str) -> tuple[list[str], list[str]]:
        """The attributes that a method's edits moved too little by more than `NEAR`, and those moved too far."""
        result = self.entanglement[method]
        most = (1 + NEAR) * self.target_change
        beyond = [name for name, it in zip(result.names, result.achieved.tolist(), strict=True) if it > most]
        return [name for name in result.names if name not in self.reached(method)], beyond

    @property
    def others_change(self) -> float:
        """How much another attribute changes in an image, on average over the held edits that can be moved."""
        result = self.entanglement[HELD]
        rows = [result.names.index(name) for name in self.movable]
        targets = result.targets[rows, None]
        others = result.mean_abs_change[rows].scatter(1, targets, 0.0).sum()
        return float(others) / (len(rows) * (len(result.attributes) - 1)) if rows else math.nan

    @cached_property
    def movable(self) -> tuple[str, ...]:
        """The attributes that can be moved with the others held: see `Entanglement.movable`."""
        return self.entanglement[HELD].movable

    @cached_property
    def cleanest(self) -> tuple[str, Estimate] | None:
        """The held edit of highest selectivity as `read`, of those that can be moved, corrected for being the best."""
        read = self.read(HELD)
        rows = [k for k, name in enumerate(read.names) if name in self.movable]
        if not rows:
            return None
        best, figure = best_of(read.selectivities()[rows], read.resampled_selectivities()[:, rows])
        return read.names[rows[best]], figure

    @cached_property
    def by_selectivity(self) -> list[str]:
        """The attributes, cleanest held edit first; those that cannot be moved come last."""
        values = dict(zip(self.read(HELD).names, self.read(HELD).selectivities().tolist(), strict=True))

        def rank(name: str) -> tuple[bool, bool, float]:
            value = values.get(name, math.nan)
            return (
                name not in self.movable,
                name not in self.reached(HELD),
                math.inf if math.isnan(value) else -value,
            )

        return sorted(self.attributes, key=rank)

    def others(self, method: str, attribute: str) -> list[tuple[str, float]]:
        """The other attributes and their mean change by a method's edit of one, as `read`, most changed first."""
        result = self.read(method) if attribute in self.read(method).names else self.entanglement[method]
        change = result.mean_change[result.names.index(attribute)].tolist()
        pairs = zip(result.attributes, change, strict=True)
        return sorted((pair for pair in pairs if pair[0] != attribute), key=lambda pair: -abs(pair[1]))

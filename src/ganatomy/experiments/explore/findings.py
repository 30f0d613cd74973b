"""What an exploration amounts to, in figures and plain words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from ganatomy.experiments.explore.run import BASE, HELD, Exploration
from ganatomy.metrics import Estimate, Selectivity
from ganatomy.metrics.entanglement import NEAR
from ganatomy.statistics.formatting import interval, listed, percent, short, signed
from ganatomy.statistics.intervals import CONFIDENCE, NUM_RESAMPLES

NUM_ALSO = 3
"""Other attributes that are named beside a strip."""

LITTLE = 0.005
"""A mean change of probability below this is not worth a name."""

HARDLY = 0.75
"""An attribute with a held-out AUC below this is hardly to be read off the codes."""


HOLDING = {
    "selective": (
        "To hold is to take, for each attribute, the one direction that changes the scores of all others least in "
        "single images, judged by the gradients of some that are not measured here. It is the same step for every "
        "image, so some of each other score still moves."
    ),
    "held": (
        "The scorer gives no gradients, so holding rests on a linear model of its scores, and images are not linear: "
        "the others may give where holding them exactly would cost a long step."
    ),
}
"""What it means that the others are held, by the method that found the directions."""


@dataclass(frozen=True, kw_only=True)
class Findings:
    """The figures of an exploration that the page speaks of."""

    exploration: Exploration

    @cached_property
    def selectivities(self) -> dict[str, Selectivity]:
        """Selectivity of each method in the default form, over all others."""
        return {name: result.selectivity() for name, result in self.exploration.entanglement.items()}

    def selectivity(self, method: str) -> Estimate:
        """Mean selectivity of a method."""
        return self.selectivities[method].mean

    def selectivity_of(self, method: str, attribute: str) -> Estimate:
        """Selectivity of one direction of a method."""
        return self.selectivities[method].directions[attribute]

    @property
    def mean_auc(self) -> float:
        """Mean held-out AUC over all attributes used."""
        areas = self.exploration.auc.values()
        return sum(areas) / len(areas)

    def reached(self, method: str) -> list[str]:
        """The attributes that a method's edits moved as far as was asked for, or nearly so, or further."""
        result = self.exploration.entanglement[method]
        changes = result.mean_change.gather(1, result.targets[:, None])[:, 0].tolist()
        goal = (1 - NEAR) * result.target_change
        return [name for name, change in zip(result.names, changes, strict=True) if change >= goal]

    @property
    def by_selectivity(self) -> list[str]:
        """The attributes, cleanest held edit first; those that did not get as far as was asked for come last."""
        reached = self.reached(HELD)

        def rank(name: str) -> tuple[bool, float]:
            value = self.selectivity_of(HELD, name).value
            return name not in reached, -value if not math.isnan(value) else math.inf

        return sorted(self.exploration.attributes, key=rank)

    @property
    def cleanest(self) -> str:
        """The attribute that moves with the least change of others when they are held."""
        return self.by_selectivity[0]

    @property
    def most_entangled(self) -> str:
        """The attribute that changes others most when it moves alone."""
        return min(self.exploration.attributes, key=lambda name: self.selectivity_of(BASE, name).value)

    def others(self, method: str, attribute: str) -> list[tuple[str, float]]:
        """The other attributes and their mean change, most changed first."""
        result = self.exploration.entanglement[method]
        change = result.mean_change[result.names.index(attribute)].tolist()
        pairs = [
            (name, value) for name, value in zip(result.attributes, change, strict=True) if name != attribute
        ]
        return sorted(pairs, key=lambda pair: -abs(pair[1]))

    def also_moved(self, method: str, attribute: str) -> str:
        """The few others that move most, with their mean change."""
        named = [
            f"{name} {signed(value)}"
            for name, value in self.others(method, attribute)[:NUM_ALSO]
            if abs(value) >= LITTLE
        ]
        return ", ".join(named) or "no other moves on average"

    @property
    def warning(self) -> tuple[str, str, float, float]:
        """The worst company: an attribute, the other that it drags along most, by how much, and by how much held."""
        name, (other, alone) = max(
            ((name, self.others(BASE, name)[0]) for name in self.exploration.attributes),
            key=lambda found: abs(found[1][1]),
        )
        return name, other, alone, dict(self.others(HELD, name))[other]

    @property
    def lead(self) -> str:
        """The whole page in a few sentences."""
        alone, held = self.selectivity(BASE), self.selectivity(HELD)
        name, other, dragged, left = self.warning
        cleanest = self.selectivity_of(HELD, self.cleanest).value
        return (
            f"Of {len(self.exploration.attributes)} attributes, {len(self.reached(HELD))} can be moved while "
            f"all others are held. Moved alone, an attribute changes {short(alone.value)} times as much as "
            f"the others do on average; with the others held, {short(held.value)} times "
            f"({percent(CONFIDENCE)} interval {interval(held)}). {self.cleanest} is "
            f"the cleanest, at {short(cleanest)}. Beware of {name}: moved alone by "
            f"{self.exploration.target_change:.2f}, it changes {other} by {signed(dragged)}; with the others "
            f"held, by {signed(left)}."
        )

    @property
    def sure(self) -> list[str]:
        """What the figures rest on, and where they end."""
        exploration = self.exploration
        survey = exploration.survey
        result = exploration.entanglement[HELD]
        missed = [name for name in exploration.attributes if name not in self.reached(HELD)]
        hardly = [f"{name} ({auc:.2f})" for name, auc in exploration.auc.items() if auc < HARDLY]
        lines = [
            (
                f"Changes were measured on {exploration.measured} images that no method saw (seed "
                f"{result.seed}), the same ones for every method. Intervals are {percent(CONFIDENCE)}, from "
                f"drawing these images again {NUM_RESAMPLES:,} times; they do not cover the choice of "
                "survey, scorer or model."
            ),
            (
                "Every edit was calibrated to change the mean probability of its own attribute by "
                f"{exploration.target_change:.2f}, so that methods are compared at the same effect. "
                + (
                    f"With the others held, {listed(missed)} ended more than {percent(NEAR)} short."
                    if missed
                    else "With the others held, all got there."
                )
            ),
            HOLDING[exploration.directions[HELD][0].method],
            "All that is said here is what the scorer sees. Where it takes one thing for another, so does this page."
            if result.factor_changes is None
            else "What the scorer sees is held against the factors that images were drawn from, below.",
        ]
        if hardly:
            lines.append(
                f"Hardly to be read off the codes, so trust these directions least: {listed(hardly)} (held-out AUC)."
            )
        if survey.truncation_psi == 1 and exploration.signature.w_dim:
            lines.append(
                "Nothing was truncated. With a truncation psi below 1 images are tidier and steps count for more."
            )
        return lines

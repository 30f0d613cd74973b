"""What an exploration amounts to, in figures and plain words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from ganatomy.directions.base import HELD_OUT
from ganatomy.experiments.explore.run import BASE, HELD, Exploration
from ganatomy.metrics import Selectivity
from ganatomy.metrics.entanglement import NEAR
from ganatomy.statistics.formatting import interval, listed, percent, short, signed
from ganatomy.statistics.intervals import CONFIDENCE, NUM_RESAMPLES, Estimate

NUM_ALSO = 3
"""Other attributes that are named beside a strip."""

LITTLE = 0.005
"""A mean change of probability below this is not worth a name."""

HARDLY = 0.75
"""Codes hardly predict an attribute with a held-out AUC below this."""

DETAIL = "Young"
"""The attribute of the tables of Pham Van et al. (2020), shown in detail wherever the scorer has it."""

HOLDING = {
    "selective": (
        "The directions that hold the others fixed are, for each attribute, those that change the other scores least "
        "in single images, according to gradients at images that are not measured here. The step is the same for "
        "every image, so each other score still changes a little."
    ),
    "held": (
        "The scorer gives no gradients, so the others are held fixed in a linear model of its scores. Scores are not "
        "linear, and where holding them exactly would need a long step, they are held only partly."
    ),
}
"""What it means that the others are held fixed, by the method that found the directions."""


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

    def target_changes(self, method: str) -> dict[str, float]:
        """How far a method's edit of each attribute changed the mean probability of that attribute."""
        result = self.exploration.entanglement[method]
        changes = result.mean_change.gather(1, result.targets[:, None])[:, 0].tolist()
        return dict(zip(result.names, changes, strict=True))

    def reached(self, method: str) -> list[str]:
        """The attributes that a method's edits moved as far as the goal, or nearly so, or further."""
        goal = (1 - NEAR) * self.exploration.entanglement[method].target_change
        return [name for name, change in self.target_changes(method).items() if change >= goal]

    @property
    def by_selectivity(self) -> list[str]:
        """The attributes, cleanest held edit first; those that did not reach the goal come last."""
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

    @property
    def detail(self) -> str:
        """The attribute that is shown in detail: that of the paper, or the most entangled one."""
        return DETAIL if DETAIL in self.exploration.attributes else self.most_entangled

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
        """The largest unwanted change: an attribute, the other that it changes most, by how much alone, and held."""
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
            f"all others are held fixed. Moved alone, an attribute changes {short(alone.value)} times as much as "
            f"the others do on average; with the others held fixed, {short(held.value)} times "
            f"({percent(CONFIDENCE)} interval {interval(held)}). {self.cleanest} is "
            f"the cleanest, at {short(cleanest)}. The largest unwanted change: moving {name} alone by "
            f"{self.exploration.target_change:.2f} changes {other} by {signed(dragged)}; with the others held fixed, "
            f"by {signed(left)}."
        )

    @property
    def held_out(self) -> str:
        """What AUC is."""
        return (
            f"{percent(HELD_OUT)} of the {len(self.exploration.survey):,} surveyed codes were kept from every method, "
            "and AUC is measured on those: the chance that a code with the attribute lies further along its "
            "direction than one without."
        )

    @property
    def sure(self) -> list[str]:
        """What the figures rest on, and where they end."""
        exploration = self.exploration
        survey, result = exploration.survey, exploration.entanglement[HELD]
        missed = [name for name in exploration.attributes if name not in self.reached(HELD)]
        hardly = [f"{name} ({auc:.2f})" for name, auc in exploration.auc.items() if auc < HARDLY]
        lines = [
            (
                f"Changes were measured on {exploration.measured} images that no method learnt from (seed "
                f"{result.seed}), the same ones for every method. Intervals are {percent(CONFIDENCE)}, from "
                f"resampling these images {NUM_RESAMPLES:,} times; they do not cover the choice of "
                "survey, scorer or model."
            ),
            (
                "Every edit was calibrated to change the mean probability of its own attribute by "
                f"{exploration.target_change:.2f}, so that methods are compared at the same effect. "
                + (
                    f"With the others held fixed, {listed(missed)} ended more than {percent(NEAR)} short."
                    if missed
                    else "With the others held fixed, all reached it."
                )
            ),
            HOLDING[exploration.directions[HELD][0].method],
            "All changes are read by the scorer. Where it confuses two attributes, so does this page."
            if result.factor_changes is None
            else "Changes are read by the scorer, and compared above with the factors that images were drawn from.",
        ]
        if hardly:
            lines.append(
                f"Codes hardly predict {listed(hardly)} (held-out AUC), so these directions are the least reliable."
            )
        if survey.truncation_psi == 1 and exploration.signature.w_dim:
            lines.append(
                "Codes were not truncated. With a truncation psi below 1 images are cleaner, and the same step changes "
                "more."
            )
        return lines

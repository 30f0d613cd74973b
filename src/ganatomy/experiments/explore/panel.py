"""The control panel of a model: one slider for each direction, with its step, its effects, and how to hold others."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Self

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ganatomy.directions.holding import Holding, holding
from ganatomy.experiments.explore.exploration import BASE, HELD, Exploration
from ganatomy.experiments.explore.gallery import Gallery
from ganatomy.latents import Direction, Directions, Space
from ganatomy.maps import classes_of
from ganatomy.metrics.entanglement import DOUBTS, Entanglement
from ganatomy.statistics.formatting import named, quoted
from ganatomy.statistics.intervals import Estimate, middle, resampling

DOUBTED = {
    "short": "With all others held, the largest step tried changes {names} less than the target change.",
    "unconfirmed": "The judge sees less than half of the change, or none for sure, when these are moved: {names}.",
    "unusual": "A step along these ends at codes that the model hardly ever draws: {names}.",
}
"""What a reader must know of the sliders of each doubt."""

MOST_SIGMA = 2.0
"""Standard deviations of codes that one step along a direction from outside the panel goes at most."""


@dataclass(frozen=True, kw_only=True)
class Sliders:
    """One step along each of k directions: its length, and what it changes.

    Args:
        steps: distance that changes the mean probability of the direction's own attribute by the target change.
        changes: mean changes of all probabilities.
        margins: half the 95 % interval of each, from draws of images; nan for attributes that too few images have.
        sizes: mean sizes of their changes; by the judge where there is one, nan for attributes that it does not know.
        selectivity: of each direction: value, low and high end; by the judge where there is one.
        doubts: why each step cannot be trusted, as the number of one of `DOUBTS`; 0 where it can.
    """

    steps: Float[Tensor, " k"]
    changes: Float[Tensor, "k a"]
    margins: Float[Tensor, "k a"]
    sizes: Float[Tensor, "k a"]
    selectivity: Float[Tensor, "k 3"]
    doubts: Int[Tensor, " k"]

    @classmethod
    def of(cls, exploration: Exploration, method: str) -> Self:
        """The sliders along the directions of one method, `BASE` or `HELD`."""
        result, skipped = exploration.entanglement[method], exploration.skipped_changes[method]
        columns = dict(zip(result.attributes, result.mean_change.unbind(1), strict=True))
        columns |= dict(zip(exploration.skipped, skipped.unbind(1), strict=True))
        read = exploration.read(method)
        figures = result.selectivity().directions | read.selectivity().directions
        sizes = torch.full((len(result.names), len(exploration.survey.names)), math.nan)
        for k, name in enumerate(result.names):
            # A slider that the judge does not know is measured by the scorer, as its selectivity is.
            own = read if name in read.names else result
            columns_of = [exploration.survey.names.index(attribute) for attribute in own.attributes]
            sizes[k, columns_of] = own.mean_abs_change[own.names.index(name)].float()
        margins = torch.full_like(sizes, math.nan)
        margins[:, [exploration.survey.names.index(name) for name in result.attributes]] = _margins(result)
        return cls(
            steps=result.strengths.abs().float(),
            changes=torch.stack([columns[name] for name in exploration.survey.names], dim=1).float(),
            margins=margins,
            sizes=sizes,
            selectivity=torch.tensor([list(figures[name].data().values()) for name in result.names]),
            doubts=torch.tensor([DOUBTS.index(doubt) for doubt in result.doubts]),
        )

    @property
    def trusted(self) -> Bool[Tensor, " k"]:
        """Which steps leave no doubt."""
        return self.doubts == 0

    def selectivity_of(self, k: int) -> Estimate:
        value, low, high = self.selectivity[k].tolist()
        return Estimate(value=value, low=low, high=high)


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """The directions of a model with what it takes to edit with them: all that the studio needs besides the model.

    Args:
        fingerprint: of the generator.
        scorer_fingerprint: of the classifier; "" without one.
        scorer: one line about the classifier.
        judge: the same about the judge; "" without one.
        attributes: all that the classifier knows.
        directions: one for each slider, nothing held; named after attributes where there is a classifier.
        truncation_psi: of the images that were measured, and of the gallery.
        exclusive: whether the attributes are classes, of which every image has one.
        prevalence: share of images that have the attribute of each direction; None without a classifier.
        alone: sliders with nothing held; None without a classifier.
        held: sliders with all other attributes held; None without a classifier.
        holding: finds directions that hold chosen attributes; None without a classifier.
        gallery: images of the first seeds.
        target_change: of its own probability by one step; 0 where a step is a standard deviation.
        right_at_ends: share of images in which each slider moved its own score the right way when it stood at the ends
            of its track, nan where that cannot be told; None where it was not measured, as in a report's panel.
        notes: sentences that a reader must know.
    """

    fingerprint: str
    scorer_fingerprint: str
    scorer: str
    judge: str
    attributes: tuple[str, ...]
    directions: Directions
    truncation_psi: float
    gallery: Gallery
    exclusive: bool = False
    prevalence: Float[Tensor, " k"] | None = None
    alone: Sliders | None = None
    held: Sliders | None = None
    holding: Holding | None = None
    target_change: float = 0.0
    right_at_ends: Float[Tensor, " k"] | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, exploration: Exploration) -> Self:
        """The panel of what an exploration found and measured; nothing is measured again.

        Args:
            exploration: of any model.

        Returns:
            The panel.

        Example:
            >>> import ganatomy as ga
            >>> from ganatomy.experiments.explore.panel import Panel
            >>> from ganatomy.perception import OracleScorer
            >>> toy = ga.ToyGenerator(seed=0)
            >>> found = ga.explore(ga.Experiment(toy, OracleScorer(toy)), n=200, methods=[], measured=20)
            >>> direction = Panel.of(found).move("red", hold=["round"])
            >>> direction.name, direction.held, direction.step > 0
            ('red', ('round',), True)
        """
        survey = exploration.survey
        return cls(
            fingerprint=exploration.fingerprint,
            scorer_fingerprint=survey.scorer or "",
            scorer=exploration.scorer,
            judge=exploration.judge or "",
            attributes=survey.names,
            directions=exploration.directions[BASE],
            truncation_psi=exploration.measured_psi,
            gallery=exploration.gallery,
            exclusive=classes_of(survey.scores) is not None,
            prevalence=torch.tensor([exploration.prevalence[name] for name in exploration.attributes]),
            alone=Sliders.of(exploration, BASE),
            held=Sliders.of(exploration, HELD),
            holding=holding(survey, exploration.attributes, seed=survey.seed),
            target_change=exploration.target_change,
            notes=_notes(exploration),
        )

    @property
    def space(self) -> Space:
        return self.directions.space

    @property
    def names(self) -> list[str]:
        return self.directions.names

    @property
    def measured(self) -> dict[str, Sliders]:
        """The sliders "alone" and "held"; empty without a classifier."""
        return {
            how: found for how, found in (("alone", self.alone), ("held", self.held)) if found is not None
        }

    @cached_property
    def held_better(self) -> tuple[bool, ...]:
        """Whether each slider is cleaner with all others held, by what was measured.

        A step without doubt comes before one in doubt, then the higher selectivity. Classes, which exclude each other,
        are not held.
        """
        if self.alone is None or self.held is None or self.exclusive:
            return (False,) * len(self.directions)
        alone, held = ((one.trusted, one.selectivity[:, 0].nan_to_num(0)) for one in (self.alone, self.held))
        better = torch.where(held[0] == alone[0], held[1] >= alone[1], held[0])
        return tuple(better.tolist())

    @cached_property
    def best(self) -> Sliders | None:
        """Every slider as it is cleaner, held or alone; None without a classifier."""
        if self.alone is None or self.held is None:
            return None
        better = torch.tensor(self.held_better)
        pairs = {
            own.name: (getattr(self.held, own.name), getattr(self.alone, own.name)) for own in fields(Sliders)
        }
        chosen = {
            name: torch.where(better.reshape(-1, *[1] * (held.ndim - 1)), held, alone)
            for name, (held, alone) in pairs.items()
        }
        return Sliders(**chosen)

    def best_hold(self, name: str) -> tuple[str, ...]:
        """What to hold while one attribute is moved, by what was measured: all others, or nothing.

        Args:
            name: of a direction of the panel; what is from outside is held as most of the panel is.
        """
        holds = sum(self.held_better) * 2 > len(self.held_better)
        if name in self.names:
            holds = self.held_better[self.names.index(name)]
        return tuple(other for other in self.names if other != name) if holds else ()

    @cached_property
    def order(self) -> list[int]:
        """The directions by the low end of their selectivity, highest first; those in doubt come last."""
        sliders = self.best
        if sliders is None:
            return list(range(len(self.directions)))
        low = sliders.selectivity[:, 1]
        return (
            torch.where(sliders.trusted, low, low - 1e6)
            .nan_to_num(-1e9)
            .argsort(descending=True, stable=True)
            .tolist()
        )

    def move(self, name: str, hold: Sequence[str], firm: Collection[str] = ()) -> Direction:
        """The direction that changes one attribute while others are held, with the length of one step along it.

        Args:
            name: of a direction of the panel.
            hold: names of directions whose attributes to keep; `name` itself is left out.
            firm: those of them to keep before the others.

        Returns:
            The direction, with its step, its slope and what it holds.

        Raises:
            UnknownNameError: for a name that the panel does not have.
        """
        k = self.names.index(self.directions[name].name)
        alone = self.directions[k]
        hold = [other for other in hold if other != name]
        if self.alone is None or self.held is None or self.holding is None:
            return replace(alone, step=alone.sigma)
        if not hold:
            return replace(alone, step=float(self.alone.steps[k]))
        found = self.holding.step(name, hold, firm)
        everything = self.holding.step(name, [other for other in self.names if other != name])
        # The step with everything held was measured; rates say by how much this one is shorter.
        step = float(self.held.steps[k]) * everything.rate / found.rate
        slope = alone.slope * float(alone.vector.flatten().double() @ found.vector.flatten().double())
        return replace(self._held(alone, found.vector, self.holding, hold), step=step, slope=slope)

    def move_along(self, direction: Direction, hold: Sequence[str], firm: Collection[str] = ()) -> Direction:
        """A direction from outside the panel, changed so that attributes are held, with the length of one step.

        One that has a step already comes from a slider, and stays as it is. What a direction changes is not held.

        A step changes what the direction measures by one standard deviation, and goes at most `MOST_SIGMA` standard
        deviations of codes.

        Args:
            direction: of the same generator.
            hold: names of directions whose attributes to keep.
            firm: those of them to keep before the others.

        Returns:
            The direction, with its step and what it holds.
        """
        if math.isfinite(direction.step):
            return direction
        vector, hold = direction.vector, [name for name in hold if name != direction.name]
        fits = direction.space == self.space and vector.shape == self.directions[0].vector.shape
        if not hold or self.holding is None or not fits:
            return replace(direction, step=direction.sigma)
        found = self.holding.toward(vector / vector.norm(), hold, firm)
        held = self._held(direction, found.vector, self.holding, hold)
        return replace(held, step=min(direction.sigma / found.rate, MOST_SIGMA * held.sigma))

    def _held(self, free: Direction, vector: Tensor, holding: Holding, hold: Sequence[str]) -> Direction:
        return Direction(
            name=free.name,
            vector=vector,
            space=self.space,
            sigma=float((holding.deviations.T.double() @ vector.flatten().double()).norm()),
            held=tuple(hold),
            method="studio",
            fingerprint=self.fingerprint,
        )


def _margins(result: Entanglement) -> Float[Tensor, "k a"]:
    """Half the 95 % interval of each mean change."""
    draws = resampling(result.num_images, seed=result.seed).float()
    changes = result.changes.float()
    ends = [middle(draws @ own) for own in changes]
    return torch.stack([(high - low) / 2 for low, high in ends]).float()


def _notes(exploration: Exploration) -> tuple[str, ...]:
    result = exploration.entanglement[HELD]
    notes = []
    for doubt, text in DOUBTED.items():
        names = [name for name, own in zip(result.names, result.doubts, strict=True) if own == doubt]
        if names:
            notes.append(text.format(names=named(names)))
    if exploration.judge:
        notes.append(
            f"Selectivity is read by a judge that took no part in finding the directions ({exploration.judge})."
        )
    names = defaultdict(list)
    for name, why in exploration.skipped.items():
        names[why].append(name)
    if names:
        skipped = "; ".join(f"{', '.join(map(quoted, group))} ({why})" for why, group in names.items())
        notes.append(f"No slider: {skipped}.")
    return tuple(notes)

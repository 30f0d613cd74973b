"""What a model's page knows of its directions: steps, what each one changes, how to hold, and the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.directions.holding import Holding
from ganatomy.latents import Direction, Directions, Space

LIMIT = 3.0
"""Steps each way that a slider goes."""

MOST_SIGMA = 2.0
"""Standard deviations of codes that one step goes at most, however little it changes what it is for."""

NUM_ALSO = 3
LITTLE = 0.01
"""A mean change of probability below this is not told."""


@dataclass(frozen=True, kw_only=True)
class Atlas:
    """Where the images of some seeds lie on a map, and what was seen in them.

    Args:
        scores: probabilities, one column for each attribute of the panel.
    """

    seeds: Int[Tensor, " m"]
    xy: Float[Tensor, "m 2"]
    scores: Float[Tensor, "m a"]
    about: str


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one step along each direction changes, moved alone and with all others held.

    Args:
        steps: distance along each direction that changes its own attribute by the target change.
        changes: mean changes of probability, rows are directions. selectivity: value, low and high.
        reached: whether the step reached the target change.
    """

    steps: Float[Tensor, " k"]
    changes: Float[Tensor, "k a"]
    selectivity: Float[Tensor, "k 3"]
    reached: Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """The directions of a model with all that a person needs to trust them.

    Args:
        fingerprint: of the generator. scorer_fingerprint: of who sees the attributes; "" for nobody.
        scorer: one line about who sees them.
        attributes: all that the scorer sees. directions: alone, named after attributes where there is a scorer.
        exclusive: the attributes are classes of which every image has one.
        prevalence: of each direction's attribute. alone, held, holding: None where nobody sees attributes.
        looks: what the scorer's network sees in the images of the seeds from 0, which tells marked images apart.
        target_change: of the probability of its own attribute by one step; 0 where a step is a standard deviation.
        notes: sentences that a reader must know.
    """

    fingerprint: str
    scorer_fingerprint: str
    scorer: str
    attributes: tuple[str, ...]
    directions: Directions
    exclusive: bool = False
    prevalence: Float[Tensor, " k"] | None = None
    alone: Measured | None = None
    held: Measured | None = None
    holding: Holding | None = None
    looks: Float[Tensor, "c f"] | None = None
    atlas: Atlas | None = None
    target_change: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def space(self) -> Space:
        return self.directions.space

    @property
    def names(self) -> list[str]:
        return self.directions.names

    @property
    def usual_way(self) -> Literal["held", "alone"]:
        """How the page first offers directions: with all others held, but for classes, which cannot be held.

        An image is of one class; to hold the chance of all others while that of one grows asks for what cannot be.
        """
        return "alone" if self.exclusive else "held"

    @property
    def usual(self) -> Measured | None:
        return self.alone if self.usual_way == "alone" else self.held

    @cached_property
    def order(self) -> list[int]:
        """The directions, cleanest first: by the low end of the interval, so that luck does not come to the top."""
        if self.usual is None:
            return list(range(len(self.directions)))
        low = self.usual.selectivity[:, 1]
        clean = torch.where(self.usual.reached, low, low - 1e6)
        return clean.nan_to_num(-1e9).argsort(descending=True).tolist()

    def move(self, name: str, hold: Sequence[str]) -> tuple[Direction, float]:
        """The direction that moves one attribute while others are held, and the distance of one step along it.

        Raises:
            UnknownNameError: for a name that is not there.
        """
        k = self.names.index(self.directions[name].name)
        alone = self.directions[k]
        hold = [other for other in hold if other != name]
        if self.alone is None or self.held is None or self.holding is None:
            return alone, alone.sigma
        if not hold:
            return alone, float(self.alone.steps[k])
        found = self.holding.step(name, hold)
        everything = self.holding.step(name, [other for other in self.names if other != name])
        # What was measured with everything else held says how far the evidence about rates is to be believed.
        step = float(self.held.steps[k]) * everything.rate / found.rate
        return self._held(name, found.vector, self.holding), step

    def move_along(self, direction: Direction, hold: Sequence[str]) -> tuple[Direction, float]:
        """A direction that is no part of the panel, bent so that attributes are held, and the distance of one step.

        A step changes what the direction judges by one standard deviation, unless codes that are usual end before.
        """
        vector = direction.vector
        fits = direction.space == self.space and vector.shape == self.directions[0].vector.shape
        if not hold or self.holding is None or not fits:
            return direction, direction.sigma
        found = self.holding.toward(vector / vector.norm(), hold)
        held = self._held(direction.name, found.vector, self.holding)
        return held, min(direction.sigma / found.rate, MOST_SIGMA * held.sigma)

    def _held(self, name: str, vector: Tensor, holding: Holding) -> Direction:
        return Direction(
            name=name,
            vector=vector,
            space=self.space,
            sigma=float((holding.deviations.T.double() @ vector.flatten().double()).norm()),
            method="studio",
            fingerprint=self.fingerprint,
        )

    def data(self, model: str) -> dict[str, Any]:
        """All that the page shows, as JSON."""
        order = self.order
        return {
            "model": model,
            "space": str(self.space),
            "scorer": self.scorer or None,
            "exclusive": self.exclusive,
            "target_change": self.target_change,
            "usual": self.usual_way,
            "directions": [self._direction(k) for k in order],
            "attributes": list(self.attributes),
            "changes": None
            if self.alone is None or self.held is None
            else {
                how: [[round(value, 3) for value in measured.changes[k].tolist()] for k in order]
                for how, measured in (("alone", self.alone), ("held", self.held))
            },
            "map": None if self.atlas is None else _atlas_data(self.atlas, self.attributes),
            "notes": [*self.notes],
        }

    def _direction(self, k: int) -> dict[str, Any]:
        name, known = self.names[k], self.alone is not None and self.held is not None
        also: list[dict[str, Any]] = []
        if self.usual is not None:
            changed = {
                other: float(self.usual.changes[k, column])
                for column, other in enumerate(self.attributes)
                if other != name and abs(float(self.usual.changes[k, column])) >= LITTLE
            }
            most = sorted(changed, key=lambda other: -abs(changed[other]))[:NUM_ALSO]
            also = [{"name": other, "change": round(changed[other], 3)} for other in most]
        auc = self.directions[k].auc
        return {
            "name": name,
            "selectivity": None
            if not known
            else {
                how: [number(value) for value in measured.selectivity[k].tolist()]
                for how, measured in (("alone", self.alone), ("held", self.held))
                if measured is not None
            },
            "auc": number(auc),
            "prevalence": None if self.prevalence is None else number(float(self.prevalence[k])),
            "reached": self.usual is None or bool(self.usual.reached[k]),
            "also": also,
            "limit": LIMIT,
        }


def _atlas_data(atlas: Atlas, attributes: Sequence[str]) -> dict[str, Any]:
    return {
        "seeds": atlas.seeds.tolist(),
        "x": [round(value, 4) for value in atlas.xy[:, 0].tolist()],
        "y": [round(value, 4) for value in atlas.xy[:, 1].tolist()],
        "about": atlas.about,
        "scores": {
            name: atlas.scores[:, column].mul(100).round().int().tolist()
            for column, name in enumerate(attributes)
        },
    }


def number(value: float) -> float | None:
    """A number for JSON, which has none that is not finite."""
    return round(value, 4) if abs(value) < float("inf") else None

"""Images that are edited by one step along each direction, and what a scorer and a judge read in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.edits import move
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.studies.bias.changes import Change, Kind, Trait, position
from ganatomy.latents import Direction, Latents
from ganatomy.perception.base import Scorer, check_names, fingerprint_of
from ganatomy.statistics.latent import Integers, Marginal, Numbers
from ganatomy.surveys import Survey
from ganatomy.workers import read_images

STEP: Mapping[Kind, float] = {Kind.ATTRIBUTE: 0.25, Kind.FACTOR: 1.0, Kind.POSITION: 1.0}
"""The mean change of A that a step is to make, in its units."""
ENOUGH = 0.4
"""An A that no step changes by this share of it is left out: a rate by so little says nothing."""
FARTHEST = 6.0
"""The longest step, in standard deviations of codes along the direction."""
NUM_CALIBRATION, NUM_ROUNDS, NEAR = 96, 6, 0.1
"""Images in which the step is found, tries, and the share by which it may miss."""
NUM_RESAMPLES = 20
"""Draws of the survey, to see how far distributions are those of its rows."""
NUM_AGAIN = 64
"""Images that are edited along directions that were found again."""
JUDGED = "judge: "
"""What the columns of a judge begin with."""


class JointScorer(Scorer):
    """A scorer and a judge of the same images, whose names begin with `JUDGED`."""

    def __init__(self, scorer: Scorer, judge: Scorer | None) -> None:
        self.parts = (scorer,) if judge is None else (scorer, judge)
        self.names = check_names(
            prefix + name for prefix, it in zip(("", JUDGED), self.parts, strict=False) for name in it.names
        )
        self.fingerprint = fingerprint_of("joint", *(it.fingerprint for it in self.parts))
        self.description = " and ".join(it.description for it in self.parts)

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        return torch.cat([it.score(images, latents=latents, start=start).logits for it in self.parts], dim=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Edited:
    """One A: its codes after the step, what was read in all images, and in some along directions found again."""

    change: Change
    sigmas: float
    after: Latents
    read: Numbers
    positions: Numbers
    again: tuple[tuple[Numbers, Numbers], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Workbench:
    """The survey and the images that are edited."""

    experiment: Experiment
    reader: JointScorer
    survey: Survey
    codes: Latents

    @cached_property
    def resamples(self) -> list[Integers]:
        """Rows of the survey, drawn with replacement."""
        rng, n = np.random.default_rng(self.experiment.seed), len(self.survey)
        return [rng.integers(0, n, n) for _ in range(NUM_RESAMPLES)]

    @cached_property
    def before(self) -> Numbers:
        """What is read in the unedited images."""
        return self.read(self.codes)

    def read(self, latents: Latents, scorer: Scorer | None = None) -> Numbers:
        """What is read in the images of these codes."""
        experiment, scorer = self.experiment, scorer or self.reader
        [logits] = read_images(experiment.generator, latents, scorer, batch_size=experiment.batch_size)
        return logits.double().numpy()

    def trait(
        self,
        name: str,
        kind: Kind,
        direction: Direction | None = None,
        *,
        rows: Integers | slice = slice(None),
    ) -> Trait:
        """How a column of the survey, or the positions of its codes, is distributed, in some of its rows."""
        if kind is Kind.POSITION:
            assert direction is not None
            values = position(self.survey.latents, direction).cpu().double().numpy()
        else:
            values = self.survey.scores.column(name).cpu().double().numpy()
        return Trait(name=name, kind=kind, marginal=Marginal.of(values[rows]))

    def edit(self, change: Change, *, refits: int) -> Edited | str:
        """One step along the direction of A; why not, where nothing moves A far enough."""
        sigmas, achieved = self.step(change)
        if abs(achieved) < ENOUGH * STEP[change.kind]:
            return (
                f"no step of up to {FARTHEST:g} sigma changes it by {ENOUGH * STEP[change.kind]:g} "
                f"(at most {abs(achieved):.2g}), so its effect on others cannot be told"
            )
        after = move(self.codes, change.direction, sigmas, units="sigma")
        again = []
        if change.again is not None:
            few = self.codes[: min(NUM_AGAIN, len(self.codes))]
            for number in range(refits):
                moved = move(few, change.again(number), sigmas, units="sigma")
                again.append((self.read(moved), position(moved, change.direction).double().numpy()))
        return Edited(
            change=change,
            sigmas=sigmas,
            after=after,
            read=self.read(after),
            positions=position(after, change.direction).cpu().double().numpy(),
            again=tuple(again),
        )

    def step(self, change: Change) -> tuple[float, float]:
        """The step that changes A as `STEP` says, in sigma, and the mean change that it makes in some images.

        A is taken away where most images have it.
        """
        wanted = STEP[change.kind]
        if change.kind is Kind.POSITION:
            return wanted, wanted
        trait = self.trait(change.name, change.kind)
        few, scorer = self.codes[:NUM_CALIBRATION], self.reader.select([change.name])
        column = self.reader.names.index(change.name)
        was = trait.amounts(self.before[: len(few), column])
        sign = -1.0 if change.kind is Kind.ATTRIBUTE and was.mean() > 0.5 else 1.0

        def changed(sigmas: float) -> float:
            moved = move(few, change.direction, sign * sigmas, units="sigma")
            return sign * float((trait.amounts(self.read(moved, scorer)[:, 0]) - was).mean())

        low, high = (0.0, 0.0), (1.0, changed(1.0))
        while high[1] < wanted and high[0] < FARTHEST:
            low, high = high, (min(2 * high[0], FARTHEST), changed(min(2 * high[0], FARTHEST)))
        best = high
        for round_ in range(NUM_ROUNDS):
            if abs(best[1] - wanted) <= NEAR * wanted or high[1] < wanted:
                break
            share = 0.5 if round_ % 2 else (wanted - low[1]) / (high[1] - low[1])
            middle = low[0] + share * (high[0] - low[0])
            best = (middle, changed(middle))
            low, high = (low, best) if best[1] >= wanted else (best, high)
        return sign * best[0], sign * best[1]

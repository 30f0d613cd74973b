"""What edits change in images: the same images and the same look at them for every contestant."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.experiments.compare.features import Eyes
from ganatomy.experiments.compare.truth import Truth
from ganatomy.generators.base import Generator, batches
from ganatomy.generators.latent_distribution import LatentDistribution, latent_distribution
from ganatomy.guidance import GuidedSettings, guided
from ganatomy.latents import Directions, Latents
from ganatomy.metrics.calibration import Trials, find_strengths, shift_for
from ganatomy.metrics.entanglement import unit_steps
from ganatomy.perception.base import Scorer

CALIBRATED_ON = 12
"""Images in which the length of a step is looked for."""

GUIDED_AT_ONCE = 24
"""Images that are led at a time."""

Advance = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What was seen in n images; what nobody can see has no columns."""

    logits: Float[Tensor, "n a"]
    factors: Float[Tensor, "n f"]
    identity: Float[Tensor, "n i"]
    look: Float[Tensor, "n p"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Edits:
    """Edited codes: those of each attribute.

    Args:
        turns: -1 where most images have the attribute, so that it is taken away.
        seconds: for each attribute, what it took to edit all images, images included.
    """

    latents: tuple[Latents, ...]
    turns: Float[Tensor, " k"]
    seconds: Float[Tensor, " k"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Effects:
    """What edits did, in each of n images for each of k attributes.

    Args:
        changes: of the probability of every attribute, turned: above 0 is where it was meant to go.
        factors: changes of what truth reads, turned as well. identity: cosine of features before and after, around
            the mean of the images as they were. perceptual: distance. No columns where they do not apply.
        seconds: for each attribute, as in `Edits`.
    """

    changes: Float[Tensor, "k n a"]
    factors: Float[Tensor, "k n f"]
    identity: Float[Tensor, "k n i"]
    perceptual: Float[Tensor, "k n p"]
    seconds: Float[Tensor, " k"]

    def subset(self, attributes: slice, images: slice) -> Effects:
        """The changes of some edits in some images."""
        return Effects(
            changes=self.changes[attributes, images],
            factors=self.factors[attributes, images],
            identity=self.identity[attributes, images],
            perceptual=self.perceptual[attributes, images],
            seconds=self.seconds[attributes],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Judge:
    """The images that are edited, and who looks at them.

    Args:
        scorer: sees the attributes that are compared. eye: the same with gradients, None where there are none.
        n, seed: of the images. space: that guided edits move codes in.
        without_gradients: directions along which guided edits try steps where gradients do not flow.
    """

    generator: Generator
    scorer: Scorer
    eye: Scorer | None
    truth: Truth | None
    eyes: Eyes
    n: int
    seed: int
    space: str
    truncation_psi: float
    batch_size: int
    without_gradients: Directions | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.scorer.names)

    def codes(self, space: str) -> Latents:
        """The codes of the images in a space."""
        with torch.no_grad():
            return self.generator.sample(
                self.n, seed=self.seed, space=space, truncation_psi=self.truncation_psi
            )

    @cached_property
    def before(self) -> Seen:
        return self.look(self.codes(self.space))

    @cached_property
    def distribution(self) -> LatentDistribution:
        return latent_distribution(self.generator, self.space)

    @torch.no_grad()
    def look(self, latents: Latents) -> Seen:
        """Generate these codes and see everything in their images."""
        rows: list[tuple[Tensor, ...]] = []
        for part in batches(latents, self.batch_size):
            images = self.generator(part).clamp(-1, 1)
            nothing = images.new_zeros(len(part), 0)
            rows.append(
                (
                    self.scorer.score(images, latents=part).logits,
                    self.truth.scorer.score(images, latents=part).logits if self.truth else nothing,
                    self.eyes.identity(images) if self.eyes.identity else nothing,
                    self.eyes.look(images) if self.eyes.look else nothing,
                )
            )
        logits, factors, identity, look = (
            torch.cat(column).float().cpu() for column in zip(*rows, strict=True)
        )
        return Seen(logits=logits, factors=factors, identity=identity, look=look)

    @torch.no_grad()
    def step(self, directions: Directions, change: float, *, progress: Advance | None = None) -> Edits:
        """One step along each direction, by which the mean probability of its attribute changes by `change`."""
        latents, steps = unit_steps(self.codes(directions.space), directions, "none")
        trials = Trials(
            self.generator,
            self.scorer,
            None,
            latents,
            steps,
            batch_size=self.batch_size,
            expected=3 * CALIBRATED_ON * len(directions),
            progress=progress,
        )
        targets = torch.tensor([self.names.index(direction.name) for direction in directions])
        strengths = find_strengths(
            trials,
            self.before.logits[:, targets],
            targets,
            slopes=torch.tensor([direction.slope for direction in directions]),
            sigmas=torch.tensor([direction.sigma for direction in directions]),
            target_change=change,
            num_calibration=min(self.n, CALIBRATED_ON),
        )
        moved = tuple(
            latents.with_codes(latents.codes + float(strength) * step.to(latents.codes))
            for strength, step in zip(strengths, steps, strict=True)
        )
        turns = strengths.sign()
        return Edits(
            latents=moved, turns=torch.where(turns == 0, 1.0, turns), seconds=torch.zeros(len(moved))
        )

    def lead(
        self,
        change: float,
        *,
        hold: bool,
        names: tuple[str, ...] | None = None,
        progress: Advance | None = None,
    ) -> Edits:
        """Guided edits: the logit of every image shifted by as much as makes the mean probability change so.

        Args:
            hold: all other attributes. names: to edit, by default all.
        """
        latents, names = self.codes(self.space), names or self.names
        moved, turns, seconds = [], [], []
        for done, name in enumerate(names):
            own = self.before.logits[:, [self.names.index(name)]]
            turn = -1.0 if float(torch.sigmoid(own).mean()) > 0.5 else 1.0
            start = time.perf_counter()
            found = guided(
                self.generator,
                self.eye or self.scorer,
                latents,
                {name: float(shift_for(own, torch.tensor([turn * change])))},
                units="shift",
                hold="all" if hold else (),
                settings=GuidedSettings(distribution=self.distribution),
                directions=None if self.eye else self.without_gradients,
                batch_size=GUIDED_AT_ONCE,
            )
            seconds.append(time.perf_counter() - start)
            moved.append(found.latents)
            turns.append(turn)
            if progress:
                progress(done + 1, len(names))
        return Edits(latents=tuple(moved), turns=torch.tensor(turns), seconds=torch.tensor(seconds))

    def effects(self, edits: Edits) -> Effects:
        """What these edits of the first images did."""
        before = self.before
        changes, factors, identity, perceptual, seconds = [], [], [], [], []
        for latents, turn in zip(edits.latents, edits.turns, strict=True):
            start = time.perf_counter()
            after = self.look(latents)
            seconds.append(time.perf_counter() - start)
            rows = slice(len(latents))
            changes.append(turn * (torch.sigmoid(after.logits) - torch.sigmoid(before.logits[rows])))
            factors.append(turn * (after.factors - before.factors[rows]))
            perceptual.append((after.look - before.look[rows]).square().sum(1, keepdim=True))
            mean = before.identity.mean(0)
            cosine = torch.cosine_similarity(after.identity - mean, before.identity[rows] - mean)
            identity.append(cosine[:, None])
        return Effects(
            changes=torch.stack(changes),
            factors=torch.stack(factors),
            identity=torch.stack(identity) if self.eyes.identity else torch.zeros(len(changes), self.n, 0),
            perceptual=torch.stack(perceptual) if self.eyes.look else torch.zeros(len(changes), self.n, 0),
            # A step costs no more than the images that it ends in; guided edits have looked at theirs already.
            seconds=torch.where(edits.seconds > 0, edits.seconds, torch.tensor(seconds)),
        )

    def first(self, n: int) -> Judge:
        """The same for the first images only."""
        return replace(self, n=min(n, self.n))

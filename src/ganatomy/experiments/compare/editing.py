"""The stages of a comparison: every method finds its directions, and edits the same fresh images."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions import regression
from ganatomy.errors import GanatomyError, SettingError
from ganatomy.experiments.compare.budget import Budget, Found
from ganatomy.experiments.compare.contestants import Contestant
from ganatomy.generators.base import Generator
from ganatomy.generators.latent_distribution import LatentDistribution, latent_distribution
from ganatomy.guidance import GuidedSettings, guided
from ganatomy.latents import Directions, Latents
from ganatomy.metrics.calibration import shift_for
from ganatomy.metrics.entanglement import Entanglement, measure_edits
from ganatomy.metrics.fresh_images import Edits, FreshImages, Readers
from ganatomy.perception.base import Scorer
from ganatomy.progress import Advance, part_of
from ganatomy.workers import workers


def find(
    budget: Budget, contestants: Mapping[str, Contestant], *, required: Iterable[str] = (), advance: Advance
) -> tuple[dict[str, Found], dict[str, str]]:
    """What each method found, and why others are left out; errors of the required ones are raised.

    Raises:
        SettingError: when no method applies.
    """
    found: dict[str, Found] = {}
    left_out: dict[str, str] = {}
    for done, (name, contestant) in enumerate(contestants.items()):
        advance(done, len(contestants))
        start = time.perf_counter()
        try:
            own = contestant.find(budget)
        except GanatomyError as error:
            if name in required:
                raise
            left_out[name] = str(error)
            continue
        found[name] = own if own.directions is None else replace(own, seconds=time.perf_counter() - start)
    advance(len(contestants), len(contestants))
    if not found:
        reasons = "; ".join(f"{name}: {why}" for name, why in left_out.items())
        raise SettingError(f"no method applies here: {reasons}")
    return found, left_out


@dataclass(frozen=True, kw_only=True, eq=False)
class Editor:
    """Edits the same fresh images by any method, and measures what changed.

    Args:
        images: that no method has learnt from.
        scorer: that guided edits follow.
        fallback: directions along which guided edits try steps where no gradients flow; None where they do.
    """

    images: FreshImages
    scorer: Scorer
    fallback: Directions | None

    @classmethod
    def of(cls, budget: Budget, readers: Readers, *, n: int) -> Editor:
        """An editor of `n` images of the seed after that of the survey."""
        experiment, scorer = budget.experiment, budget.differentiable
        model = regression(budget.survey, budget.names, seed=budget.seed)
        images = FreshImages(
            generator=experiment.generator,
            readers=readers,
            n=n,
            seed=budget.seed + 1,
            space=budget.survey.space,
            truncation_psi=experiment.truncation_psi,
            batch_size=experiment.batch_size,
            model=model,
        )
        fallback = None if scorer else model
        return cls(images=images, scorer=scorer or experiment.image_scorer, fallback=fallback)

    @property
    def guided_by(self) -> str:
        """What guided edits follow, in words."""
        return (
            "gradients" if self.fallback is None else "finite differences along the directions of regression"
        )

    @cached_property
    def distribution(self) -> LatentDistribution:
        return latent_distribution(self.images.generator, self.images.space)

    def first(self, n: int) -> Editor:
        """The same for the first of the images."""
        return replace(self, images=self.images.first(n))

    def edit(
        self,
        contestant: Contestant,
        directions: Directions | None,
        change: float,
        *,
        names: Sequence[str],
        advance: Advance | None = None,
    ) -> tuple[Edits, Entanglement]:
        """Change the mean probability of each of these attributes by `change`, and measure what else changes."""
        edits = (
            self._guided(names, change, hold=contestant.holds, advance=advance)
            if directions is None
            else self.images.step(directions.select(names), change, advance=advance)
        )
        return replace(edits, readings=None), measure_edits(self.images, edits, change)

    def _guided(self, names: Sequence[str], change: float, *, hold: bool, advance: Advance | None) -> Edits:
        """Guided edits: the logit of each image is shifted by what changes the mean probability so."""
        latents, goals, signs = self.images.codes(), [], []
        for name in names:
            own = self.images.before.logits[:, [self.scorer.names.index(name)]]
            sign = -1.0 if float(torch.sigmoid(own).mean()) > 0.5 else 1.0
            goals.append({name: float(shift_for(own, torch.tensor([sign * change])))})
            signs.append(sign)
        work = partial(
            _shifted,
            self.images.generator,
            self.scorer,
            latents,
            hold="all" if hold else (),
            settings=GuidedSettings(distribution=self.distribution),
            directions=self.fallback,
        )
        edited, seconds = [], []
        for found, took in workers().map(work, goals):
            edited.append(found)
            seconds.append(took)
            part_of(advance, len(edited) - 1, len(names))(1, 1)
        return Edits(
            names=tuple(names),
            latents=tuple(edited),
            strengths=torch.tensor(signs),
            seconds=torch.tensor(seconds),
        )


def _shifted(
    generator: Generator, scorer: Scorer, latents: Latents, goal: Mapping[str, float], **settings: Any
) -> Iterator[tuple[Latents, float]]:
    """Guided edits whose logits are shifted so far, and the seconds that they took."""
    start = time.perf_counter()
    found = guided(
        generator,
        scorer,
        generator.place(latents),
        goal,
        units="shift",
        **settings,
    )
    yield found.latents, time.perf_counter() - start


@dataclass(frozen=True, kw_only=True, eq=False)
class MethodResult:
    """What one method did.

    Args:
        contestant: its line of the table.
        found: what it found.
        along: where held-out codes lie along its directions; None without directions.
        edits: its edits of the fresh images.
        changes: what these changed.
    """

    contestant: Contestant
    found: Found
    along: Float[Tensor, "m k"] | None
    edits: Edits
    changes: Entanglement

    @property
    def seconds_per_edit(self) -> float:
        """To edit one image for one attribute."""
        assert self.changes.seconds is not None
        return float(self.changes.seconds.mean()) / self.changes.num_images

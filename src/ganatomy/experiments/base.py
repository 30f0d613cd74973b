"""What every experiment starts from: a generator, who sees its images, and how codes are drawn."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Concatenate, ParamSpec, Self, TypeVar

import torch

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import images_at_once
from ganatomy.latents import Latents, Space
from ganatomy.perception.base import Scorer
from ganatomy.perception.judging import Judge
from ganatomy.progress import Advance, Clock, Progress
from ganatomy.surveys import Survey, differentiate, gradients_flow, survey
from ganatomy.workers import Executor, work_on

NUM_DIFFERENTIATED = 128
"""Images whose gradients methods may learn from."""

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Experiment:
    """A generator with the classifier that sees its images, and how codes are drawn; all experiments take one.

    Args:
        generator: makes the images.
        scorer: attribute classifier; None for experiments that need none.
        judge: takes no part in finding, optimising or stopping, and reads the same edited images again.
        space: "z", "w", "w+" or "s"; None for the one that suits the experiment.
        seed: of the codes that methods learn from; codes to measure on are drawn with the next one.
        truncation_psi: of codes in w; 1 is none.
        batch_size: images that are made at a time; by default as many as suit their size and the device.
        executor: makes the images and reads them, such as `LocalProcesses` or `RayCluster`; by default those of the
            enclosing `work_on`, else this process.
        progress: called with (stage, done, total).

    Raises:
        SettingError: for a batch size below 1, and for a judge that is the scorer or part of what optimisers follow, or
            that shares no attribute with the scorer.
        SpaceError: for a space that does not exist.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(w_dim=16, seed=0)
        >>> experiment = ga.Experiment(toy, OracleScorer(toy), seed=3)
        >>> str(experiment.editing_space)
        'w'
    """

    generator: Generator
    scorer: Scorer | None = None
    judge: Judge | None = field(default=None, kw_only=True)
    space: Space | str | None = field(default=None, kw_only=True)
    seed: int = field(default=0, kw_only=True)
    truncation_psi: float = field(default=1.0, kw_only=True)
    batch_size: int | None = field(default=None, kw_only=True)
    executor: Executor | None = field(default=None, kw_only=True)
    progress: Progress | None = field(default=None, kw_only=True)
    clock: Clock = field(init=False, repr=False)
    """Seconds of each stage so far."""

    def __post_init__(self) -> None:
        images_at_once(self.generator, self.batch_size)
        if self.space is not None:
            object.__setattr__(self, "space", Space.parse(self.space))
        if self.judge is not None and self.scorer is not None:
            self.judge.require_independent(self.scorer, self.scorer.target())
            self.judge.require_shared(self.scorer)
        object.__setattr__(self, "clock", Clock(progress=self.progress))

    def begin(self, space: Space | str | None = None) -> Self:
        """The same experiment with a clock of its own: what is done with it adds no seconds to those of another.

        Args:
            space: to work in, unless the experiment names one already.

        Returns:
            An experiment whose clock stands at zero.

        Raises:
            SpaceError: for a space that does not exist.

        Example:
            >>> import ganatomy as ga
            >>> ga.Experiment(ga.ToyGenerator()).begin("z").space
            <Space.Z: 'z'>
        """
        return replace(self, space=self.space or space)

    @contextmanager
    def at_work(self) -> Iterator[Self]:
        """The same experiment with workers that stay for all that is done with it in the block."""
        with work_on(self.executor):
            yield self if self.executor is None else replace(self, executor=None)

    @property
    def editing_space(self) -> Space:
        """The space that was asked for, else w where the generator has it, else z."""
        if self.space is not None:
            return Space.parse(self.space)
        return Space.W if Space.W in self.generator.signature.spaces else Space.Z

    @property
    def image_scorer(self) -> Scorer:
        """The scorer, which must be able to score new images.

        Raises:
            SettingError: without a scorer.
            ScoreError: for a table of labels.
        """
        if self.scorer is None:
            raise SettingError("this needs an attribute classifier; give a scorer")
        self.scorer.require_images()
        return self.scorer

    def stage(self, name: str) -> AbstractContextManager[Advance]:
        """Time a stage; yields the function that its work calls with (done, total)."""
        return self.clock.stage(name)

    def psi(self, space: Space | str) -> float:
        """The truncation of codes in a space; codes in z have none."""
        return 1.0 if Space.parse(space) == Space.Z else self.truncation_psi

    def sample(self, n: int, *, space: Space | str | None = None, offset: int = 1) -> Latents:
        """Draw codes that no method has learnt from.

        Args:
            n: codes.
            space: by default the editing space.
            offset: added to the seed; the survey has 0.

        Returns:
            `n` codes.
        """
        space = self.editing_space if space is None else space
        with torch.no_grad():
            return self.generator.sample(
                n, seed=self.seed + offset, space=space, truncation_psi=self.psi(space)
            )

    def survey(
        self,
        n: int,
        *,
        space: Space | str | None = None,
        folder: str | os.PathLike[str] | None = None,
        stage: str = "survey",
    ) -> Survey:
        """Draw `n` codes and score their images.

        Args:
            n: codes.
            space: of the codes to keep, by default the editing space.
            folder: where to keep the survey; one that was stopped goes on where it was.
            stage: name under which time and progress are reported.

        Returns:
            The survey.

        Raises:
            SettingError, SpaceError, ScoreError, OutputError: as `surveys.survey` says.
        """
        space = self.editing_space if space is None else space
        with self.stage(stage) as advance:
            return survey(
                self.generator,
                self.image_scorer,
                n=n,
                space=space,
                seed=self.seed,
                folder=folder,
                batch_size=self.batch_size,
                truncation_psi=self.psi(space),
                executor=self.executor,
                progress=advance,
            )

    def differentiable(self, latents: Latents) -> Scorer | None:
        """The scorer, or its equivalent in PyTorch, if gradients flow from its logits to these codes."""
        try:
            found = self.image_scorer.differentiable()
        except (
            SettingError,
            CheckpointError,
        ):  # a converter that is not installed, or does not know the network
            return None
        return found if gradients_flow(self.generator, found, latents) else None

    def with_jacobians(
        self, seen: Survey, attributes: Sequence[str], *, n: int = NUM_DIFFERENTIATED
    ) -> tuple[Survey, Scorer | None]:
        """The survey with the Jacobians of its first `n` codes, and the differentiable scorer.

        Where no gradients flow, the survey comes back as it is, with None.
        """
        scorer = self.differentiable(seen[:1].latents)
        if scorer is None:
            return seen, None
        with self.stage("gradients") as advance:
            seen = differentiate(
                seen,
                self.generator,
                scorer,
                n=min(n, len(seen)),
                attributes=attributes,
                batch_size=self.batch_size,
                progress=advance,
            )
        return seen, scorer


def on_workers(
    run: Callable[Concatenate[Experiment, P], R],
) -> Callable[Concatenate[Experiment, P], R]:
    """Let the workers of an experiment start once for all that a function does with it."""

    @wraps(run)
    def with_workers(experiment: Experiment, *args: P.args, **kwargs: P.kwargs) -> R:
        with experiment.at_work() as working:
            return run(working, *args, **kwargs)

    return with_workers

"""What measures are given: an experiment, and what several measures need, made once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.datasets.correlations import LabelCorrelations
from ganatomy.datasets.references import Reference
from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import images_at_once
from ganatomy.latents import Direction, Directions, Latents, Space
from ganatomy.metrics.base import Result
from ganatomy.metrics.edited import STRENGTHS, EditedSet, edited_set
from ganatomy.perception.base import Scorer
from ganatomy.perception.features import Features
from ganatomy.perception.judging import Judge
from ganatomy.perception.perceptual import PerceptualDistance
from ganatomy.progress import Advance
from ganatomy.surveys import Survey, choose
from ganatomy.workers import read_images

T = TypeVar("T")
R = TypeVar("R", bound=Result)
Finder = Callable[[Survey, Sequence[str] | None], Directions]
"""Finds directions of these attributes (None for all) in a survey, as `directions.find` does."""
Need = Literal["scorer", "data", "pairs"]
"""What a measure takes beside a generator: a classifier, real images, or images with their targets."""
FEWEST_CODES = 5
"""Codes that are edited at least, whatever the budget."""
BALANCED = 0.2
"""A direction is preferred if both classes of its attribute have this share of the images: edits change many then."""
NUM_ATTRIBUTES = 4
"""Attributes that are edited by default, as many as Tronchon and Cadiou edited."""


@runtime_checkable
class Sampled(Protocol):
    """What measures use of an `Experiment`, which lies in a layer above them."""

    @property
    def generator(self) -> Generator: ...
    @property
    def space(self) -> Space | str | None: ...
    @property
    def seed(self) -> int: ...
    @property
    def batch_size(self) -> int | None: ...
    @property
    def scorer(self) -> Scorer | None: ...
    @property
    def judge(self) -> Judge | None: ...
    def psi(self, space: Space | str) -> float: ...
    def sample(self, n: int, *, space: Space | str | None = None, offset: int = 1) -> Latents: ...
    def survey(self, n: int, *, space: Space | str | None = None, stage: str = "survey") -> Survey: ...
    def stage(self, name: str) -> AbstractContextManager[Advance]: ...


@dataclass(frozen=True, eq=False)
class SharedInputs:
    """An experiment with the settings that measures share; what several measures need is made once.

    Args:
        n: images that one measure may generate.
        attributes: to measure; by default those that directions are found of.
    """

    experiment: Sampled
    n: int
    find: Finder
    perceptual: PerceptualDistance
    features: Features
    attributes: tuple[str, ...] | None = None
    correlations: LabelCorrelations | None = None
    data: Reference | None = None
    _made: dict[tuple[str, ...], Any] = field(default_factory=dict)

    @property
    def spaces(self) -> tuple[str, ...]:
        """The space of the experiment; by default z, and w where the generator has it."""
        if self.experiment.space is not None:
            return (str(self.experiment.space),)
        return tuple(space for space in ("z", "w") if space in self.experiment.generator.signature.spaces)

    @property
    def scorer(self) -> Scorer:
        """The scorer.

        Raises:
            SettingError: without a scorer.
        """
        if self.experiment.scorer is None:
            raise SettingError("this measure needs an attribute classifier; give a scorer")
        return self.experiment.scorer

    @property
    def real(self) -> Reference:
        """The real images.

        Raises:
            SettingError: without real images.
        """
        if self.data is None:
            raise SettingError("this measure compares with real images; give a folder of them")
        return self.data

    def survey(self, space: str) -> Survey:
        """`n` codes with the scores of their images."""
        return self._once(
            ("survey", space), lambda: self.experiment.survey(self.n, space=space, stage=f"survey in {space}")
        )

    def directions(self, space: str) -> Directions:
        """Directions of the attributes, found in the survey.

        Where some attributes were chosen, a method that sets directions against each other is still given all that are
        measured.
        """

        def make() -> Directions:
            seen = self.survey(space)
            if self.attributes is None:
                return self.find(seen, None)
            return self.find(seen, choose(seen, self.attributes).measured).select(self.attributes)

        return self._once(("directions", space), make)

    @property
    def edited_attributes(self) -> tuple[str, ...]:
        """The chosen attributes; by default a few of which all spaces have directions, the most accurate first."""
        if self.attributes:
            return self.attributes
        *_, last = self.spaces
        others = [self.directions(space).names for space in self.spaces]
        common = [d for d in self.directions(last) if all(d.name in names for names in others)]
        return tuple(readable(common, self.survey(last).prevalence)[:NUM_ATTRIBUTES])

    def edited(self, space: str) -> EditedSet:
        """Images edited along a few directions, as many codes as `n` allows; the same codes in all spaces."""

        def make() -> EditedSet:
            chosen = self.directions(space).select(self.edited_attributes)
            with self.experiment.stage(f"editing in {space}") as advance:
                return edited_set(
                    self.experiment.generator,
                    self.scorer,
                    chosen,
                    codes=max(FEWEST_CODES, self.n // (len(STRENGTHS) * len(chosen))),
                    seed=self.experiment.seed + 1,
                    truncation_psi=self.experiment.psi(space),
                    batch_size=self.experiment.batch_size,
                    progress=advance,
                )

        return self._once(("edited", space), make)

    def compared(self, compare: Callable[..., R], *, most_real: int | None = None) -> R:
        """A comparison of the features of `n` generated images with those of real images.

        Args:
            compare: takes both features, their description and a seed.
            most_real: real images to use; by default `n`.
        """
        return compare(
            self.fake_features(),
            self.real_features(most_real),
            features=self.features.description,
            seed=self.experiment.seed,
        )

    def fake_features(self) -> Float[Tensor, "n f"]:
        """Features of `n` generated images."""

        def make() -> Tensor:
            latents = self.experiment.sample(self.n, space=self.spaces[-1], offset=2)
            with self.experiment.stage("generating") as advance:
                [rows] = read_images(
                    self.experiment.generator,
                    latents,
                    self.features,
                    batch_size=self.experiment.batch_size,
                    progress=advance,
                )
            return rows

        return self._once(("fake",), make)

    def real_features(self, most: int | None = None) -> Float[Tensor, "m f"]:
        """Features of the first real images.

        Args:
            most: images to use; by default `n`.
        """
        num = min(len(self.real), most or self.n)

        def make() -> Tensor:
            rows, size = [], images_at_once(self.experiment.generator, self.experiment.batch_size)
            with torch.no_grad(), self.experiment.stage("reading real images") as advance:
                for part in torch.arange(num).split(size):
                    rows.append(self.features(self.real.read(part)).cpu())
                    advance(int(part[-1]) + 1, num)
            return torch.cat(rows)

        return self._once(("real", str(num)), make)

    def _once(self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


@dataclass(frozen=True)
class Measure:
    """A line of the table of measures, taken with default settings.

    Args:
        result: class of the results, which knows unit and direction.
        run: gives results by label, such as the space that they are of; a single result has the label "".
        needs: what it takes beside a generator.
    """

    summary: str
    result: type[Result]
    run: Callable[[SharedInputs], Mapping[str, Result]]
    needs: tuple[Need, ...] = ()


def readable(directions: Iterable[Direction], prevalence: Mapping[str, float]) -> list[str]:
    """The names of directions by held-out AUC, the best first; rare or very common attributes come last."""

    def rank(direction: Direction) -> tuple[bool, float]:
        share = prevalence[direction.name]
        return min(share, 1 - share) < BALANCED, -direction.auc

    return [direction.name for direction in sorted(directions, key=rank)]

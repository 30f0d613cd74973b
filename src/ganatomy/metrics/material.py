"""What there is to measure: a generator, who sees its images, and what several measures need, made once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.datasets.correlations import LabelCorrelations
from ganatomy.datasets.references import Reference
from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator, batches
from ganatomy.latents import Direction, Directions
from ganatomy.metrics.base import Result
from ganatomy.metrics.edited import STRENGTHS, EditedSet, edited_set
from ganatomy.perception.base import Scorer
from ganatomy.perception.features import Features
from ganatomy.perception.perceptual import PerceptualDistance
from ganatomy.surveys import Survey, survey

T = TypeVar("T")
Finder = Callable[[Survey, Sequence[str] | None], Directions]
"""A way to find directions of these attributes (None for all) in a survey; `directions.find` is one."""
Need = Literal["scorer", "data", "pairs"]
"""Beside a generator: who sees attributes, real images, images that should repeat others."""
FEWEST_CODES = 5
"""Images that are edited at least, whatever the budget."""
BALANCED = 0.2
"""Of two classes that are this large at least, an edit changes many images, whichever way it goes."""
NUM_ATTRIBUTES = 4
"""Attributes that are edited where nobody chose any; Tronchon and Cadiou took as many."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A line of the table: what is measured, what that takes, and how it is done with everything at its default.

    Args:
        result: its class, which knows unit and direction.
        run: from material to results by label, such as the space that they are of; one alone has the label "".
    """

    summary: str
    result: type[Result]
    run: Callable[[Material], Mapping[str, Result]]
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """A generator and what is known about its images; what several measures need is made once.

    Args:
        scorer: None where nobody sees attributes. find: finds directions, which measures themselves do not.
        n: images that one measure may make. seed: of their codes.
        attributes: to look at; by default those that the finder can use.
        correlations: of the labels of the data. data: real images.
        progress: told the stage, how many images are done, and of how many.
    """

    generator: Generator
    scorer: Scorer | None
    find: Finder
    n: int
    seed: int
    perceptual: PerceptualDistance
    features: Features
    attributes: tuple[str, ...] | None = None
    correlations: LabelCorrelations | None = None
    data: Reference | None = None
    truncation_psi: float = 1.0
    batch_size: int = 32
    progress: Callable[[str, int, int], None] | None = None
    _made: dict[tuple[str, ...], Any] = field(default_factory=dict)

    @property
    def spaces(self) -> tuple[str, ...]:
        """z, and w where there is one."""
        return tuple(space for space in ("z", "w") if space in self.generator.signature.spaces)

    @property
    def editing_space(self) -> str:
        """W where there is one, else z."""
        return self.spaces[-1]

    @property
    def sees(self) -> Scorer:
        """The scorer; raises SettingError where there is none."""
        if self.scorer is None:
            raise SettingError("this measure needs a scorer of attributes; give one")
        return self.scorer

    @property
    def real(self) -> Reference:
        """The real images; raises SettingError where there are none."""
        if self.data is None:
            raise SettingError("this measure needs real images to compare with; give a folder of them")
        return self.data

    def psi(self, space: str) -> float:
        """Truncation in a space; codes in z have none."""
        return 1.0 if space == "z" else self.truncation_psi

    def advance(self, stage: str) -> Callable[[int, int], None] | None:
        """The progress of one stage."""
        report = self.progress
        return None if report is None else lambda done, total: report(stage, done, total)

    def survey(self, space: str) -> Survey:
        """N codes and what the scorer saw in their images."""
        return self._once(
            ("survey", space),
            lambda: survey(
                self.generator,
                self.sees,
                n=self.n,
                space=space,
                seed=self.seed,
                batch_size=self.batch_size,
                truncation_psi=self.psi(space),
                progress=self.advance(f"surveying {space}"),
            ),
        )

    def directions(self, space: str) -> Directions:
        """Directions of the attributes, found in the survey."""
        return self._once(
            ("directions", space), lambda: self.find(self.survey(space), self.attributes or None)
        )

    @property
    def edited_attributes(self) -> tuple[str, ...]:
        """Those that were asked for, or a few that all spaces have directions of: neither rare nor hard to tell."""
        if self.attributes:
            return self.attributes
        others = [self.directions(space).names for space in self.spaces]
        common = [d for d in self.directions(self.editing_space) if all(d.name in names for names in others)]
        return tuple(readable(common, self.survey(self.editing_space).prevalence)[:NUM_ATTRIBUTES])

    def edited(self, space: str) -> EditedSet:
        """Images moved along a few directions, as many codes as the budget allows; the same codes in all spaces."""

        def make() -> EditedSet:
            chosen = self.directions(space).select(self.edited_attributes)
            return edited_set(
                self.generator,
                self.sees,
                chosen,
                n=max(FEWEST_CODES, self.n // (len(STRENGTHS) * len(chosen))),
                seed=self.seed + 1,
                truncation_psi=self.psi(space),
                batch_size=self.batch_size,
                progress=self.advance(f"editing in {space}"),
            )

        return self._once(("edited", space), make)

    def fake_features(self) -> Float[Tensor, "n f"]:
        """Features of n generated images."""
        return self._once(("fake",), lambda: self._features(self._generated(), self.n, "generating"))

    def real_features(self, most: int | None = None) -> Float[Tensor, "m f"]:
        """Features of the first real images, as many as are generated where nothing else is said."""
        real = self.real
        num = min(len(real), most or self.n)
        parts = (real.read(rows) for rows in torch.arange(num).split(self.batch_size))
        return self._once(("real", str(num)), lambda: self._features(parts, num, "looking at real images"))

    def _generated(self) -> Iterable[Tensor]:
        space = self.editing_space
        latents = self.generator.sample(
            self.n, seed=self.seed + 2, space=space, truncation_psi=self.psi(space)
        )
        return (self.generator(part).clamp(-1, 1) for part in batches(latents, self.batch_size))

    def _features(self, parts: Iterable[Tensor], n: int, stage: str) -> Float[Tensor, "n f"]:
        rows, done, report = [], 0, self.advance(stage)
        with torch.no_grad():
            for images in parts:
                rows.append(self.features(images).cpu())
                done += len(images)
                if report:
                    report(done, n)
        return torch.cat(rows)

    def _once(self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


def readable(directions: Iterable[Direction], prevalence: Mapping[str, float]) -> list[str]:
    """The names of directions, best first: those that are not rare before those that are, then by held-out AUC."""

    def rank(direction: Direction) -> tuple[bool, float]:
        share = prevalence[direction.name]
        return min(share, 1 - share) < BALANCED, -direction.auc

    return [direction.name for direction in sorted(directions, key=rank)]

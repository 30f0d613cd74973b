"""The main job: survey a generator, find its directions by every method, measure what each one changes."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ganatomy.directions import METHODS, held, selective
from ganatomy.errors import CheckpointError, ScoreError, SettingError, UnknownNameError
from ganatomy.generators.base import Generator, Signature
from ganatomy.latents import Directions, Latents, Space
from ganatomy.metrics.entanglement import Entanglement, entanglement
from ganatomy.perception.base import Scorer
from ganatomy.surveys import Survey, differentiate, gradients_flow, survey

RARE, COMMON = 0.03, 0.97
"""An attribute that fewer or more of the pictures have is skipped: too few codes tell its direction."""

COMPARED = ("linear", "penalty", "lowdin", "dual", "svm", "logistic", "centroid")
"""The methods that are compared; each edits with its own directions as they are."""

BASE = "regression"
"""The method whose directions are shown alone: it learns from every score of every code."""

HELD = "held"
"""What the directions are called that hold all others: found by `selective` where gradients flow, else by `held`."""

DIFFERENTIATED = 64
"""Pictures whose Jacobians `selective` learns from."""

READER = "logistic"
"""The method whose held-out AUC says how well an attribute can be read off the codes."""

MEASURED = (36, 256)
"""At least and at most so many pictures are changed along each direction to see what happens."""

BUDGET = 22_000
"""Pictures for all measurements together: with 36 attributes they take about two minutes on two cores."""

Progress = Callable[[str, int, int], None]
"""Told by long work how far it is: (stage, done, total)."""


@dataclass(frozen=True, kw_only=True)
class Exploration:
    """What was found in one generator, and how.

    Args:
        signature, fingerprint, num_parameters: of the generator. scorer: one line about it.
        survey: the codes and all their scores, those of skipped attributes included.
        skipped: attributes that no direction was looked for, and why.
        directions: method to what it found.
        entanglement: method to what its edits change, with `HELD` as one more method.
        seconds: stage to what it took.
    """

    signature: Signature
    fingerprint: str
    num_parameters: int
    scorer: str
    survey: Survey
    skipped: Mapping[str, str]
    directions: Mapping[str, Directions]
    entanglement: Mapping[str, Entanglement]
    seconds: Mapping[str, float]

    @property
    def space(self) -> Space:
        return self.survey.latents.space

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that directions were found for, in the scorer's order."""
        return tuple(self.directions[BASE].names)

    @property
    def prevalence(self) -> dict[str, float]:
        """Share of the surveyed pictures that have each attribute, 0 to 1, skipped ones included."""
        return self.survey.prevalence

    @property
    def auc(self) -> dict[str, float]:
        """Held-out area under the ROC curve of each attribute's logistic direction."""
        return {direction.name: direction.auc for direction in self.directions[READER]}

    def step(self, method: str, attribute: str) -> float:
        """The distance along a method's direction that adds `target_change` to the mean score of its attribute."""
        return abs(float(self.entanglement[method].strengths[self.attributes.index(attribute)]))

    @property
    def measured(self) -> int:
        """Pictures that were changed along each direction."""
        return len(self.entanglement[HELD].before)

    @property
    def target_change(self) -> float:
        """How far each edit was to move its own score on average, as a probability."""
        return self.entanglement[HELD].target_change

    @cached_property
    def best(self) -> str:
        """The method with the highest mean selectivity."""
        figures = {name: result.selectivity().mean.value for name, result in self.entanglement.items()}
        return max(figures, key=lambda name: (not math.isnan(figures[name]), figures[name]))


def explore(
    generator: Generator,
    scorer: Scorer,
    *,
    n: int = 3000,
    space: str | None = None,
    seed: int = 0,
    folder: str | os.PathLike[str] | None = None,
    attributes: Iterable[str] | None = None,
    methods: Sequence[str] = COMPARED,
    target_change: float = 0.25,
    measured: int | None = None,
    truncation_psi: float = 1.0,
    truth: Scorer | None = None,
    batch_size: int = 32,
    progress: Progress | None = None,
) -> Exploration:
    """Survey, find directions by every method, and measure on fresh codes what moving along each one changes.

    Args:
        n: codes to survey. seed: of the survey; the codes to measure on are drawn with the next one.
        space: of the directions; by default w where the generator has it, else z.
        folder: where to keep the survey; one that was stopped goes on where it was.
        attributes: by default all that between 3 and 97 % of the pictures have.
        methods: names of `METHODS` to compare; `BASE` and `READER` are found in any case.
        target_change: how far each edit moves its own score on average, as a probability.
        measured: pictures changed along each direction; by default as many as `BUDGET` allows.
        truth: a scorer that knows what is really in a picture, to hold the measurements against.
        progress: told which stage goes on and how far it is.

    Raises:
        UnknownNameError: for a method or an attribute that does not exist.
        ScoreError: when fewer than two attributes can be used, or a score is not a number.
        SettingError, SpaceError, OutputError: as `survey` and `entanglement` say.
    """
    for method in methods:
        if method not in METHODS:
            raise UnknownNameError("method", method, METHODS)
    if scorer.num_rows is not None:
        raise ScoreError(
            f"{scorer.description} cannot score edited pictures; explore with a scorer that looks at them"
        )
    chosen = None if attributes is None else scorer.select(attributes).names
    space = space or (Space.W if Space.W in generator.signature.spaces else Space.Z)
    report = progress or (lambda *_: None)
    clock = Clock()

    with clock.stage("survey"):
        seen = survey(
            generator,
            scorer,
            n=n,
            space=space,
            seed=seed,
            folder=folder,
            batch_size=batch_size,
            truncation_psi=truncation_psi,
            progress=lambda done, total: report("survey", done, total),
        )
    skipped = left_out(seen, chosen)
    used = [name for name in scorer.names if name not in skipped]

    with clock.stage("gradients"):
        if (eye := with_gradients(generator, scorer, seen.latents)) is not None:
            seen = differentiate(
                seen,
                generator,
                eye,
                n=DIFFERENTIATED,
                attributes=used,
                progress=lambda done, total: report("gradients", done, total),
            )

    with clock.stage("directions"):
        found: dict[str, Directions] = {}
        wanted = dict.fromkeys([*methods, BASE, READER])
        for done, method in enumerate(wanted):
            report("directions", done, len(wanted))
            found[method] = METHODS[method](seen, used, seed=seed)
        found[HELD] = (held if seen.jacobians is None else selective)(seen, used, seed=seed)
        report("directions", len(wanted), len(wanted))

    with clock.stage("measuring"):
        count = measured or _affordable(len(found) * len(used))
        changes: dict[str, Entanglement] = {}
        for index, (name, directions) in enumerate(found.items()):
            changes[name] = entanglement(
                generator,
                scorer.select(used),
                directions,
                n=count,
                seed=seed + 1,
                target_change=target_change,
                truth=truth,
                truncation_psi=truncation_psi,
                num_calibration=int(np.clip(count // 3, 2, 128)),
                batch_size=batch_size,
                progress=part_of(report, "measuring", index, len(found)),
            )

    return Exploration(
        signature=generator.signature,
        fingerprint=generator.fingerprint,
        num_parameters=sum(parameter.numel() for parameter in generator.parameters()),
        scorer=scorer.description,
        survey=seen,
        skipped=skipped,
        directions=found,
        entanglement=changes,
        seconds=clock.seconds,
    )


def with_gradients(generator: Generator, scorer: Scorer, latents: Latents) -> Scorer | None:
    """The scorer, or its like in PyTorch, if gradients flow from it to codes."""
    try:
        eye = scorer.differentiable()
    except (SettingError, CheckpointError):  # a converter that is not installed, or does not know the network
        return None
    return eye if gradients_flow(generator, eye, latents) else None


def left_out(seen: Survey, chosen: Sequence[str] | None) -> dict[str, str]:
    """Attributes to leave out, and why: not asked for, or if nobody asked, too rare or too common.

    Raises:
        ScoreError: when fewer than two are left.
    """
    if chosen is not None:
        return {name: "not asked for" for name in seen.names if name not in chosen}
    skipped = {}
    for name, share in seen.prevalence.items():
        if not RARE <= share <= COMMON:
            which = "few" if share < RARE else "many"
            skipped[name] = f"too {which} pictures have it: {100 * share:.1f} % of {len(seen):,}"
    if len(seen.names) - len(skipped) < 2:
        shares = ", ".join(f"{name} {share:.1%}" for name, share in seen.prevalence.items())
        raise ScoreError(
            f"of {len(seen.names)} attributes fewer than two are in {RARE:.0%} to {COMMON:.0%} of the {len(seen)} "
            f"pictures ({shares}); what one direction does to others needs two: use another scorer, or name attributes"
        )
    return skipped


def _affordable(num_directions: int) -> int:
    """Pictures to change along each direction so that all of them stay within the budget.

    Finding the step takes about as many pictures as taking it.
    """
    return int(np.clip(BUDGET // (2 * num_directions), *MEASURED))


def part_of(report: Progress, stage: str, index: int, count: int) -> Callable[[int, int], None]:
    """The progress of one of many equal parts of a stage, in hundredths of a part."""
    return lambda done, total: report(stage, 100 * index + 100 * done // max(total, 1), 100 * count)


class Clock:
    """Seconds that each stage took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start

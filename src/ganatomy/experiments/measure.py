"""Several measures of one generator, on one budget: what can be measured here, and what it gives."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ganatomy.datasets.correlations import LabelCorrelations
from ganatomy.datasets.references import Reference
from ganatomy.directions import METHODS, find
from ganatomy.errors import GanatomyError, SettingError, UnknownNameError
from ganatomy.generators.base import Generator
from ganatomy.latents import Directions
from ganatomy.metrics import MEASURES, Figure, Material, Result
from ganatomy.metrics.base import BETTER
from ganatomy.perception import Scorer
from ganatomy.perception.features import features_of, looks
from ganatomy.perception.perceptual import perceptual_distance
from ganatomy.surveys import Survey

BUDGET = 1000
"""Images that one measure may make where nothing else is said: minutes on a laptop, and honest intervals."""
FEWEST = 200
"""Images below which measures say nothing."""
MANY = 3
"""Figures of one result that a line has room for; of more, the first is shown."""
MISSING = {
    "scorer": "a scorer of attributes that looks at images",
    "data": "real images",
    "pairs": "images and those that they should repeat (reconstruction in Python)",
}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What measures found.

    Args:
        results: by measure, then by label, such as the space that they are of.
        failed: measures that could not be taken, with the reason. seconds: that each took.
        perceptual, features: what was taken for perception.
    """

    results: Mapping[str, Mapping[str, Result]]
    failed: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float]
    n: int
    seed: int
    perceptual: str
    features: str

    @property
    def notes(self) -> list[str]:
        """What a reader must know, each once."""
        every = (
            note for found in self.results.values() for result in found.values() for note in result.notes
        )
        return list(dict.fromkeys(every))

    def __str__(self) -> str:
        lines = [
            (f"{name} {label}".strip(), said(result))
            for name, found in self.results.items()
            for label, result in found.items()
        ]
        width = max((len(name) for name, _ in lines), default=0)
        return "\n".join(
            [f"{name:{width}}  {text}" for name, text in lines] + [f"note: {note}" for note in self.notes]
        )

    def data(self) -> dict[str, Any]:
        """The same for JSON: every figure with its interval, unit and which way is better."""
        return {
            "n": self.n,
            "seed": self.seed,
            "perceptual": self.perceptual,
            "features": self.features,
            "measures": {
                name: {
                    label or "all": {
                        "figures": {which: _figure(figure) for which, figure in result.figures.items()},
                        "notes": list(result.notes),
                    }
                    for label, result in found.items()
                }
                for name, found in self.results.items()
            },
            "not_measured": dict(self.failed),
            "seconds": {name: round(seconds, 2) for name, seconds in self.seconds.items()},
        }


def said(result: Result) -> str:
    """The main figures of a result in one line, with units and which way is better."""
    figures = result.figures
    shown = dict(list(figures.items())[: MANY if len(figures) <= MANY else 1])
    if len({(figure.unit, figure.higher_is_better) for figure in shown.values()}) > 1:
        return "; ".join(
            f"{name} {figure}, {BETTER[figure.higher_is_better]}" for name, figure in shown.items()
        )
    *first, (name, last) = shown.items()
    numbers = [f"{name} {str(figure).removesuffix(figure.unit).rstrip()}" for name, figure in first]
    return f"{', '.join([*numbers, f'{name} {last}'])}; {BETTER[last.higher_is_better]}"


def missing(
    *, scorer: Scorer | None, data: Reference | None, names: Iterable[str] = MEASURES
) -> dict[str, list[str]]:
    """For each measure, what it lacks; nothing where it can be taken.

    Raises:
        UnknownNameError: for a measure that does not exist.
    """
    here = {"scorer": looks(scorer), "data": data is not None, "pairs": False}
    found = {}
    for name in names:
        if name not in MEASURES:
            raise UnknownNameError("measure", name, MEASURES)
        found[name] = [MISSING[need] for need in MEASURES[name].needs if not here[need]]
    return found


def measure(
    generator: Generator,
    names: Iterable[str] | None = None,
    *,
    scorer: Scorer | None = None,
    n: int = BUDGET,
    seed: int = 0,
    attributes: Sequence[str] | None = None,
    method: str = "regression",
    perceptual: str = "auto",
    features: str = "auto",
    data: Reference | None = None,
    correlations: LabelCorrelations | None = None,
    truncation_psi: float = 1.0,
    batch_size: int = 32,
    progress: Callable[[str, int, int], None] | None = None,
) -> Measured:
    """Take these measures of a generator; codes, surveys, directions and images that several need are made once.

    Args:
        names: of `MEASURES`; by default all that can be taken with what is given.
        n: images that each measure may make; measures of edits have a least number of their own.
        attributes: to look at and to edit. method: by which their directions are found.
        perceptual: "lpips", "scorer", "pixels" or "auto". features: "inception", "scorer", "pixels" or "auto".
        data: real images. correlations: of the labels of real images.
        truncation_psi: of codes in w; those in z have none.
        progress: told the stage, how many images are done, and of how many.

    Raises:
        UnknownNameError: for a measure, method or attribute that does not exist.
        SettingError: for a measure that lacks something, and for a budget that is too small.
        Others, where only one measure was asked for and cannot be taken.
    """
    if n < FEWEST or batch_size < 1:
        raise SettingError(
            f"{n} images in batches of {batch_size} measure nothing; give {FEWEST} or more, and 1 or more"
        )
    if method not in METHODS:
        raise UnknownNameError("method", method, METHODS)
    asked = list(dict.fromkeys(MEASURES if names is None else names))
    lacking = missing(scorer=scorer, data=data, names=asked)
    for name, needs in lacking.items():
        if needs and names is not None:
            raise SettingError(f"{name} needs {' and '.join(needs)}; give that, or leave {name} out")
    chosen = [name for name in asked if not lacking[name]]
    if scorer is not None and attributes:
        scorer.select(attributes)

    def found_by_method(survey: Survey, names: Sequence[str] | None = None) -> Directions:
        return find(survey, names, method=method, seed=seed)

    material = Material(
        generator=generator,
        scorer=scorer,
        find=found_by_method,
        n=n,
        seed=seed,
        perceptual=perceptual_distance(perceptual, scorer),
        features=features_of(features, scorer),
        attributes=tuple(attributes) if attributes else None,
        correlations=correlations,
        data=data,
        truncation_psi=truncation_psi,
        batch_size=batch_size,
        progress=progress,
    )
    results: dict[str, Mapping[str, Result]] = {}
    failed: dict[str, str] = {}
    seconds: dict[str, float] = {}
    for name in chosen:
        started = time.perf_counter()
        try:
            results[name] = MEASURES[name].run(material)
        except GanatomyError as error:
            if len(chosen) == 1:
                raise
            failed[name] = str(error)
        seconds[name] = time.perf_counter() - started
    return Measured(
        results=results,
        failed=failed,
        seconds=seconds,
        n=n,
        seed=seed,
        perceptual=material.perceptual.description,
        features=material.features.description,
    )


def _figure(figure: Figure) -> dict[str, Any]:
    it = figure.estimate
    return {
        "value": it.value,
        "low": it.low,
        "high": it.high,
        "unit": figure.unit,
        "higher_is_better": figure.higher_is_better,
    }

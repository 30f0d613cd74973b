"""Several measures of one generator, on one budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ganatomy.datasets.correlations import LabelCorrelations
from ganatomy.datasets.references import Reference
from ganatomy.directions import METHODS, find
from ganatomy.errors import GanatomyError, SettingError, SpaceError, UnknownNameError
from ganatomy.experiments.base import Experiment, on_workers
from ganatomy.latents import Space
from ganatomy.metrics import MEASURES, MeasuredValue, Result, SharedInputs
from ganatomy.metrics.base import BETTER, figure_columns
from ganatomy.perception import Scorer
from ganatomy.perception.features import features_of, scores_images
from ganatomy.perception.perceptual import perceptual_distance
from ganatomy.progress import Clock
from ganatomy.tabular import Frame, Tabular

BUDGET = 1000
"""Images that one measure may generate by default: minutes on a laptop, and honest intervals."""
FEWEST = 200
"""Images below which intervals are too wide to be of use."""
MANY = 3
"""Figures of one result that fit a line; of more, the first is shown."""
MISSING = {
    "scorer": "an attribute classifier for new images",
    "data": "real images",
    "pairs": "images with their targets (reconstruction in Python)",
}


@dataclass(frozen=True, kw_only=True)
class Measurements(Tabular):
    """What measures found.

    Args:
        results: by measure, then by label, such as the space that they are of.
        failed: measures that could not be taken, with the reason.
        seconds: that each took.
        n: images that each could generate.
        perceptual: distance of two images that was used.
        features: by which sets of images were compared.

    Example::

        found = ga.measure(experiment, ["linearity"], n=200)
        found.to_csv("measures.csv")
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
        """What a reader must know to compare the figures, each note once."""
        every = (
            note for found in self.results.values() for result in found.values() for note in result.notes
        )
        return list(dict.fromkeys(every))

    def __str__(self) -> str:
        lines = [
            (f"{name} {label}".strip(), line(result))
            for name, found in self.results.items()
            for label, result in found.items()
        ]
        width = max((len(name) for name, _ in lines), default=0)
        return "\n".join(
            [f"{name:{width}}  {text}" for name, text in lines] + [f"note: {note}" for note in self.notes]
        )

    def frame(self) -> Frame:
        """A row for each figure: its measure, what it is of, value, interval and unit."""
        rows = [
            (name, label or "all", which, figure)
            for name, found in self.results.items()
            for label, result in found.items()
            for which, figure in result.figures.items()
        ]
        columns = zip(*((*row[:3],) for row in rows), strict=True) if rows else ((), (), ())
        return Frame(
            title=f"{len(self.results)} measures of {self.n} images",
            columns={
                **dict(zip(("measure", "of", "figure"), columns, strict=True)),
                **figure_columns(row[3] for row in rows),
            },
        )

    def data(self) -> dict[str, Any]:
        """The same for JSON: every figure with its interval, its unit and which way is better."""
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


def line(result: Result) -> str:
    """The main figures of a result, with units and which way is better."""
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
    """What each measure lacks; an empty list where it can be taken.

    Raises:
        UnknownNameError: for a measure that does not exist.
    """
    here = {"scorer": scores_images(scorer), "data": data is not None, "pairs": False}
    found = {}
    for name in names:
        if name not in MEASURES:
            raise UnknownNameError("measure", name, MEASURES)
        found[name] = [MISSING[need] for need in MEASURES[name].needs if not here[need]]
    return found


@on_workers
def measure(
    experiment: Experiment,
    names: Iterable[str] | None = None,
    *,
    n: int = BUDGET,
    attributes: Sequence[str] | None = None,
    method: str = "regression",
    perceptual: str = "auto",
    features: str = "auto",
    data: Reference | None = None,
    correlations: LabelCorrelations | None = None,
) -> Measurements:
    """Take measures of a generator; codes, surveys, directions and images that several need are made once.

    Args:
        experiment: generator, scorer and how codes are drawn; measures are of z and w, or of its space alone.
        names: of `MEASURES`; by default all that can be taken with what is given.
        n: images that each measure may generate; measures of edits have a minimum of their own.
        method: by which their directions are found.
        perceptual: "lpips", "scorer", "imagenet", "pixels" or "auto".
        features: "inception", "scorer", "pixels" or "auto".

    Returns:
        The results of each measure, and why others failed.

    Raises:
        UnknownNameError: for a measure, method or attribute that does not exist.
        SettingError: for a measure that lacks something, and for too few images.
        SpaceError: for another space than z and w.
        GanatomyError: any other, where a single measure cannot be taken.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(w_dim=16, seed=0)
        >>> found = ga.measure(ga.Experiment(toy, OracleScorer(toy)), ["cosines"], n=200)
        >>> list(found.results["cosines"])
        ['z', 'w']
    """
    if n < FEWEST:
        raise SettingError(f"{n} images are too few to measure; give {FEWEST} or more")
    if method not in METHODS:
        raise UnknownNameError("method", method, METHODS)
    if experiment.space not in (None, Space.Z, Space.W):
        raise SpaceError(f"measures are of z and w, not {experiment.space}")
    scorer = experiment.scorer
    chosen = list(dict.fromkeys(MEASURES if names is None else names))
    lacking = missing(scorer=scorer, data=data, names=chosen)
    for name, needs in lacking.items():
        if needs and names is not None:
            raise SettingError(f"{name} needs {' and '.join(needs)}; give that, or leave {name} out")
    chosen = [name for name in chosen if not lacking[name]]
    if scorer is not None and attributes:
        scorer.select(attributes)
    if scorer is not None and correlations is not None and "correlations" in chosen:
        correlations.shared(scorer.names)
    inputs = SharedInputs(
        experiment,
        n=n,
        find=partial(find, method=method, seed=experiment.seed),
        perceptual=perceptual_distance(perceptual, scorer),
        features=features_of(features, scorer),
        attributes=tuple(attributes) if attributes else None,
        correlations=correlations,
        data=data,
    )
    clock = Clock()
    results: dict[str, Mapping[str, Result]] = {}
    failed: dict[str, str] = {}
    for name in chosen:
        with clock.stage(name):
            try:
                results[name] = MEASURES[name].run(inputs)
            except GanatomyError as error:
                if len(chosen) == 1:
                    raise
                failed[name] = str(error)
    return Measurements(
        results=results,
        failed=failed,
        seconds=clock.seconds,
        n=n,
        seed=experiment.seed,
        perceptual=inputs.perceptual.description,
        features=inputs.features.description,
    )


def _figure(figure: MeasuredValue) -> dict[str, Any]:
    return {
        **figure.estimate.data(),
        "unit": figure.unit,
        "higher_is_better": figure.higher_is_better,
    }

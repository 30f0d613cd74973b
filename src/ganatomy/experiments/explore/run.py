"""The main job: survey a generator, find its directions by every method, measure what each one changes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ganatomy.directions import METHODS, held, selective
from ganatomy.errors import UnknownNameError
from ganatomy.experiments.base import Experiment, on_workers
from ganatomy.experiments.explore.exploration import BASE, HELD, READER, WIDTH, Exploration
from ganatomy.experiments.explore.gallery import NUM_SEEDS, gallery
from ganatomy.experiments.factors import FactorReader, find_factors
from ganatomy.latents import Directions
from ganatomy.metrics import FreshImages, Readers, measure_steps
from ganatomy.progress import Advance, part_of
from ganatomy.surveys import Survey, choose

COMPARED = ("linear", "penalty", "lowdin", "dual", "svm", "logistic", "centroid")
"""The methods that are compared; each edits with its own directions as they are."""

MEASURED = (36, 256)
"""At least and at most so many images are changed along each direction to see what happens."""

BUDGET = 22_000
"""Images for all measurements together, if every method needed all of its own."""


@on_workers
def explore(
    experiment: Experiment,
    *,
    n: int = 3000,
    folder: str | os.PathLike[str] | None = None,
    attributes: Sequence[str] | None = None,
    methods: Sequence[str] = COMPARED,
    target_change: float = 0.25,
    measured: int | None = None,
    measured_psi: float | None = None,
    factors: FactorReader | None = None,
) -> Exploration:
    """Survey, find directions by every method, and measure on fresh codes what moving along each one changes.

    Args:
        experiment: generator, scorer, judge and how codes are drawn.
        n: codes to survey.
        folder: where to keep the survey; one that was stopped goes on where it was.
        attributes: to edit; by default all that 3 to 97 % of the images have, which are measured and held in any case.
        methods: names of `METHODS` to compare; `BASE` and what holds all others are measured in any case.
        target_change: how far each edit moves its own score on average, as a probability.
        measured: images edited along each direction; by default as many as `BUDGET` allows along those of `BASE` and
            `HELD`, and of these as many as `WIDTH` asks for along those of other methods.
        measured_psi: truncation of the images to edit; by default that of the survey.
        factors: who reads the factors of the images; by default as `find_factors` says.

    Returns:
        Directions by every method, and what each one changes.

    Raises:
        UnknownNameError: for a method or an attribute that does not exist.
        ScoreError: when fewer than two attributes can be used, or a score is not a number.
        SettingError, SpaceError, OutputError: as `survey` and `entanglement` say.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(seed=0)
        >>> oracle = OracleScorer(toy)
        >>> found = ga.explore(ga.Experiment(toy, oracle), n=200, methods=["regression"], measured=20)
        >>> found.attributes
        ('red', 'round', 'large', 'bright')
    """
    for method in methods:
        if method not in METHODS:
            raise UnknownNameError("method", method, METHODS)
    experiment = experiment.begin()
    generator, scorer = experiment.generator, experiment.image_scorer
    wanted = None if attributes is None else scorer.select(attributes).names
    seen = experiment.survey(n, folder=folder)
    chosen = choose(seen, wanted)
    seen, _ = experiment.with_jacobians(seen, chosen.measured)
    with experiment.stage("directions") as advance:
        every = _find(seen, chosen.measured, methods, seed=experiment.seed, advance=advance)
        found = {method: directions.select(chosen.edited) for method, directions in every.items()}
    with experiment.stage("factors") as advance:
        factors = factors or find_factors(experiment)
        advance(1, 1)
    psi = experiment.psi(experiment.editing_space) if measured_psi is None else measured_psi
    with experiment.stage("measuring") as advance:
        edited = dict.fromkeys([*methods, BASE, HELD])
        count = measured or _affordable(len(edited) * len(chosen.edited))
        images = FreshImages(
            generator=generator,
            readers=Readers(
                scorer=scorer, judge=experiment.judge, factors=None if factors is None else factors.scorer
            ),
            n=count,
            seed=experiment.seed + 1,
            space=experiment.editing_space,
            truncation_psi=psi,
            batch_size=experiment.batch_size,
            model=found[BASE],
        )
        changes = {
            name: measure_steps(
                images,
                found[name],
                target_change=target_change,
                width=0.0 if measured or name in (BASE, HELD) else WIDTH,
                advance=part_of(advance, index, len(edited)),
            )
            for index, name in enumerate(edited)
        }
    with experiment.stage("gallery") as advance:
        shown = gallery(experiment, n=min(n, NUM_SEEDS), truncation_psi=psi, progress=advance)
    return Exploration(
        signature=generator.signature,
        fingerprint=generator.fingerprint,
        num_parameters=sum(parameter.numel() for parameter in generator.parameters()),
        scorer=scorer.description,
        judge=None if experiment.judge is None else experiment.judge.description,
        survey=seen,
        skipped=chosen.skipped,
        scarce=chosen.scarce,
        directions=found,
        entanglement={name: result.select(chosen.measured) for name, result in changes.items()},
        skipped_changes={
            method: changes[method].select(chosen.skipped).mean_change for method in (BASE, HELD)
        },
        measured_psi=psi,
        factors=factors,
        gallery=shown,
        seconds=dict(experiment.clock.seconds),
    )


def survey_folder(folder: str | os.PathLike[str]) -> Path:
    """Where the survey of a report lies: give it to `explore`, so that a stopped exploration goes on where it was."""
    return Path(folder) / "survey"


def _find(
    seen: Survey, used: Sequence[str], methods: Sequence[str], *, seed: int, advance: Advance
) -> dict[str, Directions]:
    """Directions of the attributes by every method, those that hold all others last."""
    found: dict[str, Directions] = {}
    wanted = dict.fromkeys([*methods, BASE, READER])
    for done, method in enumerate(wanted):
        advance(done, len(wanted))
        found[method] = METHODS[method](seen, used, seed=seed)
    found[HELD] = (held if seen.jacobians is None else selective)(seen, used, seed=seed)
    advance(len(wanted), len(wanted))
    return found


def _affordable(num_directions: int) -> int:
    """Images to change along each direction so that all of them stay within the budget.

    Finding the step takes nearly as many images as taking it.
    """
    return int(np.clip(BUDGET // (2 * num_directions), *MEASURED))

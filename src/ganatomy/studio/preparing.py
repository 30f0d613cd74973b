"""The panel of a model that has none yet: explored with the settings of the studio."""

from __future__ import annotations

from dataclasses import replace

from ganatomy.directions import ganspace, sefa
from ganatomy.directions.ganspace import IMAGES
from ganatomy.errors import SettingError
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.explore.gallery import NUM_SEEDS, gallery
from ganatomy.experiments.explore.panel import Panel
from ganatomy.experiments.explore.run import explore
from ganatomy.generators.base import Generator
from ganatomy.latents import Space
from ganatomy.perception.base import Scorer
from ganatomy.perception.judging import Judge
from ganatomy.progress import Progress
from ganatomy.studio.tracks import right_at_ends

NUM_SURVEYED = 2400
NUM_MEASURED = (24, 128)
"""At least and at most so many images are edited along each direction."""
BUDGET = 9_000
"""Images for all edits together."""
NUM_COMPONENTS = 12
NUM_COMPONENT_CODES, NUM_IMAGES = 10_000, 2_000
"""Codes, or images, whose principal components are sliders where there is no classifier."""
SHOWN_PSI = 0.7
"""Truncation of images on the page, where a model has w: typical images, as people want to look at."""


def shown_psi(generator: Generator) -> float:
    """The truncation that images are first shown with."""
    return SHOWN_PSI if Space.W in generator.signature.spaces else 1.0


def prepare(
    generator: Generator,
    scorer: Scorer | None,
    *,
    judge: Judge | None = None,
    n: int = NUM_SURVEYED,
    num_seeds: int = NUM_SEEDS,
    measured: int | None = None,
    progress: Progress | None = None,
) -> Panel:
    """Find directions and measure them; minutes of work for a classifier with many attributes.

    Without a classifier the directions are those of SeFa, or of GANSpace where the first layer of an architecture is
    not known, and what they change is not measured.

    Args:
        generator: makes the images.
        scorer: attribute classifier, if there is one.
        judge: takes no part, and says which directions move what they should.
        n: codes to survey.
        num_seeds: images on the map, where there is no classifier.
        measured: images edited along each direction; by default as many as `BUDGET` allows.
        progress: called with (stage, done, total).

    Raises:
        ScoreError: when fewer than two attributes can be used, or a score is not a number.
    """
    experiment = Experiment(generator, scorer, judge=judge, progress=progress)
    if scorer is None:
        return _without_scorer(experiment, num_seeds=num_seeds)
    least, most = NUM_MEASURED
    affordable = max(least, min(most, BUDGET // (4 * len(scorer.names))))
    found = explore(
        experiment, n=n, methods=(), measured=measured or affordable, measured_psi=shown_psi(generator)
    )
    panel = Panel.of(found)
    return replace(panel, right_at_ends=right_at_ends(panel, experiment))


def _without_scorer(experiment: Experiment, *, num_seeds: int) -> Panel:
    generator, space = experiment.generator, experiment.editing_space
    psi = shown_psi(generator)
    count = min(NUM_COMPONENTS, experiment.sample(1).dim)
    with experiment.stage("directions"):
        try:
            found = sefa(generator, num_components=count)
        except SettingError:  # an architecture whose first layer is not known
            # Codes in z vary alike in all directions, and images do not.
            layer, images = (None, NUM_COMPONENT_CODES) if space != "z" else (IMAGES, NUM_IMAGES)
            found = ganspace(generator, space=str(space), layer=layer, n=images, num_components=count)
    with experiment.stage("gallery") as advance:
        shown = gallery(experiment, n=num_seeds, truncation_psi=psi, progress=advance)
    return Panel(
        fingerprint=generator.fingerprint,
        scorer_fingerprint="",
        scorer="",
        judge="",
        attributes=(),
        directions=found,
        truncation_psi=psi,
        gallery=shown,
        notes=(
            "No classifier given; what the directions change is not measured. "  # noqa: ISC004
            "Start the studio with --scorer to measure it.",
        ),
    )

"""The study: the same images edited with the paper's penalty, without it, and by our methods."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ganatomy.datasets.labelled import Labelled
from ganatomy.directions import linear_map
from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.experiments.base import Experiment, on_workers
from ganatomy.experiments.compare.budget import Budget, Found
from ganatomy.experiments.compare.contestants import CONTESTANTS, NO_GRADIENTS, Contestant
from ganatomy.experiments.compare.editing import Editor, find
from ganatomy.experiments.compare.run import check_sizes, edit_all
from ganatomy.experiments.studies.linear_map.penalties import PATH, follow
from ganatomy.experiments.studies.linear_map.result import (
    GUIDED,
    METHODS,
    PAPER,
    PENALISED,
    PLAIN,
    LinearMapStudy,
)
from ganatomy.latents import Directions
from ganatomy.metrics import Readers, mean_abs_cosine
from ganatomy.metrics.inputs import readable
from ganatomy.metrics.recognition import recognition
from ganatomy.surveys import choose

NUM_EDITED = 6
"""Attributes that are edited; the map is of all, and all others count as changed."""
OF_THE_PAPER = "Young"
"""The attribute of its tables."""


@on_workers
def study_linear_map(
    experiment: Experiment,
    *,
    n: int = 3000,
    images: int = 40,
    attributes: Iterable[str] | None = None,
    shown: str | None = None,
    penalty: float = 2.0,
    path: Sequence[float] = PATH,
    target_change: float = 0.25,
    labelled: Labelled | None = None,
) -> LinearMapStudy:
    """Redo "Interpreting the Latent Space of GANs using Supervised Learning" (Pham Van et al.) on any model.

    A linear map from codes to scores, with the paper's penalty and without, and our answers to the same question. Every
    method edits the same new images, by steps that change the mean probability of an attribute by `target_change`.

    Args:
        experiment: generator, scorer, judge and how codes are drawn; where it names no space, in z, as in the paper.
        n: codes of the survey.
        images: new ones that every method edits.
        attributes: to edit; by default `NUM_EDITED`. The map is of all that 3 to 97 % of the images have.
        shown: the attribute of tables and images; by default the paper's, "Young", or else the one whose direction is
            most like the others', where a penalty has most to do.
        penalty: λ.
        path: other weights of the penalty to follow.
        target_change: of the mean probability of each attribute.
        labelled: images with exact labels, to test the scorer on.

    Returns:
        What every method changed, the path of λ, and how often the scorer is right.

    Raises:
        UnknownNameError: for an attribute that is not scored, or not in the map.
        ScoreError: for fewer than two attributes, a table of labels, and scores that are not numbers.
        SettingError, SpaceError: for numbers outside their range, and a space that the generator does not have.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(cosine=0.6, seed=0)
        >>> found = ga.study_linear_map(ga.Experiment(toy, OracleScorer(toy)), n=200, images=8, path=[2.0])
        >>> found.cosine["penalty"] < found.cosine["linear"]
        True
    """
    scorer = experiment.image_scorer
    check_sizes(n=n, images=images, target_change=target_change)
    if not penalty > 0 or not all(0 < weight < math.inf for weight in path) or not path:
        raise SettingError(
            f"the penalty is {penalty:g}, its path {list(path)}; give weights above 0 (the map without is there as "
            "well)"
        )
    experiment = experiment.begin("z")
    seen = experiment.survey(n)
    chosen = choose(seen, None if attributes is None else scorer.select(attributes).names)
    names = chosen.measured
    if shown is not None and shown not in names:
        raise UnknownNameError("attribute of the map", shown, names)
    budget = Budget.of(experiment, seen, names)
    contestants = _contestants(penalty)
    with experiment.stage("directions") as advance:
        found, left_out = find(budget, contestants, required=PAPER, advance=advance)
    plain = found[PLAIN].directions
    assert plain is not None
    edited = _edited(plain, chosen.edited, seen.prevalence, shown, whole=attributes is None)
    readers = Readers(scorer=scorer.select(names), judge=experiment.judge)
    editor = Editor.of(budget, readers, n=images)
    comparison = edit_all(experiment, budget, editor, contestants, found, change=target_change, names=edited)
    with experiment.stage("path of λ") as advance:
        fits = follow(budget, editor.images, edited, path=path, change=target_change, advance=advance)
    known = None
    if labelled is not None:
        with experiment.stage("scorer") as advance:
            known = recognition(scorer, labelled, seed=experiment.seed, progress=advance)
    return LinearMapStudy(
        comparison=replace(comparison, left_out=left_out, seconds=dict(experiment.clock.seconds)),
        skipped=chosen.skipped,
        penalty=penalty,
        path=fits,
        recognition=known,
        unlabelled="" if known else "no images with labels were given",
    )


def _contestants(penalty: float) -> dict[str, Contestant]:
    """Those of the comparison; the map has this penalty, and guided edits need gradients."""

    def penalised(budget: Budget) -> Found:
        found = linear_map(budget.survey, budget.names, seed=budget.seed, penalty=penalty)
        return Found(directions=found, num_labels=len(budget.train))

    def guided(budget: Budget) -> Found:
        if budget.differentiable is None:
            raise SettingError(NO_GRADIENTS)
        return CONTESTANTS[GUIDED].find(budget)

    own = {
        PLAIN: replace(CONTESTANTS[PLAIN], what="linear map, no penalty"),
        PENALISED: Contestant(what=f"linear map, penalty λ = {penalty:g}", find=penalised),
        GUIDED: replace(CONTESTANTS[GUIDED], find=guided),
    }
    return {name: own.get(name, CONTESTANTS[name]) for name in METHODS}


def _edited(
    plain: Directions,
    names: Sequence[str],
    prevalence: Mapping[str, float],
    shown: str | None,
    *,
    whole: bool,
) -> tuple[str, ...]:
    """The attribute that is shown, and the other ones to edit.

    Of all attributes those are edited that are read best off codes, of those that many images have and many lack.

    Args:
        names: to choose from.
        shown: by default the paper's, or else the one whose direction is most like the others'.
        whole: whether nothing was asked for.
    """
    first = shown or (
        OF_THE_PAPER if OF_THE_PAPER in names else max(names, key=lambda name: mean_abs_cosine(plain, name))
    )
    others = [name for name in readable(plain.select(names), prevalence) if name != first]
    return (first, *(others[: NUM_EDITED - 1] if whole else others))

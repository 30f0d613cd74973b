"""The study: the same images edited to the same goals, read by the scorer and by judges that took no part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.experiments.base import Experiment, on_workers
from ganatomy.experiments.compare.budget import Budget
from ganatomy.experiments.compare.contestants import CONTESTANTS
from ganatomy.experiments.compare.editing import find
from ganatomy.experiments.compare.run import FEWEST_CODES, FEWEST_IMAGES, spread
from ganatomy.experiments.studies.trust.editing import Goal, edit, read, set_goals
from ganatomy.experiments.studies.trust.result import (
    METHODS,
    REGRESSION,
    MethodCodes,
    TrustReader,
    TrustStudy,
)
from ganatomy.generators.natural_codes import natural_codes
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer
from ganatomy.perception.judging import Judge
from ganatomy.progress import part_of
from ganatomy.statistics.formatting import percent
from ganatomy.surveys import Survey, choose
from ganatomy.surveys.chosen import COMMON, RARE

NUM_ATTRIBUTES = 6
"""Attributes that are edited by default."""
NUM_NATURAL = 512
"""Unedited images in which scorer and judges are compared, and from which those to edit are taken; at least."""
POOL = 4
"""Fresh images for each one that is edited: about half of them have the attribute already."""


@on_workers
def study_trust(
    experiment: Experiment,
    *,
    judges: Iterable[Judge] | None = None,
    n: int = 1500,
    images: int = 24,
    attributes: Iterable[str] | None = None,
    num_attributes: int = NUM_ATTRIBUTES,
    to: float = 0.9,
) -> TrustStudy:
    """Ask whether what the scorer says of edits survives a second reader.

    For each attribute the images on the other side of one half are edited to the same probability by several methods.
    Judges, which took no part, read the same edited images.

    Args:
        experiment: generator, scorer, judge and how codes are drawn.
        judges: figures are means over them; by default the judge of the experiment. All students, or none.
        n: codes that directions are learnt from.
        images: fresh ones of each attribute that every method edits.
        attributes: to edit; by default some from common to rare. All others that are neither rare nor common are held.
        num_attributes: of them by default.
        to: the probability that is asked for, between 0.5 and 1; 1 less it where an attribute is taken away.

    Returns:
        What every method did with the codes, and what scorer and judges read before and after.

    Raises:
        UnknownNameError: for an attribute that the scorer or a judge does not score.
        ScoreError: for fewer than two usable attributes, a table of labels, and too few images to edit.
        SettingError: for numbers outside their range, for a judge that took part, and for judges beside students.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(seed=0)
        >>> another = ga.judge(lambda images: toy.read(images).sigmoid(), names=toy.attributes)
        >>> experiment = ga.Experiment(toy, OracleScorer(toy), judge=another)
        >>> found = ga.study_trust(experiment, n=200, images=4, attributes=["red", "round"])
        >>> bool((found.confirmed(found.judges[0], "guided-hold") == found.reached("guided-hold")).all())
        True
    """
    scorer = experiment.image_scorer
    readers = _judges(experiment, judges)
    for given, fewest, what in (
        (n, FEWEST_CODES, "codes"),
        (images, FEWEST_IMAGES, "images of each attribute"),
        (num_attributes, 1, "attributes"),
    ):
        if given < fewest:
            raise SettingError(f"{given} {what} are too few for this study; give at least {fewest}")
    if not 0.5 < to < 1:
        raise SettingError(f"a goal of {to:g} is no probability between 0.5 and 1; give one, such as 0.9")
    known = _known(scorer, readers, attributes)
    experiment = experiment.begin()
    seen = experiment.survey(n)
    names, edited = _names(seen, known, named=attributes is not None, count=num_attributes)
    readers = [judge.select(name for name in names if name in judge.names) for judge in readers]
    budget = Budget.of(experiment, seen, names)
    with experiment.stage("directions") as advance:
        contestants = {name: CONTESTANTS[name] for name in METHODS}
        found, left_out = find(budget, contestants, required=[REGRESSION], advance=advance)
    everyone: list[Scorer] = [budget.experiment.image_scorer, *readers]
    with experiment.stage("unedited images") as advance:
        pool = experiment.sample(max(NUM_NATURAL, POOL * images))
        natural = read(experiment.generator, everyone, pool, batch_size=experiment.batch_size)
        goals = set_goals(pool, natural[0], names, seen.prevalence, edited=edited, n=images, to=to)
        drawn = natural_codes(experiment.generator, pool.space)
        advance(1, 1)
    methods = {}
    with experiment.stage("editing") as advance:
        for done, (name, own) in enumerate(found.items()):
            part = part_of(advance, done, len(found))
            methods[name] = edit(budget, name, own, goals, drawn, advance=part)
    with experiment.stage("reading") as advance:
        scored, *judged = _read_all(experiment, everyone, natural, goals, methods)
        advance(1, 1)
    return TrustStudy(
        signature=experiment.generator.signature,
        edited=edited,
        goals=torch.tensor([goal.probability for goal in goals]),
        origin=tuple(goal.latents for goal in goals),
        methods=methods,
        scorer=scored,
        judges=tuple(judged),
        reading=readers[0].reading if readers else "",
        natural_distance=float(drawn.distances.mean()),
        left_out=left_out,
        guided_by="gradients" if budget.differentiable else "finite differences along regression",
        num_codes=n,
        seed=experiment.seed,
        seconds=dict(experiment.clock.seconds),
    )


def _judges(experiment: Experiment, judges: Iterable[Judge] | None) -> list[Judge]:
    """The judges, none of which took part."""
    own = () if experiment.judge is None else (experiment.judge,)
    found = list(own if judges is None else judges)
    scorer = experiment.image_scorer
    for judge in found:
        judge.require_independent(scorer, scorer.target())
    if len({judge.reading for judge in found}) > 1:
        raise SettingError("students confirm nothing; give judges alone, or students alone")
    return found


def _known(scorer: Scorer, judges: Sequence[Judge], attributes: Iterable[str] | None) -> tuple[str, ...]:
    """The attributes that may be edited: those that were named, else all that scorer and judges score."""
    if attributes is not None:
        named = scorer.select(attributes).names
        for judge in judges:
            judge.select(named)
        return named
    known = tuple(name for name in scorer.names if all(name in judge.names for judge in judges))
    if not known:
        raise UnknownNameError(
            "attribute of the judges",
            scorer.names[0],
            sorted({name for judge in judges for name in judge.names}),
        )
    return known


def _names(
    seen: Survey, known: Sequence[str], *, named: bool, count: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All attributes that are watched, and those of them that are edited: by default a few that are common enough."""
    common = choose(seen).measured
    if named:
        return tuple(name for name in seen.names if name in common or name in known), tuple(known)
    shares = {name: seen.prevalence[name] for name in common if name in known}
    if not shares:
        raise ScoreError(
            f"of the attributes that the judges score ({', '.join(known)}) none occurs in {percent(RARE)} to "
            f"{percent(COMMON)} of the images; name attributes, or give another judge"
        )
    return common, spread(shares, count)


def _read_all(
    experiment: Experiment,
    readers: Sequence[Scorer],
    natural: Sequence[Float[Tensor, "m a"]],
    goals: Sequence[Goal],
    methods: Mapping[str, MethodCodes],
) -> list[TrustReader]:
    """What each classifier reads in all images before and after, beside what it read in unedited ones."""

    def everywhere(latents: Sequence[Latents]) -> list[Float[Tensor, "k n a"]]:
        rows = read(
            experiment.generator, readers, Latents.cat(list(latents)), batch_size=experiment.batch_size
        )
        return [row.unflatten(0, (len(goals), -1)) for row in rows]

    before = everywhere([goal.latents for goal in goals])
    after = {name: everywhere(method.latents) for name, method in methods.items()}
    return [
        TrustReader(
            description=reader.description,
            names=reader.names,
            natural=natural[k],
            before=before[k],
            after={name: rows[k] for name, rows in after.items()},
        )
        for k, reader in enumerate(readers)
    ]

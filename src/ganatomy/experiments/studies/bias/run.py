"""The study: one step along each direction in new images, read before and after."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ganatomy.datasets.labels import LabelTable
from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.experiments.base import Experiment, on_workers
from ganatomy.experiments.studies.bias.changes import (
    Change,
    Kind,
    Trait,
    found_changes,
    kind_of,
    position,
    taught_changes,
)
from ganatomy.experiments.studies.bias.estimates import Seen, draw_figures, explain, moved_by
from ganatomy.experiments.studies.bias.result import DATA, IMAGES, JUDGE, SCORER, BiasStudy, Link
from ganatomy.experiments.studies.bias.workbench import JUDGED, Edited, JointScorer, Workbench
from ganatomy.experiments.studies.z_against_w.run import INFLATION, SUBSET
from ganatomy.latents import Directions
from ganatomy.perception.base import check_names
from ganatomy.perception.factors import FactorAttributes
from ganatomy.perception.table import TableScorer
from ganatomy.statistics.latent import LatentCorrelation, Numbers, latent_correlation
from ganatomy.surveys import Survey, choose, survey

REFITS = 8
SHOWN = 6


@on_workers
def study_bias(
    experiment: Experiment,
    change: Iterable[str] | None = None,
    watch: Iterable[str] | None = None,
    *,
    n: int = 3000,
    images: int = 200,
    data: LabelTable | None = None,
    directions: Directions | None = None,
    labels: TableScorer | None = None,
    method: str = "regression",
    refits: int = REFITS,
) -> BiasStudy:
    """How much moving A changes B, and how much of that the correlation of A and B in the data explains.

    New images are edited by one step along the direction of A, which changes A by .25 of its mean probability (a
    factor by one standard deviation), and B is read before and after:

        moved = mean(dB) / mean(dA).

    Explained is the change that the correlation rho of the normals behind A and B leads to expect (a Gaussian copula;
    the tetrachoric correlation of two labels): where the normal score of A moves by d, that of B moves by rho d. Read
    back as a probability in each image, and divided by mean(dA), it is counted in the units of `moved`. It is what a
    population shows whose A and B go together as in the data; that this is no bias of the model does not make it a
    good thing. The excess is moved less explained. See `estimates`.

    Args:
        experiment: generator, scorer, judge and how codes are drawn.
        change: A: attributes or factors of the scorer, `Long_Hair` of drawn faces, columns of `labels`, or names of
            `directions`; by default all attributes that 3 to 97 % of the images have.
        watch: B: attributes or factors; by default these attributes.
        n: images in which directions are found and distributions are known.
        images: new ones that are edited for each A.
        data: labels of the data, whose correlations explain; without, those of generated images alone do.
        directions: taught elsewhere; A is then the position of codes along them.
        labels: a table whose row i labels row i of the sample of the experiment's seed; likewise.
        method: of `directions.METHODS`.
        refits: how often directions are found again, to see how much of a figure is theirs; 0 takes them as they are.

    Returns:
        For each pair what moved, what is explained and the excess, with intervals, by scorer and judge.

    Raises:
        UnknownNameError: for an unknown name or method.
        ScoreError: where nothing can be changed or watched.
        SettingError: for numbers outside their range, or two kinds of A at once.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(attributes=("red", "round"), cosine=0.5)
        >>> experiment = ga.Experiment(toy, OracleScorer(toy))
        >>> found = ga.study_bias(experiment, ["red"], ["round"], n=400, images=60, refits=2)
        >>> round(found.worst.moved.value, 1)
        0.5
    """
    if n < 50 or images < 10 or refits < 0 or refits == 1:
        raise SettingError(
            f"{n} images with {images} to edit and {refits} refits are too few; give at least 50 and 10, and 0 or 2 "
            "refits or more"
        )
    if directions is not None and labels is not None:
        raise SettingError("directions and labels are two kinds of what to change; give one of them")
    reader = FactorAttributes(experiment.image_scorer)
    judge = None if experiment.judge is None else FactorAttributes(experiment.judge.scorer)
    given = directions if directions is not None else labels
    asked = _asked(change, watch, reader, given)
    unlabelled = _unlabelled(data, *asked)
    both, space = JointScorer(reader, judge), experiment.space if directions is None else directions.space
    experiment = replace(experiment, scorer=both, judge=None, space=space)  # with a clock of its own
    seen = experiment.survey(n)
    changes, watched = _chosen(experiment, seen, reader, asked, given=given, method=method)
    bench = Workbench(experiment=experiment, reader=both, survey=seen, codes=experiment.sample(images))
    left_out: dict[str, str] = {}
    edits: list[Edited] = []
    with experiment.stage("editing") as advance:
        for done, it in enumerate(changes):
            edited = bench.edit(it, refits=refits)
            advance(done + 1, len(changes))
            if isinstance(edited, str):
                left_out[it.name] = edited
            else:
                edits.append(edited)
    if not edits:
        raise ScoreError("; ".join(f"{name}: {why}" for name, why in left_out.items()))
    correlate = _Correlations(data)
    readings = {SCORER: _read(bench, edits, watched, correlate, prefix="")}
    if judge is not None:
        readings[JUDGE] = _read(bench, edits, watched, correlate, prefix=JUDGED)
    references = {DATA: f"labels of {len(data):,} images"} if data is not None else {}
    return BiasStudy(
        signature=experiment.generator.signature,
        method="given" if directions is not None else method,
        readings=readings,
        readers={SCORER: reader.description} | ({JUDGE: judge.description} if judge else {}),
        references={**references, IMAGES: f"{n:,} generated images"},
        left_out=left_out,
        unlabelled=unlabelled,
        sigmas={it.change.name: it.sigmas for it in edits},
        shown={it.change.name: (bench.codes[:SHOWN], it.after[:SHOWN]) for it in edits},
        num_images=images,
        num_surveyed=n,
        refits=refits,
        seed=experiment.seed,
        seconds=dict(experiment.clock.seconds),
    )


class _Correlations:
    """Correlations of the normals behind columns, each computed once."""

    def __init__(self, data: LabelTable | None) -> None:
        self.data = data
        self._names = {} if data is None else _by_name(data)
        self._known: dict[tuple[str, str], LatentCorrelation] = {}

    def of_data(self, first: str, second: str) -> LatentCorrelation:
        """In the labels; nan where one has none."""
        if self.data is None or not {plain(first), plain(second)} <= self._names.keys():
            return LatentCorrelation(value=math.nan, error=math.nan)
        one, other = sorted(self._names[plain(name)] for name in (first, second))
        key = (one, other)
        if key not in self._known:
            self._known[key] = latent_correlation(*(self.data.column(name).double().numpy() for name in key))
        return self._known[key]


def _read(
    bench: Workbench,
    edits: Sequence[Edited],
    watched: Mapping[str, Kind],
    correlate: _Correlations,
    *,
    prefix: str,
) -> tuple[Link, ...]:
    """All pairs by one reader, whose columns begin with this prefix."""
    names, columns = bench.reader.names, bench.survey.scores
    redrawn = [
        {
            name: bench.trait(prefix + name, kind, rows=rows)
            for name, kind in watched.items()
            if prefix + name in names
        }
        for rows in bench.resamples
    ]
    draws, of_all, kept = [], [], []
    for row, it in enumerate(edits):
        change = it.change
        others = [name for name in watched if name != change.name and prefix + name in names]
        own = prefix + change.name
        if not others or (change.kind is not Kind.POSITION and own not in names):
            continue
        first = bench.trait(own, change.kind, change.direction)
        traits = [bench.trait(prefix + name, watched[name]) for name in others]
        seen, again = _seen(bench, it, own, [prefix + name for name in others])
        of_images = [
            latent_correlation(_raw(bench, first, change), columns.column(trait.name).double().numpy())
            for trait in traits
        ]
        correlations = {IMAGES: of_images}
        if correlate.data is not None:
            correlations[DATA] = [correlate.of_data(change.name, name) for name in others]
        seed = bench.experiment.seed + 1
        resampled = [
            (bench.trait(own, change.kind, change.direction, rows=rows), [known[name] for name in others])
            for rows, known in zip(bench.resamples, redrawn, strict=True)
        ]
        draws.append(
            draw_figures(
                first,
                traits,
                seen,
                again,
                correlations,
                resampled=resampled,
                inflation=INFLATION,
                seed=seed + row,
            )
        )
        of_all.append(correlations)
        kept.append((change, first, traits, others, seen))
    links = []
    for (change, first, traits, others, seen), drawn, found in zip(
        kept, draws, explain(draws, of_all), strict=True
    ):
        step = (first.amounts(seen.changed[1]) - first.amounts(seen.changed[0])).mean()
        for j, (name, trait, moved) in enumerate(zip(others, traits, moved_by(drawn), strict=True)):
            away = trait.amounts(seen.watched[1][:, j]) - trait.amounts(seen.watched[0][:, j])
            links.append(
                Link(
                    change=change.name,
                    watch=name,
                    kinds=(change.kind, trait.kind),
                    step=(float(step), float(away.mean())),
                    moved=moved,
                    explained=found[j],
                )
            )
    return tuple(links)


def _raw(bench: Workbench, first: Trait, change: Change) -> Numbers:
    """A in the images of the survey, as it was read."""
    if change.kind is Kind.POSITION:
        return position(bench.survey.latents, change.direction).cpu().double().numpy()
    return bench.survey.scores.column(first.name).double().numpy()


def _seen(bench: Workbench, it: Edited, own: str, others: Sequence[str]) -> tuple[Seen, list[Seen]]:
    """The columns of A and of every B, in all images and in those of directions that were found again."""
    names = bench.reader.names
    columns = [names.index(name) for name in others]
    was_there = position(bench.codes, it.change.direction).cpu().double().numpy()

    def seen(after: Numbers, positions: Numbers) -> Seen:
        n, before = len(after), bench.before
        if it.change.kind is Kind.POSITION:
            changed = (was_there[:n], positions)
        else:
            changed = (before[:n, names.index(own)], after[:, names.index(own)])
        return Seen(changed=changed, watched=(before[:n][:, columns], after[:, columns]))

    return seen(it.read, it.positions), [seen(*part) for part in it.again]


def _asked(
    change: Iterable[str] | None,
    watch: Iterable[str] | None,
    reader: FactorAttributes,
    given: Directions | TableScorer | None,
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """The names that were asked for, known ones; of directions or labels that are given, all by default."""
    change, watch = (None if it is None else check_names(it) for it in (change, watch))
    if given is not None:
        change = tuple(given.names if change is None else given.select(change).names)
    elif change is not None:
        reader.select(change)
    if watch is not None:
        reader.select(watch)
    if change is not None and watch is not None and set(change) == set(watch) and len(set(change)) == 1:
        raise SettingError(f"{change[0]} is changed and watched; watch another attribute")
    return change, watch


def _unlabelled(
    data: LabelTable | None, change: tuple[str, ...] | None, watch: tuple[str, ...] | None
) -> tuple[str, ...]:
    """The names that the data have no label of; refuses labels that know none of those that were asked for."""
    names = tuple(dict.fromkeys((*(change or ()), *(watch or ()))))
    if data is None:
        return ()
    known = _by_name(data)
    missing = tuple(name for name in names if plain(name) not in known)
    if missing and len(missing) == len(names):
        raise UnknownNameError("label of the data", missing[0], data.names)
    return missing


def _by_name(data: LabelTable) -> dict[str, str]:
    """The labels by their plain names."""
    return {plain(name): name for name in data.names}


def plain(name: str) -> str:
    """A name as words are compared: "wavy hair" is the label Wavy_Hair.

    >>> plain("Wavy_Hair")
    'wavy hair'
    """
    return name.replace("_", " ").casefold()


def _chosen(
    experiment: Experiment,
    seen: Survey,
    reader: FactorAttributes,
    asked: tuple[tuple[str, ...] | None, tuple[str, ...] | None],
    *,
    given: Directions | TableScorer | None,
    method: str,
) -> tuple[list[Change], dict[str, Kind]]:
    """Everything to change, with directions, and everything to watch."""
    change, watch = asked
    if change is None or watch is None:
        own = replace(seen.in_memory(), scores=seen.scores.select(reader.scorer.names))
        names = choose(own).measured
        change, watch = change or names, watch or names
    watched = {name: kind_of(name, reader) for name in watch}
    settings = {"method": method, "subset": SUBSET, "seed": experiment.seed}
    with experiment.stage("directions"):
        if isinstance(given, Directions):
            return taught_changes(given.select(change)), watched
        if given is not None:
            rows = _labelled(experiment, given)
            return found_changes(rows, dict.fromkeys(change, Kind.POSITION), **settings), watched
        return found_changes(seen, {name: kind_of(name, reader) for name in change}, **settings), watched


def _labelled(experiment: Experiment, labels: TableScorer) -> Survey:
    """The codes that the rows of a table label, with their labels."""
    space = experiment.editing_space
    rows = survey(
        experiment.generator,
        labels,
        n=labels.num_rows or 0,
        space=space,
        seed=experiment.seed,
        batch_size=experiment.batch_size,
        truncation_psi=experiment.psi(space),
    )
    return rows.labelled(labels.names)

"""The comparison: every method finds and edits with the same budget, measured in the same images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from torch import Tensor

from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.experiments.base import Experiment, on_workers
from ganatomy.experiments.compare import chance, curves
from ganatomy.experiments.compare.budget import Budget, Found
from ganatomy.experiments.compare.comparison import Comparison
from ganatomy.experiments.compare.contestants import CONTESTANTS, Contestant
from ganatomy.experiments.compare.editing import Editor, MethodResult, find
from ganatomy.experiments.compare.own_factors import NO_FACTORS, OwnFactors, find_own_factors
from ganatomy.metrics.fresh_images import Readers
from ganatomy.perception.features import network_of
from ganatomy.perception.perceptual import look
from ganatomy.progress import part_of
from ganatomy.surveys import choose

NUM_ATTRIBUTES = 8
"""Attributes that are edited by default, few enough for minutes; all others are measured and held as well."""
BALANCED = (0.2, 0.8)
"""Shares of images between which an attribute is chosen first: rarer ones often cannot be changed far enough."""
FEWEST_CODES, FEWEST_IMAGES = 100, 4
NO_FEATURES = "this scorer has no features that could be compared; an attribute network of ganatomy has"


@on_workers
def compare(
    experiment: Experiment,
    *,
    n: int = 1500,
    images: int = 36,
    attributes: Iterable[str] | None = None,
    methods: Sequence[str] | None = None,
    target_change: float = 0.25,
    factors: OwnFactors | None = None,
    identity: Callable[[Tensor], Tensor] | None = None,
) -> Comparison:
    """Let every method of finding directions and of editing with them work on the same survey and the same images.

    Every edit changes the mean probability of its attribute by `target_change`; what else changes is compared. Methods
    that do not apply to a generator or a scorer are left out, with the reason.

    Args:
        experiment: generator, scorer, judge and how codes are drawn.
        n: codes that methods learn from, those held out included.
        images: that are edited; no method has learnt from them.
        attributes: to edit; by default `NUM_ATTRIBUTES`, from common to rare. All that 3 to 97 % of the images have are
            measured and held.
        methods: names of `CONTESTANTS`; by default all.
        target_change: of the mean probability of each attribute.
        factors: of the images; by default exact for `drawn`, and as networks read them that learnt drawn faces.
        identity: from images to features that an edit should keep; by default those of the scorer, where it has some.

    Returns:
        What every method found and changed, with the ranking.

    Raises:
        UnknownNameError: for a method or an attribute that does not exist.
        ScoreError: for fewer than two attributes, a table of labels, and scores that are not numbers.
        SettingError: for numbers outside their range, and where no method applies.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(seed=0)
        >>> experiment = ga.Experiment(toy, OracleScorer(toy))
        >>> found = ga.compare(experiment, n=200, images=8, methods=["regression", "dual"])
        >>> found.ranking
        ('dual', 'regression')
    """
    contestants = _contestants(methods)
    scorer = experiment.image_scorer
    check_sizes(n=n, images=images, target_change=target_change)
    experiment = experiment.begin()
    seen = experiment.survey(n)
    chosen = choose(seen, None if attributes is None else scorer.select(attributes).names)
    names = (
        chosen.edited
        if attributes is not None
        else spread({name: seen.prevalence[name] for name in chosen.measured}, NUM_ATTRIBUTES)
    )
    with experiment.stage("survey"):
        factors = factors or find_own_factors(experiment)
    readers = readers_of(experiment, chosen.measured, factors=factors, identity=identity)
    budget = Budget.of(experiment, seen, chosen.measured)
    with experiment.stage("finding") as advance:
        found, left_out = find(budget, contestants, advance=advance)
        editor = Editor.of(budget, readers, n=images)
    edited = edit_all(experiment, budget, editor, contestants, found, change=target_change, names=names)
    with experiment.stage("target change") as advance:
        trades = curves.trade_all(editor, edited.results, target_change, advance=advance)
    few = editor.images.first(chance.NUM_IMAGES)
    with experiment.stage("labels") as advance:
        learning = curves.learn_all(budget, few, found, target_change, names=names, advance=advance)
    with experiment.stage("chance") as advance:
        by_chance = chance.chance_of(budget, few, edited.results, target_change, advance=advance)
    return replace(
        edited,
        left_out=left_out,
        not_measured=_not_measured(readers),
        factors=factors,
        chance=by_chance,
        trades=trades,
        learning=learning,
        seconds=dict(experiment.clock.seconds),
    )


def edit_all(
    experiment: Experiment,
    budget: Budget,
    editor: Editor,
    contestants: Mapping[str, Contestant],
    found: Mapping[str, Found],
    *,
    change: float,
    names: Sequence[str],
) -> Comparison:
    """Every method's edits of these attributes in the same images; all other attributes count as changed."""
    results = {}
    with experiment.stage("editing") as advance:
        for index, (name, own) in enumerate(found.items()):
            contestant, part = contestants[name], part_of(advance, index, len(found))
            edits, changes = editor.edit(contestant, own.directions, change, names=names, advance=part)
            along = None if own.directions is None else budget.along(own.directions)
            results[name] = MethodResult(
                contestant=contestant, found=own, along=along, edits=edits, changes=changes
            )
        advance(1, 1)
    return Comparison(
        signature=experiment.generator.signature,
        fingerprint=experiment.generator.fingerprint,
        scorer=experiment.image_scorer.description,
        judge=experiment.judge and experiment.judge.description,
        survey=budget.survey,
        held=budget.held,
        latents=editor.images.codes(),
        target_change=change,
        results=results,
        features=editor.images.readers.features,
        guided_by=editor.guided_by,
    )


def check_sizes(*, n: int, images: int, target_change: float) -> None:
    """Refuse too few codes or images, and a change that not every mean probability can make.

    Raises:
        SettingError: for such numbers.
    """
    if n < FEWEST_CODES or images < FEWEST_IMAGES or not 0 < target_change < 0.5:
        raise SettingError(
            f"cannot compare on {n} codes, {images} images and a target change of {target_change:g}; give "
            f"{FEWEST_CODES} and {FEWEST_IMAGES} or more, and a change between 0 and 0.5"
        )


def readers_of(
    experiment: Experiment,
    names: Sequence[str],
    *,
    factors: OwnFactors | None = None,
    identity: Callable[[Tensor], Tensor] | None = None,
) -> Readers:
    """What reads the edited images: scorer, judge, factors, and features of the scorer's network, where it has some."""
    scorer = experiment.image_scorer
    network = network_of(scorer)
    given = "features that were given" if identity else ""
    return Readers(
        scorer=scorer.select(names),
        judge=experiment.judge,
        factors=None if factors is None else factors.reader.scorer,
        identity=identity or (network and network.features),
        appearance=network and partial(look, network),
        features=given if network is None else f"the trunk of the {network.description}",
    )


def _contestants(methods: Sequence[str] | None) -> dict[str, Contestant]:
    """The methods that were named, in the order of the table."""
    for method in methods or ():
        if method not in CONTESTANTS:
            raise UnknownNameError("method", method, CONTESTANTS)
    return {name: it for name, it in CONTESTANTS.items() if methods is None or name in methods}


def _not_measured(readers: Readers) -> dict[str, str]:
    """Measures that do not apply, and why."""
    reasons = {
        "factor selectivity": None if readers.factors else NO_FACTORS,
        "identity": None if readers.identity else NO_FEATURES,
        "perceptual distance": None if readers.appearance else NO_FEATURES,
    }
    return {measure: why for measure, why in reasons.items() if why}


def spread(shares: Mapping[str, float], count: int) -> tuple[str, ...]:
    """A few attributes from common to rare, in their order; balanced ones where there are enough.

    >>> spread({"a": 0.5, "b": 0.05, "c": 0.3, "d": 0.7, "e": 0.25}, 2)
    ('a', 'e')

    Args:
        shares: attribute to the share of images that have it.
        count: attributes.
    """
    balanced = [name for name, share in shares.items() if BALANCED[0] <= share <= BALANCED[1]]
    pool = balanced if len(balanced) >= count else list(shares)
    order = sorted(pool, key=lambda name: abs(shares[name] - 0.5))
    places = np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)
    chosen = {order[place] for place in places}
    return tuple(name for name in shares if name in chosen)

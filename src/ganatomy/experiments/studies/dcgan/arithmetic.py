"""Vector arithmetic and turn vectors (DCGAN, section 6.3.2): means of codes added, subtracted, and moved along.

DCGAN found that single exemplars are unstable and means of three are not. Here both are drawn many times; single ones
also with their sum brought to the usual length, for a sum of three codes is longer than a code that was drawn.

DCGAN turned heads in random samples along the mean of four codes of one side less the mean of four of the other. Here
each draw has a vector and a sample of its own, so that draws are independent; a vector between eight random codes is as
long and shows what chance does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.edits import arithmetic, neighbours, turn
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.studies.dcgan.concepts import Concept, Family, TurnVector, VectorSum
from ganatomy.latents import Latents, Space
from ganatomy.perception.base import Scores
from ganatomy.perception.quantities import QuantityScorer
from ganatomy.progress import Advance, part_of
from ganatomy.statistics.intervals import Estimate, difference, mean_of, share_of
from ganatomy.surveys import Survey
from ganatomy.workers import read_images

NUM_EXEMPLARS = 3
"""Of each concept in a sum."""
NOISE = 0.25
"""Uniform noise that is added to each number of a result in z; elsewhere in standard deviations of codes."""
AROUND = 8
"""Images around a result, as in DCGAN's figure."""
NUM_AROUND = 50
"""Results with images around them."""
SHOWN = 8
"""Results of each method that are shown side by side."""
THREE, ONE, SHORTENED, LAST = "three", "one", "one, shortened", "last concept alone"
METHODS = {
    THREE: "mean of three exemplars each",
    ONE: "one exemplar each",
    SHORTENED: "one each, result brought to the usual length",
    LAST: "no sum: mean of three of the last concept",
}
ROLES = ("first", "subtracted", "second", "another", "unclear")
"""What the class of a result can be in a sum of classes; unclear where no class is likelier than one half."""

NUM_CODES = 4
"""Of each side of a turn vector."""
STATIONS = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""How far samples are moved, where 1 is the distance from one side's mean to the other's."""
SHOWN_STATIONS = (-1.0, -2 / 3, -1 / 3, 0.0, 1 / 3, 2 / 3, 1.0)
NUM_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came out of n sums, made by one method.

    Args:
        n: sums.
        length: of the resulting codes, in usual lengths.
        wanted: share of results that show what they should.
        carried: share that shows what was to be carried over.
        kept: share that stays on the side that it was carried to.
        roles: for sums of classes, the share of results of each class by its role.
        steady: share of the images around a result that show the same as it; None where none were made.
    """

    n: int
    length: float
    wanted: Estimate | None = None
    carried: Estimate | None = None
    kept: Estimate | None = None
    roles: Mapping[str, Estimate]
    steady: Estimate | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Exhibit:
    """One sum, laid out as in DCGAN: three exemplars of each concept, their means, the result and eight around it."""

    sum: VectorSum
    exemplars: Latents
    means: Latents
    results: Latents


@dataclass(frozen=True, kw_only=True, eq=False)
class Sums:
    """The sums of one family, each draw with exemplars of its own.

    Args:
        family: of the sums.
        outcomes: by method, see `METHODS`.
        random: what random images show, each compared with one of the sums.
        exhibit: the first draw.
        shown: results of the same first draws, by method.
    """

    family: Family[VectorSum]
    outcomes: Mapping[str, Outcome]
    random: Outcome
    exhibit: Exhibit
    shown: Mapping[str, Latents]

    def __str__(self) -> str:
        three, one = self.outcomes[THREE], self.outcomes[ONE]
        if three.wanted is None:
            roles = ", ".join(f"{role} {share}" for role, share in three.roles.items())
            return f"{self.family.title}, {three.n} times: {roles}"
        return (
            f"{self.family.title}, {three.n} times: right in {three.wanted} with means of three exemplars, "
            f"{one.wanted} with single ones, {self.random.wanted} by chance; higher is better"
        )


def add_up(
    experiment: Experiment,
    scorer: QuantityScorer,
    survey: Survey,
    family: Family[VectorSum],
    *,
    n: int = 200,
    advance: Advance | None = None,
) -> Sums:
    """Make n sums of a family by each method, of exemplars in the survey, and score the results."""
    rng = np.random.default_rng((experiment.seed, 1))
    drawn = [family.members[k] for k in rng.integers(len(family.members), size=n)]
    codes = survey.latents.codes
    middle = codes.mean(0)
    usual = float((codes - middle).flatten(1).norm(dim=1).median())
    noise = NOISE if survey.space == Space.Z else NOISE * float(codes.std(0).mean())

    def some(concept: Concept, num: int) -> Latents:
        """Random exemplars."""
        rows = concept.exemplars(survey.scores)
        return survey.latents[rows[torch.from_numpy(rng.permutation(len(rows))[:num])]]

    # Taking the last concept alone means something only where there is a right answer.
    methods = [method for method in METHODS if method != LAST or any(it.wanted for it in family.members)]
    outcomes, shown, exhibits = {}, {}, []
    for place, method in enumerate(methods):
        num = NUM_EXEMPLARS if method in (THREE, LAST) else 1
        baskets = [[some(concept, num) for concept in it.concepts] for it in drawn]
        results = Latents.cat(
            arithmetic([a, c], [b]) if method != LAST else arithmetic([c]) for a, b, c in baskets
        )
        if method == SHORTENED:
            results = _of_length(results, middle, usual)
        every = results
        if method in (THREE, ONE):
            around = neighbours(results[:NUM_AROUND], n=AROUND + 1, scale=noise, seed=experiment.seed)
            every = Latents.cat([results, around])
        if method == THREE:
            exhibits.append(
                Exhibit(
                    sum=drawn[0],
                    exemplars=Latents.cat(baskets[0]),
                    means=Latents.cat(arithmetic([basket]) for basket in baskets[0]),
                    results=every[n : n + AROUND + 1],
                )
            )
        scores = _scored(experiment, scorer, every, part_of(advance, place, len(methods)))
        lengths = (results.codes - middle).flatten(1).norm(dim=1)
        outcomes[method] = _outcome(drawn, scores, scorer, length=float(lengths.median()) / usual)
        shown[method] = results[:SHOWN]
    against = [drawn[k] for k in rng.integers(n, size=len(survey))]
    return Sums(
        family=family,
        outcomes=outcomes,
        random=_outcome(against, survey.scores, scorer, length=1.0),
        exhibit=exhibits[0],
        shown=shown,
    )


def _scored(experiment: Experiment, scorer: QuantityScorer, codes: Latents, advance: Advance) -> Scores:
    [logits] = read_images(
        experiment.generator, codes, scorer, batch_size=experiment.batch_size, progress=advance
    )
    return Scores(names=scorer.names, logits=logits)


def _outcome(drawn: Sequence[VectorSum], scores: Scores, scorer: QuantityScorer, *, length: float) -> Outcome:
    """Of the scores of results, followed by those of the images around the first of them."""
    n, shows, steady = len(drawn), _shows(drawn, scores, scorer), None
    if len(scores) > n:
        num = (len(scores) - n) // (AROUND + 1)
        repeated = [it for it in drawn[:num] for _ in range(AROUND + 1)]
        around = _shows(repeated, scores[n:], scorer).unflatten(0, (num, AROUND + 1))
        steady = mean_of((around[:, 1:] == around[:, :1]).all(2).double().mean(1))
    if drawn[0].wanted is None:
        return Outcome(n=n, length=length, roles=_roles(drawn, shows, scorer.attributes), steady=steady)
    carried, kept, wanted = (share_of(int(it.sum()), n) for it in (*shows.T, shows.all(1)))
    return Outcome(n=n, length=length, wanted=wanted, carried=carried, kept=kept, roles={}, steady=steady)


def _shows(drawn: Sequence[VectorSum], scores: Scores, scorer: QuantityScorer) -> Bool[Tensor, "n s"]:
    """Whether each image shows each of the sides that are wanted; in a sum of classes, each class."""
    if drawn[0].wanted is None:
        logits = scores.logits[: len(drawn), : len(scorer.attributes)]
        return (logits > 0) & (logits == logits.amax(1, keepdim=True))
    columns = {name: place for place, name in enumerate(scores.names)}
    sides = [it.wanted.sides for it in drawn if it.wanted is not None]
    places = torch.tensor([[columns[name] for name, _ in it] for it in sides])
    return (scores.logits[: len(drawn)].gather(1, places) > 0) == torch.tensor(
        [[on for _, on in it] for it in sides]
    )


def _roles(
    drawn: Sequence[VectorSum], shows: Bool[Tensor, "n c"], names: tuple[str, ...]
) -> dict[str, Estimate]:
    """How often the class of a result has each role."""
    found = []
    for it, shown in zip(drawn, shows, strict=True):
        classes = [concept.sides[0][0] for concept in it.concepts]
        name = names[int(shown.int().argmax())]
        role = ROLES[classes.index(name)] if name in classes else "another"
        found.append(role if shown.any() else "unclear")
    return {role: share_of(found.count(role), len(found)) for role in ROLES}


def _of_length(latents: Latents, middle: Float[Tensor, "*shape"], usual: float) -> Latents:
    """The same codes at the usual distance from the mean code."""
    away = latents.codes - middle.to(latents.codes)
    norms = away.flatten(1).norm(dim=1).reshape(-1, *[1] * (away.ndim - 1))
    return latents.with_codes(middle.to(latents.codes) + away * usual / norms)


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """How n vectors turned n random samples.

    Args:
        n: of both.
        right: share of samples whose score is higher at the end than at the beginning.
        over: share that is on one side at the beginning, and on the other at the end.
        scores: mean score at each of `STATIONS`, as a logit.
    """

    n: int
    right: Estimate
    over: Estimate
    scores: tuple[Estimate, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Turned:
    """One family of turns.

    Args:
        family: of the vectors.
        chosen: vectors between exemplars of both sides.
        by_chance: vectors between random codes.
        shown: random samples turned by the vector of the first draw.
        shown_turn: that vector's name.
    """

    family: Family[TurnVector]
    chosen: Reliability
    by_chance: Reliability
    shown: Latents
    shown_turn: str

    @property
    def gain(self) -> Estimate:
        """By how much more often the score goes the right way than by chance."""
        return difference(self.chosen.right, self.by_chance.right)


def turn_samples(
    experiment: Experiment,
    scorer: QuantityScorer,
    survey: Survey,
    family: Family[TurnVector],
    *,
    n: int = 200,
    advance: Advance | None = None,
) -> Turned:
    """Turn n random samples, each along a vector of its own between codes of the survey, and score each station."""
    rng = np.random.default_rng((experiment.seed, 2))
    turns = [family.members[k] for k in rng.integers(len(family.members), size=n)]
    samples = experiment.generator.sample(
        n,
        seed=experiment.seed + 2,
        space=survey.space,
        truncation_psi=experiment.truncation_psi,
    )

    def some(concept: Concept | None) -> Latents:
        """Four exemplars, or four random codes."""
        rows = torch.arange(len(survey)) if concept is None else concept.exemplars(survey.scores)
        return survey.latents[rows[torch.from_numpy(rng.permutation(len(rows))[:NUM_CODES])]]

    vectors = [(some(it.plus), some(it.minus)) for it in turns]
    found = []
    for place, sides in enumerate((vectors, [(some(None), some(None)) for _ in turns])):
        walked = Latents.cat(turn(samples[row], *side, STATIONS) for row, side in enumerate(sides))
        scores = _scored(experiment, scorer, walked, part_of(advance, place, 2))
        found.append(_reliability(turns, scores, experiment.seed))
    return Turned(
        family=family,
        chosen=found[0],
        by_chance=found[1],
        shown=turn(samples[:NUM_SHOWN], *vectors[0], SHOWN_STATIONS),
        shown_turn=str(turns[0]),
    )


def _reliability(turns: list[TurnVector], scores: Scores, seed: int) -> Reliability:
    n, stations = len(turns), len(STATIONS)
    rows = [it.of(scores[row * stations : (row + 1) * stations]) for row, it in enumerate(turns)]
    along: Float[Tensor, "n s"] = torch.stack(rows)
    first, last = scores[::stations], scores[stations - 1 :: stations]
    over = sum(bool(it.minus.holds(first[row]) & it.plus.holds(last[row])) for row, it in enumerate(turns))
    return Reliability(
        n=n,
        right=share_of(int((along[:, -1] > along[:, 0]).sum()), n),
        over=share_of(over, n),
        scores=tuple(mean_of(column, seed=seed) for column in along.T),
    )

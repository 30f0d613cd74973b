"""Vector arithmetic (DCGAN, section 6.3.2): the mean codes of exemplars, added and taken away, and what comes out.

DCGAN found that single exemplars are unstable and means of three are not. Here both are drawn many times; single ones
also with their sum brought to the usual length, for a sum of three codes is longer than a code that was drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.edits import arithmetic, neighbours
from ganatomy.experiments.studies.dcgan.concepts import Concept, Family, Sum
from ganatomy.experiments.studies.dcgan.sight import Sight
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents, Space
from ganatomy.metrics.base import read_images
from ganatomy.perception.base import Scores
from ganatomy.statistics.intervals import Estimate, mean_of, share_of
from ganatomy.surveys import Survey

NUM_EXEMPLARS = 3
NOISE = 0.25
"""Uniform noise that is added to each number of a result in z; elsewhere in standard deviations of codes."""
AROUND = 8
"""Images around a result, as in DCGAN's figure."""
NUM_AROUND = 50
"""Results that are looked around."""
CARRIED, KEPT = 1, 2
SHOWN = 8
"""Results of each way that are shown side by side."""

THREE, ONE, SHORTENED, LAST = "three", "one", "one, shortened", "last concept alone"
WAYS = {
    THREE: "mean of three exemplars each",
    ONE: "one exemplar each",
    SHORTENED: "one each, result brought to the usual length",
    LAST: "no sum: mean of three of the last concept",
}
ROLES = ("first", "taken away", "second", "another", "unclear")
"""What the class of a result can be in a sum of classes; unclear where no class is likelier than one half."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came out of n sums, made one way.

    Args:
        wanted: share that is what it should be. carried, kept: share that has each of both sides of that.
        roles: for sums of classes, the share of results of each class by its role.
        steady: of the images around a result, the share that shows the same as it; None where none were made.
        length: of the codes, in usual lengths.
    """

    n: int
    wanted: Estimate | None
    carried: Estimate | None
    kept: Estimate | None
    roles: Mapping[str, Estimate]
    steady: Estimate | None
    length: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Exhibit:
    """One sum, laid out as in DCGAN: three exemplars of each concept, their means, the result and eight around it."""

    sum: Sum
    exemplars: Latents
    means: Latents
    results: Latents


@dataclass(frozen=True, kw_only=True, eq=False)
class Sums:
    """The sums of one family, each draw with exemplars of its own.

    Args:
        outcomes: by way, see `WAYS`. chance: share of random images that are what a sum should give.
        roles_by_chance: the same for classes in sums of classes.
        shown: results of the same first draws, by way.
    """

    family: Family
    outcomes: Mapping[str, Outcome]
    chance: Estimate | None
    roles_by_chance: Mapping[str, Estimate]
    exhibit: Exhibit
    shown: Mapping[str, Latents]

    def __str__(self) -> str:
        three, one = self.outcomes[THREE], self.outcomes[ONE]
        if three.wanted is None:
            roles = ", ".join(f"{role} {share}" for role, share in three.roles.items())
            return f"{self.family.title}, {three.n} times: {roles}"
        return (
            f"{self.family.title}, {three.n} times: right in {three.wanted} with means of three exemplars, "
            f"{one.wanted} with single ones, {self.chance} by chance; higher is better"
        )


def add_up(
    generator: Generator,
    sight: Sight,
    survey: Survey,
    family: Family,
    *,
    n: int = 200,
    seed: int = 0,
    batch_size: int = 32,
    progress: Callable[[int, int], None] | None = None,
) -> Sums:
    """Make n sums of a family in each way, and let the scorer say what they are.

    Args:
        survey: the codes that exemplars are taken from, with their scores.
    """
    rng = np.random.default_rng((seed, 1))
    members = cast(tuple[Sum, ...], family.members)
    drawn = [members[k] for k in rng.integers(len(members), size=n)]
    basket = _Baskets(survey=survey, rng=rng)
    scale = NOISE if survey.latents.space == Space.Z else NOISE * float(survey.latents.codes.std(0).mean())
    middle = survey.latents.codes.mean(0)
    usual = float((survey.latents.codes - middle).flatten(1).norm(dim=1).median())

    outcomes, shown, exhibit = {}, {}, None
    for place, way in enumerate(_ways(family)):
        num = NUM_EXEMPLARS if way in (THREE, LAST) else 1
        baskets = [basket.draw(one, num) for one in drawn]
        results = Latents.cat(
            [arithmetic([a, c], [b]) if way != LAST else arithmetic([c]) for a, b, c in baskets]
        )
        if way == SHORTENED:
            results = _of_length(results, middle, usual)
        around = None
        if way in (THREE, ONE):
            around = neighbours(results[:NUM_AROUND], n=AROUND + 1, scale=scale, seed=seed)
        if way == THREE:
            assert around is not None
            exhibit = _exhibit(drawn[0], baskets[0], around[: AROUND + 1])
        every = results if around is None else Latents.cat([results, around])
        advance = _part_of(progress, place, len(_ways(family)))
        logits = read_images(
            generator, every, lambda x: sight.score(x).logits, batch_size=batch_size, progress=advance
        )
        lengths = (results.codes - middle).flatten(1).norm(dim=1)
        outcomes[way] = _outcome(
            drawn,
            Scores(names=sight.names, logits=logits[:n]),
            None if around is None else Scores(names=sight.names, logits=logits[n:]),
            num_classes=len(sight.attributes),
            length=float(lengths.median()) / usual,
        )
        shown[way] = results[:SHOWN]
    assert exhibit is not None
    chance, roles_by_chance = _by_chance(drawn, survey.scores, len(sight.attributes), rng)
    return Sums(
        family=family,
        outcomes=outcomes,
        chance=chance,
        roles_by_chance=roles_by_chance,
        exhibit=exhibit,
        shown=shown,
    )


@dataclass(frozen=True, kw_only=True)
class _Baskets:
    """Draws exemplars."""

    survey: Survey
    rng: np.random.Generator

    def draw(self, one: Sum, num: int) -> tuple[Latents, Latents, Latents]:
        first, less, second = (self._some(concept, num) for concept in one.concepts)
        return first, less, second

    def _some(self, concept: Concept, num: int) -> Latents:
        rows = concept.exemplars(self.survey.scores)
        return self.survey.latents[rows[torch.from_numpy(self.rng.permutation(len(rows))[:num])]]


def _ways(family: Family) -> list[str]:
    """All ways; taking the last concept alone says nothing where nothing is wanted."""
    scored = any(cast(Sum, member).wanted for member in family.members)
    return [way for way in WAYS if scored or way != LAST]


def _outcome(
    drawn: list[Sum], scores: Scores, around: Scores | None, *, num_classes: int, length: float
) -> Outcome:
    shows = _shows(drawn, scores, num_classes)
    roles: Mapping[str, Estimate] = {}
    wanted = carried = kept = None
    if drawn[0].wanted is None:
        roles = _roles(drawn, shows, scores.names)
    else:
        carried, kept, wanted = (
            share_of(int(((shows & bits) == bits).sum()), len(drawn))
            for bits in (CARRIED, KEPT, CARRIED | KEPT)
        )
    steady = None
    if around is not None:
        num = len(around) // (AROUND + 1)
        repeated = [one for one in drawn[:num] for _ in range(AROUND + 1)]
        same = _shows(repeated, around, num_classes).reshape(num, AROUND + 1)
        steady = mean_of((same[:, 1:] == same[:, :1]).double().mean(1))
    return Outcome(
        n=len(drawn),
        wanted=wanted,
        carried=carried,
        kept=kept,
        roles=roles,
        steady=steady,
        length=length,
    )


def _shows(drawn: list[Sum], scores: Scores, num_classes: int) -> Int[Tensor, " n"]:
    """What each image shows: the wanted sides as bits; in a sum of classes the class, -1 where unclear."""
    if drawn[0].wanted is None:
        best = scores.logits[:, :num_classes].max(1)
        return torch.where(best.values > 0, best.indices, -1)
    columns = {name: place for place, name in enumerate(scores.names)}
    found = []
    for bit, place in ((CARRIED, 0), (KEPT, 1)):
        sides = [cast(Concept, one.wanted).sides[place] for one in drawn]
        logits = scores.logits[torch.arange(len(drawn)), torch.tensor([columns[name] for name, _ in sides])]
        found.append(bit * ((logits > 0) == torch.tensor([on for _, on in sides])).long())
    return found[0] + found[1]


def _roles(drawn: list[Sum], shows: Int[Tensor, " n"], names: tuple[str, ...]) -> dict[str, Estimate]:
    """How often the class of a result has each role."""
    found = []
    for one, shown in zip(drawn, shows.tolist(), strict=True):
        classes = [concept.sides[0][0] for concept in one.concepts]
        name = None if shown < 0 else names[shown]
        found.append(
            "unclear" if name is None else ROLES[classes.index(name)] if name in classes else "another"
        )
    return {role: share_of(found.count(role), len(found)) for role in ROLES}


def _by_chance(
    drawn: list[Sum], scores: Scores, num_classes: int, rng: np.random.Generator
) -> tuple[Estimate | None, Mapping[str, Estimate]]:
    """What random images show, as many as were looked at, each held against one of the sums."""
    against = [drawn[k] for k in rng.integers(len(drawn), size=len(scores))]
    seen = _outcome(against, scores, None, num_classes=num_classes, length=1.0)
    return seen.wanted, seen.roles


def _exhibit(one: Sum, baskets: tuple[Latents, Latents, Latents], results: Latents) -> Exhibit:
    means = Latents.cat([arithmetic([basket]) for basket in baskets])
    return Exhibit(sum=one, exemplars=Latents.cat(baskets), means=means, results=results)


def _of_length(latents: Latents, middle: Float[Tensor, "*shape"], usual: float) -> Latents:
    """The same codes at the usual distance from the mean code."""
    away = latents.codes - middle.to(latents.codes)
    norms = away.flatten(1).norm(dim=1).reshape(-1, *[1] * (away.ndim - 1))
    return latents.with_codes(middle.to(latents.codes) + away * usual / norms)


def _part_of(
    progress: Callable[[int, int], None] | None, place: int, parts: int
) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    return lambda done, total: progress(place * total + done, parts * total)

"""Turn vectors (DCGAN, section 6.3.2): the mean of four codes of one side less the mean of four of the other.

DCGAN turned heads so in random samples. Here each draw has a vector and a sample of its own, so that draws are
independent; a vector between eight codes that nobody chose is as long and says what chance does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.edits import turn
from ganatomy.experiments.studies.dcgan.concepts import Concept, Family, Turn
from ganatomy.experiments.studies.dcgan.sight import Sight
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents
from ganatomy.metrics.base import read_images
from ganatomy.perception.base import Scores
from ganatomy.statistics.intervals import Estimate, difference, mean_of, share_of
from ganatomy.surveys import Survey

NUM_CODES = 4
"""Of each side."""
STATIONS = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""How far samples are taken, where 1 is the way from one side's mean to the other's."""
SHOWN_STATIONS = (-1.0, -2 / 3, -1 / 3, 0.0, 1 / 3, 2 / 3, 1.0)
NUM_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """How n vectors turned n random samples.

    Args:
        right: share of samples whose score is higher at the end than at the beginning.
        over: share that is clearly turned over: on one side at the beginning, on the other at the end.
        scores: mean score at each station, as a logit.
    """

    n: int
    right: Estimate
    over: Estimate
    scores: tuple[Estimate, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Turned:
    """One family of turns.

    Args:
        chosen: vectors between exemplars of both sides. by_chance: vectors between codes that nobody chose.
        shown: random samples turned by the vector of the first draw, which `shown_turn` names.
    """

    family: Family
    chosen: Reliability
    by_chance: Reliability
    shown: Latents
    shown_turn: Turn

    @property
    def gain(self) -> Estimate:
        """By how much more often the score goes the right way than by chance."""
        return difference(self.chosen.right, self.by_chance.right)


def turn_samples(
    generator: Generator,
    sight: Sight,
    survey: Survey,
    family: Family,
    *,
    n: int = 200,
    seed: int = 0,
    truncation_psi: float = 1.0,
    batch_size: int = 32,
    progress: Callable[[int, int], None] | None = None,
) -> Turned:
    """Turn n random samples, each along a vector of its own, and score them on the way.

    Args:
        survey: the codes that both sides are taken from, with their scores. seed: of the samples and of all choices.
    """
    rng = np.random.default_rng((seed, 2))
    members = cast(tuple[Turn, ...], family.members)
    turns = [members[k] for k in rng.integers(len(members), size=n)]
    space = survey.latents.space
    samples = generator.sample(n, seed=seed + 2, space=space, truncation_psi=truncation_psi)

    def some(concept: Concept | None) -> Latents:
        """Four exemplars, or four codes that nobody chose."""
        rows = torch.arange(len(survey)) if concept is None else concept.exemplars(survey.scores)
        return survey.latents[rows[torch.from_numpy(rng.permutation(len(rows))[:NUM_CODES])]]

    vectors = [(some(one.plus), some(one.minus)) for one in turns]
    found = []
    for place, sides in enumerate((vectors, [(some(None), some(None)) for _ in turns])):
        walked = Latents.cat(
            [turn(samples[row], plus, minus, STATIONS) for row, (plus, minus) in enumerate(sides)]
        )
        logits = read_images(
            generator,
            walked,
            lambda x: sight.score(x).logits,
            batch_size=batch_size,
            progress=None
            if progress is None
            else lambda done, total, before=place: progress(before * total + done, 2 * total),
        )
        found.append(_reliability(turns, Scores(names=sight.names, logits=logits), seed))
    plus, minus = vectors[0]
    return Turned(
        family=family,
        chosen=found[0],
        by_chance=found[1],
        shown=turn(samples[:NUM_SHOWN], plus, minus, SHOWN_STATIONS),
        shown_turn=turns[0],
    )


def _reliability(turns: list[Turn], scores: Scores, seed: int) -> Reliability:
    n, stations = len(turns), len(STATIONS)
    rows = [one.of(scores[row * stations : (row + 1) * stations]) for row, one in enumerate(turns)]
    along: Float[Tensor, "n s"] = torch.stack(rows)
    first, last = scores[::stations], scores[stations - 1 :: stations]
    over = [
        bool(one.minus.holds(first[row])) and bool(one.plus.holds(last[row])) for row, one in enumerate(turns)
    ]
    return Reliability(
        n=n,
        right=share_of(int((along[:, -1] > along[:, 0]).sum()), n),
        over=share_of(sum(over), n),
        scores=tuple(mean_of(column, seed=seed) for column in along.T),
    )

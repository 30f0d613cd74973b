"""The same edits along directions that were found again: how much of a difference between spaces is theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

from ganatomy.directions import find
from ganatomy.directions.base import HELD_OUT
from ganatomy.experiments.base import Experiment
from ganatomy.latents import Latents
from ganatomy.metrics import EditedSet, edited_set
from ganatomy.progress import Advance, part_of
from ganatomy.surveys import Survey

SUBSET = 0.9
"""Share of the survey in which directions are found again."""
INFLATION = (1 / (1 - HELD_OUT)) / (1 / ((1 - HELD_OUT) * SUBSET) - 1)
"""Variance of directions over that between those of random subsets, which share most codes (Shao and Wu 1989).

A method learns from 1 - HELD_OUT of what it is given: m of n codes vary by 1/m between surveys, 1/m - 1/n within one.
"""


def refitted_edits(
    experiment: Experiment,
    surveys: Mapping[str, Survey],
    codes: Mapping[str, Latents],
    reach: Mapping[str, Sequence[float]],
    *,
    method: str,
    num: int,
    advance: Advance,
) -> Iterator[list[tuple[EditedSet, EditedSet]]]:
    """Edits in z and in w of each attribute, for each of several random parts of the survey.

    Args:
        experiment: generator, scorer and seed.
        surveys: of both spaces.
        codes: to edit, in both spaces.
        reach: the strengths that it takes to compare edits of each attribute.
        method: by which directions are found.
        num: parts of the survey.
        advance: called with the edits done and all of them.
    """
    n, rng = len(surveys["z"]), np.random.default_rng(experiment.seed)
    for done in range(num):
        rows = torch.from_numpy(np.sort(rng.permutation(n)[: round(SUBSET * n)]))
        found = {
            space: find(it[rows], list(reach), method=method, seed=experiment.seed + 1 + done)
            for space, it in surveys.items()
        }
        pairs = []
        for index, (name, strengths) in enumerate(reach.items()):
            z, w = (
                edited_set(
                    experiment.generator,
                    experiment.image_scorer,
                    found[space].select([name]),
                    strengths=strengths,
                    codes=codes[space],
                    batch_size=experiment.batch_size,
                )
                for space in ("z", "w")
            )
            pairs.append((z, w))
            part_of(advance, done * len(reach) + index, num * len(reach))(1, 1)
        yield pairs

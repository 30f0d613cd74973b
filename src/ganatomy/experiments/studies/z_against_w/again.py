"""The same edits along directions that were found again: how much of a difference between spaces is theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch

from ganatomy.directions import find
from ganatomy.directions.base import HELD_OUT
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents
from ganatomy.metrics import EditedSet, edited_set
from ganatomy.perception.base import Scorer
from ganatomy.surveys import Survey

SUBSET = 0.9
"""Share of the survey in which directions are found again."""
INFLATION = (1 / (1 - HELD_OUT)) / (1 / ((1 - HELD_OUT) * SUBSET) - 1)
"""Variance of directions over that between those of random subsets, which share most codes (Shao and Wu 1989).

A method learns from 1 - HELD_OUT of what it is given: m of n codes vary by 1/m between surveys, 1/m - 1/n within one.
"""


def found_again(
    generator: Generator,
    scorer: Scorer,
    surveys: Mapping[str, Survey],
    codes: Mapping[str, Latents],
    reach: Mapping[str, Sequence[float]],
    *,
    method: str,
    num: int,
    seed: int,
    batch_size: int,
    report: Callable[[str, int, int], None],
) -> Iterator[list[tuple[EditedSet, EditedSet]]]:
    """Pairs of sets, in z and in w, one for each attribute, of each random part of the survey.

    Args:
        reach: the strengths that it takes to compare edits of each attribute.
    """
    n = len(surveys["z"])
    rng = np.random.default_rng(seed)
    for done in range(num):
        rows = torch.from_numpy(np.sort(rng.permutation(n)[: round(SUBSET * n)]))
        found = {
            space: find(it[rows], list(reach), method=method, seed=seed + 1 + done)
            for space, it in surveys.items()
        }
        pairs = []
        for index, (name, strengths) in enumerate(reach.items()):
            in_z, in_w = (
                edited_set(
                    generator,
                    scorer,
                    found[space].select([name]),
                    strengths=strengths,
                    codes=codes[space],
                    batch_size=batch_size,
                )
                for space in ("z", "w")
            )
            pairs.append((in_z, in_w))
            report("with other directions", done * len(reach) + index + 1, num * len(reach))
        yield pairs

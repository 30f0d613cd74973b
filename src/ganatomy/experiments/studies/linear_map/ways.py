"""Who takes part: the paper's map without and with its penalty, and our answers, each editing the same images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from ganatomy.directions import METHODS, linear_map
from ganatomy.edits import move
from ganatomy.errors import GanatomyError
from ganatomy.experiments.compare.contestants import CONTESTANTS
from ganatomy.experiments.compare.judge import Judge
from ganatomy.latents import Directions, Latents
from ganatomy.metrics import Entanglement, entanglement
from ganatomy.surveys import Survey

PLAIN, PENALISED, GUIDED = "linear", "penalty", "guided-hold"
PAPER = (PLAIN, PENALISED)
WAYS = (*PAPER, "lowdin", "dual", "held", "selective", GUIDED)
"""Names as in `comparison.CONTESTANTS`, which says in words what each is."""

NO_GRADIENTS = "gradients do not flow from these scores to codes"

Advance = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Edited:
    """What one way did: the changes of all attributes in all images, and the codes of the attribute that is shown."""

    changes: Entanglement
    codes: Latents


def what(way: str, penalty: float) -> str:
    """A way in a few words.

    >>> what("linear", 2.0), what("penalty", 2.0)
    ('linear map, no penalty', 'linear map, penalty λ = 2')
    """
    if way == PLAIN:
        return "linear map, no penalty"
    return f"linear map, penalty λ = {penalty:g}" if way == PENALISED else CONTESTANTS[way].what


def find_ways(
    seen: Survey, names: Sequence[str], *, penalty: float, seed: int, progress: Advance
) -> tuple[dict[str, Directions], dict[str, str]]:
    """The directions of every way that has some, and why others cannot take part."""
    found: dict[str, Directions] = {}
    left: dict[str, str] = {}
    ways = [way for way in WAYS if way != GUIDED]
    for done, way in enumerate(ways):
        progress(done, len(ways))
        if way == "selective" and seen.jacobians is None:
            left[way] = NO_GRADIENTS
            continue
        try:
            if way == PENALISED:
                found[way] = linear_map(seen, names, seed=seed, penalty=penalty)
            else:
                found[way] = METHODS[way](seen, names, seed=seed)
        except GanatomyError as error:
            if way in PAPER:
                raise
            left[way] = str(error)
    progress(len(ways), len(ways))
    return found, left


def step(
    judge: Judge,
    directions: Directions,
    edited: Iterable[str],
    shown: str,
    change: float,
    *,
    progress: Advance,
) -> Edited:
    """One step for all images along each direction, as long as changes its own mean probability by `change`."""
    along = directions.select(edited)
    changes = entanglement(
        judge.generator,
        judge.scorer,
        along,
        n=judge.n,
        seed=judge.seed,
        target_change=change,
        # Ways are compared at the same change, so it is worth finding the step in all images.
        num_calibration=judge.n,
        truncation_psi=judge.truncation_psi,
        batch_size=judge.batch_size,
        progress=progress,
    )
    strength = float(changes.strengths[along.names.index(shown)])
    return Edited(changes=changes, codes=move(judge.codes(directions.space), along[shown], strength))


def lead(judge: Judge, edited: Sequence[str], shown: str, change: float, *, progress: Advance) -> Edited:
    """Each image by a way of its own, the other attributes held."""
    edits = judge.lead(change, hold=True, names=tuple(edited), progress=progress)
    effects = judge.effects(edits)
    return Edited(
        changes=Entanglement(
            names=tuple(edited),
            attributes=judge.names,
            strengths=edits.turns,
            before=torch.sigmoid(judge.before.logits),
            changes=effects.changes * edits.turns[:, None, None],
            target_change=change,
            seed=judge.seed,
        ),
        codes=edits.latents[list(edited).index(shown)],
    )


def in_order(results: Mapping[str, Edited]) -> dict[str, Edited]:
    """Results in the order of `WAYS`, with one and the same reading of the images as they were.

    Two ways may have read them in other batches, which differ by rounding.
    """
    before = results[PLAIN].changes.before
    return {
        way: replace(results[way], changes=replace(results[way].changes, before=before))
        for way in WAYS
        if way in results
    }

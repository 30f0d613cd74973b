"""Tracks of sliders: how far they go from a code, and whether their ends show what the sliders are named after."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy import edits
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.explore.gallery import codes_of_seeds
from ganatomy.experiments.explore.panel import Panel
from ganatomy.generators.natural_codes import UNUSUAL, NaturalCodes, natural_codes
from ganatomy.guidance.judged import scores_of
from ganatomy.latents import Latents

LIMIT = 3.0
"""Steps each way that a slider goes at most."""
RARE = 99.0
"""Percentile of drawn codes from which a track says that images get rare."""
GRID = 0.05
"""Steps between the places of a track that are looked at: those that a slider can stand at."""
SHORTEST = 0.5
"""Steps that a slider goes at least: a track without any length could not be used."""
TRIED = range(50_000, 50_024)
"""Seeds of the images whose sliders are moved to their ends."""
ROOM = 0.02
"""An image whose score is this near to 0 or 1 cannot show that a slider lowers or raises it."""
FEWEST_WITH_ROOM = 12
"""Readings below which nothing is said of a slider's ends."""


def track(
    natural: NaturalCodes, start: Float[Tensor, " r"], way: Float[Tensor, " r"]
) -> tuple[float, float, float, float]:
    """Steps at which a code leaves `RARE` and `UNUSUAL` per cent of drawn codes, both ways; at most `LIMIT`.

    A code that lies outside already may go on until it lies further out.

    Args:
        natural: drawn codes.
        start: the code, in the coordinates of their distribution.
        way: of one step.

    Returns:
        First step, rare before, rare from, last step.
    """
    steps = torch.arange(0, LIMIT + GRID / 2, GRID, dtype=torch.float64)
    ways = natural.percentiles_along(start, way, torch.cat([-steps, steps])).chunk(2)
    low, high = ([round(last_within(steps, one, bound), 3) for bound in (UNUSUAL, RARE)] for one in ways)
    return -low[0], -low[1], high[1], high[0]


def last_within(steps: Float[Tensor, " t"], percentiles: Float[Tensor, " t"], bound: float) -> float:
    """The last step before a percentile passes the bound, or the first percentile where that is larger.

    >>> last_within(0.5 * torch.arange(4), torch.tensor([50.0, 80.0, 90.0, 99.95]), 99.9)
    1.0
    """
    outside = (percentiles > max(bound, float(percentiles[0]))).nonzero()
    last = int(outside[0]) - 1 if len(outside) else len(percentiles) - 1
    return max(SHORTEST, float(steps[last]))


@torch.no_grad()
def right_at_ends(panel: Panel, experiment: Experiment) -> Float[Tensor, " k"]:
    """How often each slider, at the ends of its track, has moved its own score the right way.

    Every slider is moved as the panel found it cleaner, held or alone, from images that nothing else was measured on.

    Args:
        panel: with sliders that were measured.
        experiment: of the panel's generator, scorer and judge; the judge reads what it knows, the scorer the rest.

    Returns:
        Shares of the readings that had room for a change; nan where fewer than `FEWEST_WITH_ROOM` had.
    """
    generator, size = experiment.generator, experiment.batch_size
    base = codes_of_seeds(generator, TRIED, space=panel.space, truncation_psi=panel.truncation_psi)
    natural = natural_codes(generator, panel.space)
    readers = [reader for reader in (experiment.judge, experiment.image_scorer) if reader is not None]
    before = [scores_of(generator, reader, base, batch_size=size) for reader in readers]
    found = torch.full((len(panel.names),), math.nan)
    with experiment.stage("ends of sliders") as advance:
        for k, name in enumerate(panel.names):
            advance(k, len(panel.names))
            reader, was = next(
                (one, seen) for one, seen in zip(readers, before, strict=True) if name in one.names
            )
            now = scores_of(generator, reader, _at_ends(panel, name, base, natural), batch_size=size)
            own, ends = (seen.select([name]).probabilities[:, 0] for seen in (was, now))
            low, high = ends.chunk(2)
            change, room = torch.cat([own - low, high - own]), torch.cat([own, 1 - own]) > ROOM
            if int(room.sum()) >= FEWEST_WITH_ROOM:
                found[k] = (change[room] > 0).float().mean()
    return found


def _at_ends(panel: Panel, name: str, base: Latents, natural: NaturalCodes) -> Latents:
    """The codes with one slider at the first step of its track, and then at the last."""
    direction = panel.move(name, panel.best_hold(name))
    start, after = (
        natural.distribution.coordinates(codes)
        for codes in (base, edits.move(base, direction, 1.0, units="step"))
    )
    tracks = [track(natural, one, way) for one, way in zip(start, after - start, strict=True)]
    ends = torch.tensor([[own[0] for own in tracks], [own[3] for own in tracks]])
    return Latents.cat(edits.move(base, direction, strengths, units="step") for strengths in ends)

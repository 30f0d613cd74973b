"""To be deleted when every experiment takes an `Experiment`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.experiments.base import NUM_DIFFERENTIATED, usable
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer
from ganatomy.progress import Progress
from ganatomy.surveys import Survey, gradients_flow

DIFFERENTIATED = NUM_DIFFERENTIATED


def left_out(seen: Survey, chosen: Sequence[str] | None) -> dict[str, str]:
    return usable(seen, chosen)[1]


def with_gradients(generator: Generator, scorer: Scorer, latents: Latents) -> Scorer | None:
    try:
        eye = scorer.differentiable()
    except (SettingError, CheckpointError):
        return None
    return eye if gradients_flow(generator, eye, latents) else None


def part_of(report: Progress, stage: str, index: int, count: int) -> Callable[[int, int], None]:
    return lambda done, total: report(stage, 100 * index + 100 * done // max(total, 1), 100 * count)

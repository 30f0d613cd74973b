"""Guided edits on the page: images are optimised to goals, and the way there becomes a slider of its own.

One step of that slider is the whole edit, so it can be taken back, be combined with others, and be saved like them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.holding import FIRM
from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.guidance import GuidedSettings, guided
from ganatomy.latents import Direction, Latents
from ganatomy.perception.base import Scorer
from ganatomy.studio.turns import Pause

METHOD = "guided"
"""What found such a direction."""
FAR_DAMPING = 3e-4
"""Of a search that begins at a slider's edit, which may lie far out."""
BETWEEN = " to "
AND = ", "


@dataclass(frozen=True, kw_only=True, eq=False)
class Goals:
    """What guided edits reach for.

    Args:
        to: attribute to probability.
        hold: attributes that must stay, or "all" others.
        firm: those of them to keep before the others.
        common: mean gradients of the attributes over other images; see `ganatomy.guidance.common_gradients`.
        begin: codes where the search begins, such as those of a slider that has nearly led there.
    """

    to: Mapping[str, float]
    hold: Iterable[str]
    firm: Iterable[str]
    common: Float[Tensor, "t r"]
    begin: Latents | None = None

    def settings(self, target: Scorer, watch: Callable[[int, int, Latents], None]) -> GuidedSettings:
        """How the search goes; one that begins at a slider's edit keeps its score, and comes nearer in all others."""
        there = {} if self.begin is None else {"begin": self.begin, "damping": FAR_DAMPING, "beyond": 1.0}
        counts = dict.fromkeys(self.firm, FIRM)
        return GuidedSettings(target=target, counts=counts, common=self.common, watch=watch, **there)

    @property
    def name(self) -> str:
        """What the slider of such an edit is called."""
        return AND.join(f"{name}{BETWEEN}{to:.2f}" for name, to in self.to.items())


def reach(
    generator: Generator,
    scorer: Scorer,
    origin: Latents,
    goals: Goals,
    *,
    pause: Pause,
    watch: Callable[[int, int, Latents], None],
) -> list[Direction | None]:
    """For each code the direction whose one step leads to where the scorer reads the goals, or as near as it gets.

    Args:
        generator: of the images.
        scorer: attribute classifier; the search follows its target.
        origin: codes.
        goals: what is asked.
        pause: called between images, so that others need not wait for the whole search.
        watch: called after each round with the rounds so far, the most there can be, and the best codes so far.

    Returns:
        A direction for each code; None for an image that is at its goals already, or that no edit brings nearer.

    Raises:
        UnknownNameError: for an attribute that is not scored.
        SettingError: where no gradients flow.
    """
    found = guided(
        generator,
        scorer,
        origin,
        dict(goals.to),
        hold="all" if goals.hold == "all" else [other for other in goals.hold if other not in goals.to],
        settings=goals.settings(Paused(scorer.target().select(scorer.names), pause), watch),
        batch_size=len(origin),
    )
    offsets = (found.latents.codes - origin.codes).float().cpu()
    return [
        Direction(
            name=goals.name,
            vector=offset,
            space=origin.space,
            sigma=float(offset.norm()),
            step=float(offset.norm()),
            held=found.held,
            method=METHOD,
            fingerprint=generator.fingerprint,
        )
        if float(offset.norm()) > 0
        else None
        for offset in offsets
    ]


def only(found: list[Direction | None], to: Mapping[str, float]) -> Direction:
    """The direction of a single image.

    Raises:
        SettingError: where there is none.
    """
    (direction,) = found
    if direction is None:
        raise SettingError(
            f"the scorer reads {AND.join(to)} at {AND.join(f'{goal:g}' for goal in to.values())} already, "
            "or no edit brings it nearer"
        )
    return direction


def goals_of(direction: Direction) -> dict[str, float]:
    """The attributes that a guided edit was about, and their goals; empty for any other direction.

    >>> import torch
    >>> from ganatomy.latents import Space
    >>> goals_of(Direction(name="Male to 0.10, Young to 0.90", vector=torch.ones(2), space=Space.W, method=METHOD))
    {'Male': 0.1, 'Young': 0.9}
    """
    parts = [part.rpartition(BETWEEN) for part in direction.name.split(AND)]
    told = all(between and goal.replace(".", "", 1).isdecimal() for _, between, goal in parts)
    if direction.method != METHOD or not told:
        return {}
    return {name: float(goal) for name, _, goal in parts}


class Paused(Scorer):
    """A scorer that gives others a turn before each batch of images."""

    def __init__(self, scorer: Scorer, pause: Pause) -> None:
        self.scorer, self.pause = scorer, pause
        self.names = scorer.names
        self.fingerprint = scorer.fingerprint
        self.description = scorer.description
        self.reads_codes = scorer.reads_codes

    @property
    def sources(self) -> frozenset[str]:
        return self.scorer.sources

    def differentiable(self) -> Scorer:
        return Paused(self.scorer.differentiable(), self.pause)

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        self.pause()
        return self.scorer.score(images, latents=latents, start=start).logits

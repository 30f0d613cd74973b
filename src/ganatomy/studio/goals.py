"""Guided edits on the page: an image is optimised to a goal, and the way there becomes a slider of its own.

One step of that slider is the whole edit, so it can be taken back, be combined with others, and be saved like them.
"""

from __future__ import annotations

from collections.abc import Iterable

from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.guidance import GuidedSettings, guided
from ganatomy.latents import Direction, Latents
from ganatomy.perception.base import Scorer
from ganatomy.studio.turns import Pause

METHOD = "guided"
"""What found such a direction."""
BETWEEN = " to "


def reach(
    generator: Generator,
    scorer: Scorer,
    origin: Latents,
    name: str,
    to: float,
    *,
    hold: Iterable[str],
    pause: Pause,
) -> Direction:
    """The direction whose one step leads from a code to where the scorer reads the goal, or as near as it gets.

    Args:
        generator: of the image.
        scorer: attribute classifier; the search follows its target.
        origin: one code.
        name: attribute.
        to: probability to reach.
        hold: attributes that must stay, or "all" others.
        pause: called between images, so that others need not wait for the whole search.

    Raises:
        UnknownNameError: for an attribute that is not scored.
        SettingError: where no gradients flow, and for an image that is at its goal already.
    """
    target = Paused(scorer.target().select(scorer.names), pause)
    found = guided(
        generator,
        scorer,
        origin,
        {name: to},
        hold="all" if hold == "all" else [other for other in hold if other != name],
        settings=GuidedSettings(target=target),
        batch_size=8,
    )
    offset = (found.latents.codes - origin.codes)[0].float().cpu()
    if not float(offset.norm()) > 0:
        raise SettingError(f"the scorer reads {name} at {to:g} already, or no edit brings it nearer")
    return Direction(
        name=f"{name}{BETWEEN}{to:.2f}",
        vector=offset,
        space=origin.space,
        sigma=float(offset.norm()),
        method=METHOD,
        fingerprint=generator.fingerprint,
    )


def goal_of(direction: Direction) -> tuple[str, float] | None:
    """The attribute that a guided edit was about, and its goal; None for any other direction.

    >>> import torch
    >>> from ganatomy.latents import Space
    >>> goal_of(Direction(name="Smiling to 0.90", vector=torch.ones(2), space=Space.W, method=METHOD))
    ('Smiling', 0.9)
    """
    name, between, goal = direction.name.rpartition(BETWEEN)
    if direction.method != METHOD or not between or not goal.replace(".", "", 1).isdecimal():
        return None
    return name, float(goal)


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

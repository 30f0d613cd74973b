"""The judge: a classifier that took no part in finding, optimising or stopping what it judges; and what it confirms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer
from ganatomy.statistics.formatting import named, quoted

HALF = 0.5
"""Share of the change that was asked for which a judge must see, to confirm it."""

NEAR = 0.02
"""A probability this near to the goal is there."""

NOTHING = 1e-3
"""A change of probability below this asks for nothing."""

NAMED = 3
"""Attributes that are named where a judge is refused."""


class Judge(Scorer):
    """A classifier that reads what others have found, optimised or stopped, and takes no part in it.

    A student, which learnt its attributes from the scorer's own readings, shares the scorer's errors: what it reads is
    a *smoothed reading*, which confirms nothing.

    Args:
        scorer: the classifier.

    Raises:
        ScoreError: for a table of labels.

    Example:
        >>> from ganatomy.perception import scorer
        >>> bright = scorer(lambda images: images.mean((1, 2, 3)) / 2 + 0.5, names=["Bright"])
        >>> Judge(bright).reading
        'judge'
    """

    def __init__(self, scorer: Scorer) -> None:
        scorer.require_images()
        self.scorer = scorer
        self.names = scorer.names
        self.fingerprint = scorer.fingerprint
        self.description = scorer.description
        self.reads_codes = scorer.reads_codes

    @property
    def reading(self) -> str:
        """What its numbers are called."""
        return "smoothed reading" if self.is_student else "judge"

    @property
    def is_student(self) -> bool:
        return self.scorer.is_student

    @property
    def sources(self) -> frozenset[str]:
        return self.scorer.sources

    def require_independent(self, *took_part: Scorer | None) -> None:
        """Refuse to judge what this classifier took part in.

        Raises:
            SettingError: when it is one of these scorers, or a member of one.
        """
        for scorer in took_part:
            if scorer is not None and self.sources & scorer.sources:
                raise SettingError(
                    f"the judge is or contains a classifier that took part itself ({self.description}); "
                    "give one that was trained apart"
                )

    def require_shared(self, scorer: Scorer) -> None:
        """Refuse to judge a scorer of quite other attributes.

        Raises:
            SettingError: when it shares none.
        """
        if not set(self.names) & set(scorer.names):
            raise SettingError(
                f"the judge shares no attribute with the scorer: the judge knows {_some(self.names)}, the scorer "
                f"{_some(scorer.names)}; give a judge of some of these"
            )

    def select(self, names: Iterable[str]) -> Judge:
        return Judge(self.scorer.select(names))

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        return self.scorer.score(images, latents=latents, start=start).logits


def _some(names: Sequence[str]) -> str:
    """The first few names.

    >>> _some(["red", "round"]), _some(["0", "1", "2", "3", "4"])
    ('red and round', '“0”, “1”, “2” and 2 more')
    """
    if len(names) <= NAMED + 1:
        return named(names)
    return f"{', '.join(map(quoted, names[:NAMED]))} and {len(names) - NAMED} more"


def confirmed(
    before: Float[Tensor, "*n"],
    goals: Float[Tensor, "*n"],
    judged_before: Float[Tensor, "*n"],
    judged_after: Float[Tensor, "*n"],
) -> Bool[Tensor, "*n"]:
    """Whether a judge confirms that an edit has done what was asked, in each image.

    It must see at least half of the change that was asked for, or of what by its own reading was left to the goal,
    whichever is less; and where the edit was to cross one half, the edited image must be on the goal's side of it.
    Where nothing was asked for, because the scorer saw the goal already, the judge must be on the goal's side as well.

    Args:
        before: probabilities by the scorer, before the edit.
        goals: probabilities that the edit was to reach.
        judged_before: probabilities by the judge, before the edit.
        judged_after: probabilities by the judge, after it.

    Returns:
        True where the judge confirms.

    Example:
        >>> was, goal, judged = torch.tensor([0.01]), torch.tensor([0.9]), torch.tensor([0.11])
        >>> confirmed(was, goal, judged, torch.tensor([0.43])), confirmed(was, goal, judged, torch.tensor([0.8]))
        (tensor([False]), tensor([True]))
    """
    sign = torch.where(goals >= before, 1.0, -1.0)
    asked, left = sign * (goals - before), sign * (goals - judged_before)
    moved = sign * (judged_after - judged_before) >= HALF * torch.minimum(asked, left)
    there = sign * (goals - judged_after) <= NEAR
    crossing = (before > 0.5) != (goals > 0.5)
    right = (judged_after > 0.5) == (goals > 0.5)
    done = torch.where(left > 0, moved, there) & (right | ~crossing)
    return torch.where(asked < NOTHING, right, done)

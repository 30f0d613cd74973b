"""What a judge reads in edited images: beside every number of the scorer stands the number of one who took no part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.errors import UnknownNameError
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer, Scores
from ganatomy.perception.judging import Judge, confirmed
from ganatomy.workers import read_images

NUM_NAMED = 8
"""Images that a line names."""


@dataclass(frozen=True, kw_only=True, eq=False)
class JudgedEdit:
    """A judge's readings of n images before and after an edit.

    Args:
        judge: a line about it.
        reading: what its numbers are called: "judge", or "smoothed reading", which confirms nothing.
        before: its scores of the targets that it knows, before the edit.
        after: the same after it.
        confirmed: whether it confirms every one of these targets.
    """

    judge: str
    reading: str
    before: Scores
    after: Scores
    confirmed: Bool[Tensor, " n"]

    @property
    def targets(self) -> tuple[str, ...]:
        """The attributes that were to move and that the judge scores."""
        return self.before.names

    @property
    def changes(self) -> Float[Tensor, "n t"]:
        """Its probabilities after less before."""
        return self.after.probabilities - self.before.probabilities

    @property
    def verdict(self) -> str:
        """Which images are confirmed, in a few words; nothing of a student, which confirms nothing."""
        return (
            "confirms nothing" if self.reading != "judge" else verdict(self.confirmed.tolist(), "confirmed")
        )

    def __str__(self) -> str:
        was, now = (seen.probabilities.mean(0).tolist() for seen in (self.before, self.after))
        moved = ", ".join(
            f"{name} {a:.2f} to {b:.2f}" for name, a, b in zip(self.targets, was, now, strict=True)
        )
        return f"{self.reading} {moved}: {self.verdict}"


def verdict(yes: Sequence[bool], what: str) -> str:
    """In how many images something is so, and in which it is not, counted from 1.

    Example:
        >>> verdict([True], "confirmed"), verdict([False], "confirmed")
        ('confirmed', 'not confirmed')
        >>> verdict([True, False, True, False], "reached")
        '2 of 4 reached, not images 2, 4'
    """
    missed = [row + 1 for row, one in enumerate(yes) if not one]
    if len(yes) == 1:
        return f"not {what}" if missed else what
    return f"{len(yes) - len(missed)} of {len(yes)} {what}" + (f", not {which(missed)}" if missed else "")


def which(rows: Sequence[int]) -> str:
    """These images by their numbers, the first `NUM_NAMED` of them."""
    named = ", ".join(map(str, rows[:NUM_NAMED])) + (" ..." if len(rows) > NUM_NAMED else "")
    return f"{'image' if len(rows) == 1 else 'images'} {named}"


@torch.no_grad()
def judge_edit(
    generator: Generator,
    judge: Judge,
    origin: Latents,
    edited: Latents,
    *,
    before: Scores,
    goals: Float[Tensor, "n t"],
    targets: Sequence[str],
    batch_size: int | None = None,
) -> JudgedEdit:
    """Show a judge the images of these codes before and after an edit.

    Args:
        generator: of the images.
        judge: a classifier that took no part in the edit.
        origin: codes before it.
        edited: codes after it.
        before: the scorer's scores before it.
        goals: probability that each target was to reach; for an edit without goals, what the scorer reads after it.
        targets: names of the attributes that were to move.
        batch_size: images at a time; by default as many as suit their size and the device.

    Returns:
        What it reads, for the targets that it scores, and which images it confirms.

    Raises:
        UnknownNameError: when it scores none of the targets.
    """
    known = [name for name in targets if name in judge.names]
    if not known:
        raise UnknownNameError("attribute of the judge", targets[0], judge.names)
    was, now = (
        scores_of(generator, judge.select(known), codes, batch_size=batch_size) for codes in (origin, edited)
    )
    columns = [list(targets).index(name) for name in known]
    yes = confirmed(
        before.select(known).probabilities, goals[:, columns], was.probabilities, now.probabilities
    )
    return JudgedEdit(
        judge=judge.description,
        reading=judge.reading,
        before=was,
        after=now,
        confirmed=yes.all(1) & (not judge.is_student),
    )


def scores_of(
    generator: Generator, scorer: Scorer, latents: Latents, *, batch_size: int | None = None
) -> Scores:
    """The scores of the images of these codes, on the processor."""
    [logits] = read_images(generator, latents, scorer, batch_size=batch_size)
    return Scores(names=scorer.names, logits=logits)

"""Probabilities of images before and after an edit, by the scorer and by a judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ganatomy.errors import UnknownNameError

if TYPE_CHECKING:
    from torch import Tensor

    from ganatomy.generators.base import Generator
    from ganatomy.guidance import JudgedEdit
    from ganatomy.latents import Latents
    from ganatomy.perception.base import Scores
    from ganatomy.perception.judging import Judge


def rows(names: Sequence[str], values: Tensor) -> list[dict[str, float]]:
    """The numbers of each image by the names of their columns."""
    return [dict(zip(names, row, strict=True)) for row in values.tolist()]


def judged_names(judge: Judge | None, names: Sequence[str]) -> tuple[str, ...]:
    """Which of the edited attributes the judge scores.

    Raises:
        UnknownNameError: when it scores none of them.
    """
    if judge is None:
        return ()
    known = tuple(name for name in names if name in judge.names)
    if not known:
        raise UnknownNameError("attribute of the judge", names[0], judge.names)
    return known


def each_image(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Columns with an entry for each image, as one object for each image."""
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def judge_edits(
    judge: Judge | None,
    generator: Generator,
    before: Latents,
    after: Latents,
    names: Sequence[str],
    *,
    batch_size: int,
    scores: Scores | None = None,
    goals: Tensor | None = None,
) -> tuple[dict[str, Any], list[str]]:
    """The judge's probabilities of each image as JSON, and as a line; nothing without a judge.

    Args:
        judge: the judge.
        generator: of the images.
        before: codes before the edit.
        after: codes after it.
        names: edited attributes that the judge scores.
        batch_size: images at a time.
        scores: of the scorer before the edit, where there are goals.
        goals: probability that each of the names was to reach, `[n, names]`; with them, each image is confirmed or not.
    """
    if judge is None:
        return {}, []
    from ganatomy.guidance import judge_edit
    from ganatomy.guidance.judged import scores_of

    if scores is None or goals is None:
        was, now = (
            scores_of(generator, judge.select(names), codes, batch_size=batch_size)
            for codes in (before, after)
        )
        changes = ", ".join(
            f"{name} {a:.2f} to {b:.2f}"
            for name, a, b in zip(
                names, was.probabilities.mean(0).tolist(), now.probabilities.mean(0).tolist(), strict=True
            )
        )
        columns = {"before": rows(names, was.probabilities), "after": rows(names, now.probabilities)}
        data = {"scorer": judge.description, "reading": judge.reading, "images": each_image(columns)}
        return {"judge": data}, [f"  {judge.reading} ({judge.description}), means: {changes}"]
    found = judge_edit(
        generator, judge, before, after, before=scores, goals=goals, targets=names, batch_size=batch_size
    )
    return {"judge": judged_data(found)}, [f"  {found}"]


def judged_data(found: JudgedEdit) -> dict[str, Any]:
    """What a judge reads in edited images, as JSON."""
    columns = {
        "before": rows(found.targets, found.before.probabilities),
        "after": rows(found.targets, found.after.probabilities),
        "confirmed": found.confirmed.tolist(),
    }
    return {"scorer": found.judge, "reading": found.reading, "images": each_image(columns)}

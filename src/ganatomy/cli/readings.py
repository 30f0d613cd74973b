"""What scorer and judge read in edited images, for the recipe of the image, as text and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ganatomy.errors import UnknownNameError

if TYPE_CHECKING:
    from torch import Tensor

    from ganatomy.cli.subject import Subject
    from ganatomy.perception.base import Scorer
    from ganatomy.perception.judging import Judge
    from ganatomy.recipes.readings import EditReadings


def rows(names: Sequence[str], values: Tensor) -> list[dict[str, float]]:
    """The numbers of each image by the names of their columns."""
    return [dict(zip(names, row, strict=True)) for row in values.tolist()]


def each_image(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Columns with an entry for each image, as one object for each image."""
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def open_readers(
    subject: Subject, scorer: Scorer | None, edited: Sequence[str], words: Sequence[str]
) -> tuple[Scorer | None, Judge | None]:
    """The scorer and the judge that read an edit, before it is made.

    Args:
        subject: the model and its classifiers.
        scorer: that the edit follows; by default one that is given or bundled.
        edited: the attributes that change.
        words: attributes for a text-image model.

    Raises:
        UnknownNameError: for a judge that was asked for and scores none of them.
    """
    judge = subject.open_judge(scorer, words)
    if scorer is None and subject.has_scorer:
        scorer = subject.open_scorer(words)
        scorer = scorer if scorer.num_rows is None else None
        if judge is not None:
            judge.require_independent(scorer)
    if judge is not None and subject.judge and not set(edited) & set(judge.names):
        raise UnknownNameError("attribute of the judge", edited[0], judge.names)
    return scorer, judge


def with_lines(done: str, lines: Sequence[str]) -> str:
    """What a command has done, and what was read in the images."""
    return "\n".join([done, *(f"  {line}" for line in lines)])


def readings_data(found: EditReadings) -> dict[str, Any]:
    """The readings as JSON."""
    return {"readings": found.to_data()}

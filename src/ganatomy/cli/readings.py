"""Probabilities of images before and after an edit, by the scorer and by a judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ganatomy.errors import UnknownNameError

if TYPE_CHECKING:
    from torch import Tensor

    from ganatomy.generators.base import Generator
    from ganatomy.latents import Latents
    from ganatomy.perception.base import Scorer


def rows(names: Sequence[str], values: Tensor) -> list[dict[str, float]]:
    """The numbers of each image by the names of their columns."""
    return [dict(zip(names, row, strict=True)) for row in values.tolist()]


def judged_names(judge: Scorer | None, names: Sequence[str]) -> tuple[str, ...]:
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
    judge: Scorer | None,
    generator: Generator,
    before: Latents,
    after: Latents,
    names: Sequence[str],
    *,
    batch_size: int,
) -> tuple[dict[str, Any], list[str]]:
    """The judge's probabilities of each image as JSON, and their means as a line; nothing without a judge."""
    if judge is None:
        return {}, []
    import torch

    from ganatomy.generators.base import batches
    from ganatomy.perception import Scores

    with torch.no_grad():
        was, now = (
            Scores.cat(judge(generator(part), latents=part) for part in batches(latents, batch_size)).select(
                names
            )
            for latents in (before, after)
        )
    columns = {"before": rows(names, was.probabilities), "after": rows(names, now.probabilities)}
    means = zip(names, was.probabilities.mean(0).tolist(), now.probabilities.mean(0).tolist(), strict=True)
    changes = ", ".join(f"{name} {first:.2f} to {second:.2f}" for name, first, second in means)
    line = f"  judge ({judge.description}), mean probability: {changes}"
    return {"judge": {"scorer": judge.description, "images": each_image(columns)}}, [line]

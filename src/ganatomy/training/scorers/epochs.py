"""The table of epochs, as Pham Van et al. 2020 print it: losses, accuracy at one half, F beta."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.metrics.classification import f_beta
from ganatomy.metrics.recognition import f_score
from ganatomy.storage import atomic_write


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """One line of the table.

    Args:
        epoch: passes over the images so far.
        images: shown so far.
        resolution: of the images.
        train_loss: mean over the pass.
        valid_loss: of held-out images, by the loss that is trained on.
        accuracy: share of right decisions at one half, over all images and attributes.
        f1_micro: over all decisions.
        f1_macro: mean over attributes.
        f2_micro: over all decisions.
        f2_macro: mean over attributes.
        f2_image: mean over images, which is what fastai prints.
        seconds: since the start.
    """

    epoch: int
    images: int
    resolution: int
    train_loss: float
    valid_loss: float
    accuracy: float
    f1_micro: float
    f1_macro: float
    f2_micro: float
    f2_macro: float
    f2_image: float
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.epoch:5} {self.resolution:5} {self.train_loss:11.4f} {self.valid_loss:11.4f} {self.accuracy:9.4f} "
            f"{self.f1_micro:9.4f} {self.f1_macro:9.4f} {self.f2_micro:9.4f} {self.f2_macro:9.4f} {self.f2_image:9.4f} "
            f"{_clock(self.seconds):>8}"
        )


HEAD = (
    f"{'epoch':>5} {'px':>5} {'train loss':>11} {'valid loss':>11} {'accuracy':>9} {'F1 micro':>9} {'F1 macro':>9} "
    f"{'F2 micro':>9} {'F2 macro':>9} {'F2 image':>9} {'time':>8}"
)
"""Stands above the lines."""


def decisions(logits: Float[Tensor, "n a"], labels: Float[Tensor, "n a"]) -> dict[str, float]:
    """Accuracy and F beta of decisions at one half, where labels are known."""
    known = ~labels.isnan()
    said, true = logits > 0, labels > 0.5
    kinds = (said & true, said & ~true, ~said & true, ~said & ~true)
    counts = torch.stack([(kind & known).sum(0) for kind in kinds]).double()
    total = counts.sum(1)
    found = {"accuracy": float((total[0] + total[3]) / total.sum())}
    for beta in (1, 2):
        found[f"f{beta}_micro"] = float(f_beta(total, beta))
        found[f"f{beta}_macro"] = float(f_beta(counts, beta).nanmean())
    return found | {"f2_image": float(f_score(said & known, true & known, beta=2).mean())}


def write_epochs(epochs: Sequence[Epoch], path: Path) -> None:
    """The table as a CSV file.

    Raises:
        OutputError: when it cannot be written.
    """
    with atomic_write(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(field.name for field in fields(Epoch))
        for epoch in epochs:
            table.writerow(
                f"{value:.6g}" if isinstance(value, float) else value for value in asdict(epoch).values()
            )


def _clock(seconds: float) -> str:
    """Minutes and seconds, or hours and minutes.

    >>> _clock(75), _clock(7300)
    ('1:15', '2h01')
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02}"

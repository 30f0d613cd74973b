"""How accurate a scorer is: its answers against exact labels (Table I of Pham Van et al.)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.datasets.labelled import Labelled
from ganatomy.errors import ScoreError, SettingError
from ganatomy.metrics.base import MeasuredValue, Result, aligned
from ganatomy.perception.base import Scorer
from ganatomy.progress import Advance
from ganatomy.statistics.intervals import Estimate, mean_of


@dataclass(frozen=True, kw_only=True)
class Recognition(Result, unit="accuracy", higher_is_better=True):
    """A scorer's answers about n labelled images; probabilities above one half count as yes.

    Args:
        names: attributes that have scores and labels.
        loss: mean binary cross-entropy, in nats.
        accuracy: share of correct answers.
        f1: mean over images of F_b = (1 + b²) PR / (b² P + R) for b = 1, with P the share of an image's yes answers
            that are correct, and R the share of its labels that were found. An image without labels and without yes
            answers counts as 1.
        f2: the same for b = 2, which is fastai's `fbeta`.
        attributes: accuracy, and F1 over images, of each.
    """

    names: tuple[str, ...]
    data: str
    num_images: int
    loss: Estimate
    accuracy: Estimate
    f1: Estimate
    f2: Estimate
    attributes: dict[str, tuple[float, float]]

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        return {
            **self._figures(accuracy=self.accuracy),
            "F1": MeasuredValue(self.f1, "F1", True),
            "F2": MeasuredValue(self.f2, "F2", True),
            "loss": MeasuredValue(self.loss, "nats", False),
        }

    def __str__(self) -> str:
        rows = [[name, str(figure)] for name, figure in self.figures.items()]
        return f"{len(self.names)} attributes in {self.data}\n{aligned(rows)}"


def recognition(
    scorer: Scorer,
    labelled: Labelled,
    *,
    seed: int = 0,
    batch_size: int = 64,
    progress: Advance | None = None,
) -> Recognition:
    """Score labelled images, and compare the answers with the labels.

    Args:
        labelled: images with labels of some of its attributes; missing labels are left out.

    Raises:
        ScoreError: for a table of labels, which cannot score new images, and where every label is missing.
        SettingError: if no attribute of the scorer has a label.
    """
    names = tuple(name for name in scorer.names if name in labelled.names)
    if not names:
        raise SettingError(
            f"none of {', '.join(scorer.names)} has a label in {labelled.description} "
            f"({', '.join(labelled.names)}); give data whose labels have the scorer's names"
        )
    scorer.require_images()
    chosen, parts = scorer.select(names), []
    with torch.no_grad():
        for rows in torch.arange(len(labelled)).split(batch_size):
            parts.append(chosen.score(labelled.read(rows)).logits.cpu())
            if progress:
                progress(sum(map(len, parts)), len(labelled))
    logits = torch.cat(parts)
    columns = [labelled.names.index(name) for name in names]
    labels = labelled.labels[:, columns]
    known = torch.ones_like(labels) if labelled.known is None else labelled.known[:, columns]
    some = known.any(1)
    if not some.any():
        raise ScoreError(f"no image of {labelled.description} has a label of {', '.join(names)}")
    logits, labels, known = logits[some], labels[some] & known[some], known[some]
    answers = (logits > 0) & known
    weights = known.double()
    right = torch.where(known, (answers == labels).double(), torch.nan)
    loss = F.binary_cross_entropy_with_logits(logits.double(), labels.double(), weights, reduction="none")
    return Recognition(
        names=names,
        data=labelled.description,
        num_images=len(labels),
        loss=mean_of(loss.sum(1) / weights.sum(1), seed=seed),
        accuracy=mean_of(right.nanmean(1), seed=seed),
        f1=mean_of(f_score(answers, labels, beta=1), seed=seed),
        f2=mean_of(f_score(answers, labels, beta=2), seed=seed),
        attributes=dict(
            zip(
                names,
                zip(right.nanmean(0).tolist(), f_score(answers.T, labels.T, beta=1).tolist(), strict=True),
                strict=True,
            )
        ),
    )


def f_score(answers: Bool[Tensor, "n a"], labels: Bool[Tensor, "n a"], *, beta: float) -> Float[Tensor, " n"]:
    """F_b of each row: `(1 + b²) hits / (b² labels + answers)`; 1 for a row without labels and without answers."""
    hits = (answers & labels).sum(1).double()
    weighed = beta**2 * labels.sum(1) + answers.sum(1)
    return torch.where(weighed > 0, (1 + beta**2) * hits / weighed.clamp(min=1), 1.0)

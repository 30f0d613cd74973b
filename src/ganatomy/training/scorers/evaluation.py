"""What a trained attribute network reads in images that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional as F

from ganatomy.perception.networks import NetworkConfig
from ganatomy.training.scorers.losses import Labels


@dataclass(frozen=True, kw_only=True)
class ScorerEvaluation:
    """How a trained attribute network does on held-out images.

    Args:
        auc: area under the ROC curve of each attribute.
        accuracy: of each attribute.
        r2: share of variance explained of each factor.
    """

    auc: dict[str, float]
    accuracy: dict[str, float]
    r2: dict[str, float]

    def __str__(self) -> str:
        rows = [
            f"{name:22} AUC {self.auc[name]:.3f}  accuracy {self.accuracy[name]:.3f}" for name in self.auc
        ]
        rows += [f"{name:22} R² {value:.3f}" for name, value in self.r2.items()]
        return "\n".join(rows)


def fit_temperature(
    config: NetworkConfig, logits: Float[Tensor, "n a"], labels: Labels
) -> Float[Tensor, " a"]:
    """The temperatures, one for each attribute (one for all of a softmax), with the best held-out likelihood.

    Guo et al. 2017. Labels that are not a number do not count; without a known label the temperature is 1.
    """
    grid = torch.logspace(-0.7, 0.7, 113)
    labels = labels.float()
    known = ~labels.isnan()
    if config.activation == "softmax":
        rows = known.all(1)
        if not bool(rows.any()):
            return torch.ones(logits.shape[1])
        target = labels[rows].argmax(dim=1)
        losses = torch.stack([F.cross_entropy(logits[rows] / t, target) for t in grid])
        return grid[losses.argmin()].expand(logits.shape[1]).clone()
    filled = torch.where(known, labels, 0.5)
    losses = torch.stack(
        [
            (F.binary_cross_entropy_with_logits(logits / t, filled, reduction="none") * known).sum(dim=0)
            for t in grid
        ]
    )
    return torch.where(known.any(0), grid[losses.argmin(dim=0)], 1.0)


def evaluate(
    config: NetworkConfig,
    logits: Float[Tensor, "n a"],
    labels: Labels,
    predicted: Float[Tensor, "n f"] | None,
    factors: Float[Tensor, "n f"] | None,
) -> ScorerEvaluation:
    """Compare logits with labels, and factors with those of the data; a probable label counts as one."""
    names, auc, accuracy = config.attributes, {}, {}
    values = labels.float()
    for i, name in enumerate(names):
        known = ~values[:, i].isnan()
        truth, said = values[known, i] > 0.5, logits[known, i]
        if 0 < truth.sum() < len(truth):
            auc[name] = float(roc_auc_score(truth, said))
            accuracy[name] = float(((said > 0) == truth).float().mean())
    r2 = {}
    if predicted is not None and factors is not None:
        explained = 1 - (predicted - factors).square().mean(dim=0) / factors.var(dim=0, correction=0)
        r2 = dict(zip(config.factors, explained.tolist(), strict=True))
    return ScorerEvaluation(auc=auc, accuracy=accuracy, r2=r2)

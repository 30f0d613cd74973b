"""Losses of attributes: unknown labels do not count, rare ones may count more."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.perception.networks import NetworkConfig

FOCUS = 2.0
"""Exponent of the focal loss, as published."""

MOST = 50.0
"""Largest weight of a rare class: with fewer positives than one in fifty, weights alone would be noise."""

Labels = Bool[Tensor, "n a"] | Float[Tensor, "n a"]


def attribute_loss(
    config: NetworkConfig,
    logits: Float[Tensor, "n a"],
    labels: Labels,
    *,
    weights: Float[Tensor, " a"] | None = None,
    focal: bool = False,
) -> Float[Tensor, ""]:
    """Cross-entropy: of classes for a softmax, else the mean over attributes; labels that are not a number are unknown.

    With `focal`, each term is multiplied by |y - p|², which for labels of 0 and 1 is the focal loss of Lin et al. 2017,
    equation 4, and for probable ones that of Li et al. 2020, equation 4.

    Args:
        config: of the network.
        logits: before temperature.
        labels: 0, 1, or how probable.
        weights: of the positives of each attribute, or of each class of a softmax.
        focal: whether what is read well already counts less.
    """
    labels = labels.float()
    known = ~labels.isnan()
    if config.activation == "softmax":
        rows = known.all(1)
        if not bool(rows.any()):
            return logits.sum() * 0
        target = labels[rows].argmax(dim=1)
        losses = F.cross_entropy(logits[rows], target, weight=weights, reduction="none")
        if focal:
            right = torch.softmax(logits[rows], 1).gather(1, target[:, None])[:, 0]
            losses = losses * (1 - right) ** FOCUS
        return losses.sum() / (len(losses) if weights is None else weights[target].sum())
    if not bool(known.any()):
        return logits.sum() * 0
    filled = torch.where(known, labels, 0.5)
    losses = F.binary_cross_entropy_with_logits(logits, filled, pos_weight=weights, reduction="none")
    if focal:
        losses = losses * (torch.sigmoid(logits) - filled).abs() ** FOCUS
    return losses[known].mean()


def positive_weights(config: NetworkConfig, labels: Labels) -> Float[Tensor, " a"]:
    """Weights that make both classes of an attribute, or all classes of a softmax, count alike; at most `MOST`.

    >>> from ganatomy.perception.network import AttributeConfig
    >>> config = AttributeConfig(attributes=("Bald",))
    >>> positive_weights(config, torch.tensor([[1.0], [0.0], [0.0], [0.0], [torch.nan]])).tolist()
    [3.0]
    """
    labels = labels.float()
    share = labels.nanmean(0).clamp(1e-6, 1 - 1e-6)
    weights = 1 / share / len(share) if config.activation == "softmax" else (1 - share) / share
    return weights.clamp(1 / MOST, MOST)

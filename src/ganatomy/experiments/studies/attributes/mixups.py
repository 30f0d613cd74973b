"""Which attributes are taken for each other: how far the reading of one depends on the label of another."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

FEWEST = 5
"""Images on each side of a comparison."""


def mixups(probabilities: Float[Tensor, "n a"], labels: Float[Tensor, "n a"]) -> Float[Tensor, "a a"]:
    """By how much more probable attribute i is read where attribute j is there, among images with the same label of i.

    The difference is taken among images that have i and among those that lack it, and both are averaged; a side that
    has fewer than five images with j, or without it, is left out. A classifier that reads i alone gives 0, whatever the
    correlation of the labels.

    Args:
        probabilities: that a classifier gave.
        labels: 0 and 1; those that are not a number are unknown.

    Returns:
        The differences, row i and column j; not a number on the diagonal, and where no side has enough images.

    Example:
        >>> labels = torch.tensor([[0.0, 0.0], [0.0, 1.0]]).repeat(8, 1)
        >>> round(float(mixups(0.1 + 0.5 * labels, labels)[0, 1]), 3)
        0.0
        >>> round(float(mixups(0.1 + 0.5 * labels.flip(1), labels)[0, 1]), 3)
        0.5
    """
    probabilities, count = probabilities.double(), labels.shape[1]
    here, away = (labels > 0.5).double(), (labels <= 0.5).double()
    found = []
    for i in range(count):
        sides = []
        for own in (here[:, i], away[:, i]):
            means, enough = [], torch.ones(count, dtype=torch.bool)
            for other in (here, away):
                weights = own[:, None] * other
                total = weights.sum(0)
                means.append((weights * probabilities[:, i : i + 1]).sum(0) / total)
                enough &= total >= FEWEST
            sides.append(torch.where(enough, means[0] - means[1], torch.nan))
        found.append(torch.stack(sides).nanmean(0))
    matrix = torch.stack(found)
    return matrix.masked_fill(torch.eye(count, dtype=torch.bool), torch.nan).float()


def confusions(logits: Float[Tensor, "n a"], labels: Float[Tensor, "n a"]) -> Float[Tensor, "a a"]:
    """Of the images of class i, the share that is read as class j; for classes that exclude each other."""
    known = ~labels.isnan().any(1)
    true, said = labels[known].argmax(1), logits[known].argmax(1)
    count = labels.shape[1]
    pairs = torch.zeros(count, count).index_put_((true, said), torch.ones(len(true)), accumulate=True)
    return pairs / pairs.sum(1, keepdim=True)

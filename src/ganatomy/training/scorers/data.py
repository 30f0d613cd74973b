"""What an attribute network learns from: rows that are read as they are needed, and which of them it may see."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.errors import ScoreError, SettingError
from ganatomy.images import Pixels
from ganatomy.training.scorers.settings import ScorerSettings

Rows = Int[np.ndarray, " _"]


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingRows:
    """Labelled images, some to learn from, others to stop and to calibrate by.

    Args:
        read: the bytes of these rows, of this resolution or a multiple of it.
        labels: 0, 1 or how probable; those that are not a number are unknown.
        factors: continuous values beside them, in their own units; those that are not a number are unknown.
        learnt: rows that are shown.
        validated: rows that are never shown.
    """

    read: Callable[[Rows, int], Pixels]
    labels: Float[Tensor, "n a"]
    factors: Float[Tensor, "n f"] | None
    learnt: Rows
    validated: Rows

    def fingerprint(self) -> str:
        """SHA-256 of labels and rows: another run of the same has the same."""
        digest = hashlib.sha256(self.labels.numpy().tobytes())
        for rows in (self.learnt, self.validated):
            digest.update(np.ascontiguousarray(rows, dtype=np.int64).tobytes())
        if self.factors is not None:
            digest.update(self.factors.numpy().tobytes())
        return digest.hexdigest()

    def require(self, settings: ScorerSettings) -> None:
        """Refuse data that these settings cannot learn from.

        Raises:
            SettingError: when they do not fit the network, or leave nothing to learn from or to validate by.
            ScoreError: when an attribute has one class only.
        """
        config = settings.network
        if self.labels.shape[1] != len(config.attributes):
            raise SettingError(
                f"labels of shape {list(self.labels.shape)} do not fit {len(config.attributes)} attributes"
            )
        width = 0 if self.factors is None else self.factors.shape[1]
        if width != len(config.factors):
            raise SettingError(
                f"the network reads {len(config.factors)} factors; the data must bring as many, not {width}"
            )
        if len(self.learnt) < 2 or not len(self.validated):
            raise SettingError(
                f"{len(self.learnt)} images to learn from and {len(self.validated)} held out are too few; give more"
            )
        positive = (self.labels[self.learnt] > 0.5).sum(0).tolist()
        negative = (self.labels[self.learnt] <= 0.5).sum(0).tolist()
        for name, yes, no in zip(config.attributes, positive, negative, strict=True):
            if not yes or not no:
                raise ScoreError(
                    f"attribute {name!r} has one class only ({yes} positive, {no} negative images to learn from); "
                    "leave it out, or add images"
                )


def normalised(
    factors: Float[Tensor, "n f"], rows: Rows
) -> tuple[Float[Tensor, "n f"], Float[Tensor, " f"], Float[Tensor, " f"]]:
    """Factors brought to mean 0 and deviation 1 over these rows, unknown ones left out; the mean; the deviation."""
    own = factors[rows]
    known = ~own.isnan()
    count = known.sum(0).clamp(min=1)
    mean = own.nan_to_num().sum(0) / count
    away = torch.where(known, own - mean, 0.0)
    std = (away.square().sum(0) / (count - 1).clamp(min=1)).sqrt().clamp_min(1e-6)
    return (factors - mean) / std, mean, std

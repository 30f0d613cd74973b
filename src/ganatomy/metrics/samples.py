"""Two samples of features, generated and real: what may be compared, and which rows go together."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.errors import SettingError

FEWEST_IMAGES = 20
"""Of either kind, that distributions are compared by."""


def features_note(features: str) -> str:
    """What a reader must know of figures that features decide."""
    return f"distances of features compare only within the same features, here {features}"


def check_samples(fake: Float[Tensor, "n f"], real: Float[Tensor, "m g"]) -> None:
    """Refuse features that cannot be compared.

    Raises:
        SettingError: for other numbers of features, numbers that are not finite, or fewer than 20 images.
    """
    if fake.shape[1] != real.shape[1]:
        raise SettingError(
            f"generated images have {fake.shape[1]} features and real ones {real.shape[1]}; use one network for both"
        )
    if min(len(fake), len(real)) < FEWEST_IMAGES:
        raise SettingError(
            f"{len(fake)} generated and {len(real)} real images are too few; give {FEWEST_IMAGES} or more of each"
        )
    if not bool(torch.isfinite(fake).all()) or not bool(torch.isfinite(real).all()):
        raise SettingError("features are not finite numbers; use another network")


def split_rows(rows: Int[Tensor, " k"], n: int, m: int) -> tuple[Int[Tensor, " i"], Int[Tensor, " j"]]:
    """Some of the rows 0 to max(n, m) as rows of two samples of n and m: the same share of each."""
    most = max(n, m)
    first, second = (rows if size == most else (rows * size // most).unique() for size in (n, m))
    return first, second

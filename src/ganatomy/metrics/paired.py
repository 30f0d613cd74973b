"""Whether one method's edits are more selective than another's, in the same images."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.metrics.entanglement import Entanglement
from ganatomy.metrics.selectivity import selectivity
from ganatomy.statistics.tests import PairedTest, paired_test


def compare_selectivity(one: Entanglement, other: Entanglement, *, form: str = "mean_abs_all") -> PairedTest:
    """Compare the mean selectivity of two methods that edited the same attributes in the same images.

    Args:
        one: what the first method changed.
        other: what the second method changed.

    Raises:
        SettingError: for results of different images or attributes.
    """
    if one.names != other.names or not one.shares_images(other):
        raise SettingError(
            "these results are of different images or attributes; measure both with one seed and n"
        )

    def sizes(result: Entanglement) -> Float[Tensor, "n 2 k a"]:
        changes = result.turned.movedim(1, 0)
        return torch.stack([changes, changes.abs()], dim=1)

    def mean_selectivity(mean: Float[Tensor, "b 2 k a"]) -> Float[Tensor, " b"]:
        return selectivity(mean[:, 0], mean[:, 1], one.targets, form=form).mean(1)

    return paired_test(sizes(one), sizes(other), mean_selectivity, seed=one.seed)

"""How much of what an edit changes is what it was meant to change, as one number in three named forms."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ganatomy.errors import UnknownNameError
from ganatomy.statistics.intervals import Estimate

FORMS = ("mean_abs_all", "top13", "signed")
NUM_TOP = 13
"""Other attributes that Table II of Pham Van et al. shows."""


@dataclass(frozen=True, kw_only=True)
class Selectivity:
    """Selectivity of a set of directions in one form: of each, and their mean."""

    form: str
    mean: Estimate
    directions: dict[str, Estimate]

    def __str__(self) -> str:
        return f"{self.mean} ({self.form}, mean of {len(self.directions)})"


def selectivity(
    mean_change: Float[Tensor, "*b k a"],
    mean_abs_change: Float[Tensor, "*b k a"],
    targets: Int[Tensor, " k"],
    *,
    form: str = "mean_abs_all",
) -> Float[Tensor, "*b k"]:
    """|mean change of the target| over the mean change of other attributes, for k directions and a attributes.

    Args:
        mean_change, mean_abs_change: means over images of the change, and of its size in each image.
        targets: the column that each direction is meant to move.
        form: which changes of others count. "mean_abs_all": |change per image|, over all others; "top13": the same
            over the 13 that change most (Table II of Pham Van et al.); "signed": |mean change| over all others, which
            is what the edit does on average, and blind to what it does to single images.

    Returns nan where there is no other attribute, inf where no other changes.

    Raises:
        UnknownNameError: for another form.
    """
    if form not in FORMS:
        raise UnknownNameError("form of selectivity", form, FORMS)
    is_target = _is_target(targets, mean_change.shape[-1])
    target = (mean_change.abs() * is_target).sum(-1)
    others = mean_change.abs() if form == "signed" else mean_abs_change
    num_others = others.shape[-1] - 1
    if form == "top13" and num_others > NUM_TOP:
        most = others.masked_fill(is_target, -torch.inf).topk(NUM_TOP, dim=-1).values
        return target / most.mean(-1)
    return target / ((others * ~is_target).sum(-1) / num_others if num_others else torch.nan)


def _is_target(targets: Int[Tensor, " k"], num_attributes: int) -> Bool[Tensor, "k a"]:
    return targets[:, None] == torch.arange(num_attributes)

"""How alike directions are."""

from __future__ import annotations

import torch

from ganatomy.errors import SettingError
from ganatomy.latents import Directions


def mean_abs_cosine(directions: Directions, attribute: str | None = None) -> float:
    """Mean |cosine| of a direction to all others, or over all pairs where none is named; 0 where all are orthogonal.

    Raises:
        UnknownNameError: when there is no such direction. SettingError: for fewer than two directions.
    """
    if len(directions) < 2:
        raise SettingError(
            f"a cosine needs two directions, there {'is' if len(directions) == 1 else 'are'} {len(directions)}"
        )
    cosines = directions.gram().abs()
    if attribute is None:
        return float(cosines[~torch.eye(len(directions), dtype=torch.bool)].mean())
    place = directions.names.index(directions[attribute].name)
    return float((cosines[place].sum() - cosines[place, place]) / (len(directions) - 1))

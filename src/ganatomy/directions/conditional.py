"""A direction made orthogonal to others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import torch

from ganatomy.errors import SettingError, SpaceError
from ganatomy.geometry import project_out
from ganatomy.latents import Direction

NOTHING = 1e-5
"""A direction whose rest is shorter than this is a combination of the others."""


def condition(direction: Direction, on: Iterable[Direction]) -> Direction:
    """InterFaceGAN's conditional direction: `p - Cᵀ(CCᵀ)⁻¹Cp` brought to norm 1, with the others as rows of C.

    Moving along it does not change the linear scores of the others. Unlike in `edits.move(..., hold=...)` a step of 1
    is a distance of 1 and changes the target less, as its smaller slope says. Sigma is kept, which is right where the
    covariance of codes is isotropic; the AUC is unknown.

    Args:
        direction: to change.
        on: directions of the same space, to be orthogonal to.

    Returns:
        The direction, or itself where there are no others.

    Raises:
        SpaceError: for directions of another space or length.
        SettingError: when the direction is a combination of the others.

    Example::

        glasses = ga.condition(found["Eyeglasses"], [found["Young"], found["Male"]])
    """
    on = list(on)
    for other in on:
        if other.space != direction.space or other.vector.shape != direction.vector.shape:
            raise SpaceError(
                f"{direction.name!r} in {direction.space} {list(direction.vector.shape)} cannot be conditioned on "
                f"{other.name!r} in {other.space} {list(other.vector.shape)}; find both in one space"
            )
    if not on:
        return direction
    others = torch.stack([other.vector.flatten() for other in on]).to(direction.vector)
    left = project_out(direction.vector.flatten()[None], others)[0]
    rest = float(left.norm())
    names = ", ".join(other.name for other in on)
    if rest < NOTHING:
        raise SettingError(
            f"nothing of {direction.name!r} is left without {names}; condition on fewer directions"
        )
    return replace(
        direction,
        vector=left.reshape(direction.vector.shape),
        slope=direction.slope * rest,
        auc=float("nan"),
        method=f"{direction.method}, conditioned on {names}",
    )

"""Principal components of codes: where they spread most, whatever that means."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from ganatomy.directions.moments import moments
from ganatomy.errors import SettingError
from ganatomy.latents import Direction, Directions
from ganatomy.surveys import Survey


def pca(
    survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0, num_components: int = 10
) -> Directions:
    """Principal components of the codes of a survey, "PC 1" the widest (GANSpace, Härkönen et al. 2020, for w).

    Nothing is learnt from scores: slope and AUC are nan. A component and its opposite are as good as each other; taken
    is the one whose largest number is positive, so that the same codes give the same directions.

    Args:
        attributes: must be None, here for the sake of the one signature. seed: changes nothing.

    Raises:
        SettingError: for attributes, and for a number of components that the codes do not have.
    """
    if attributes is not None:
        raise SettingError("principal components have no attributes; leave them out and give num_components")
    codes = survey.latents.codes.detach().cpu().float().flatten(1)
    if len(codes) < codes.shape[1]:
        _, widths, rows = torch.linalg.svd(codes.double() - codes.double().mean(0), full_matrices=False)
        variances, axes = widths.square() / len(codes), rows.T
    else:
        spectrum = moments(codes, codes.new_zeros(len(codes), 0)).spectrum
        variances, axes = spectrum.variances, spectrum.axes
    if not 0 < num_components <= len(variances):
        raise SettingError(
            f"these {len(codes)} codes have 1 to {len(variances)} components, not {num_components}"
        )
    largest = axes.gather(0, axes.abs().argmax(0, keepdim=True))
    vectors = (axes * largest.sign()).T[:num_components].float()
    return Directions(
        Direction(
            name=f"PC {k + 1}",
            vector=vectors[k].reshape(survey.latents.codes.shape[1:]),
            space=survey.latents.space,
            sigma=float(variances[k].sqrt()),
            method="pca",
            seed=seed,
            fingerprint=survey.latents.fingerprint,
        )
        for k in range(num_components)
    )

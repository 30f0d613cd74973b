"""Principal components of codes: where they spread most, whatever that means."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from ganatomy.directions.moments import moments
from ganatomy.directions.unsupervised import Ranked, check_count, upright
from ganatomy.errors import SettingError
from ganatomy.latents import Direction
from ganatomy.surveys import Survey


def pca(
    survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0, num_components: int = 10
) -> Ranked:
    """Principal components of the codes of a survey, "PC 1" the widest (GANSpace, Härkönen et al. 2020, for w).

    Nothing is learnt from scores: slope and AUC are nan. A component and its opposite are as good as each other; taken
    is the one whose largest number is positive, so that the same codes give the same directions. `ganspace` finds
    them for more codes than can be held, and for activations.

    Args:
        attributes: must be None, here for the sake of the one signature. seed: changes nothing.

    Raises:
        SettingError: for attributes, and for a number of components that the codes do not have.
    """
    if attributes is not None:
        raise SettingError("principal components have no attributes; leave them out and give num_components")
    codes = survey.latents.codes.detach().cpu().float().flatten(1)
    if len(codes) < codes.shape[1]:
        centred = codes.double() - codes.double().mean(0)
        _, widths, rows = torch.linalg.svd(centred, full_matrices=False)
        variances, axes = widths.square() / len(codes), rows
        total = float(variances.sum())
    else:
        seen = moments(codes, codes.new_zeros(len(codes), 0))
        variances, axes = seen.spectrum.variances, seen.spectrum.axes.T
        total = float(seen.covariance.trace())
    check_count(num_components, len(variances), f"these {len(codes)} codes")
    vectors = upright(axes[:num_components]).float()
    return Ranked(
        (
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
        ),
        figure="share of variance",
        values=(variances[:num_components] / total).tolist(),
    )

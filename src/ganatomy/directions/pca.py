"""Principal components of the codes of a survey."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from ganatomy.directions.moments import moments
from ganatomy.directions.unsupervised import Ranked, check_count
from ganatomy.errors import SettingError
from ganatomy.geometry import upright
from ganatomy.latents import Direction
from ganatomy.surveys import Survey


def pca(
    survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0, num_components: int = 10
) -> Ranked:
    """Principal components of the codes of a survey, "PC 1" with the most variance (GANSpace, Härkönen et al. 2020).

    Scores are not used: slope and AUC are nan. The sign of a component is free; `geometry.upright` fixes it. `ganspace`
    finds components of more codes than fit into memory, and of activations.

    Args:
        attributes: must be None; it is here for the shared signature.
        seed: recorded; components do not depend on it.
        num_components: to return.

    Returns:
        Directions "PC 1", "PC 2", ... with their shares of the variance.

    Raises:
        SettingError: for attributes, and for a number of components that the codes do not have.

    Example::

        first = ga.pca(survey, num_components=5)["PC 1"]
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

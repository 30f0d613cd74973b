"""Principal components of the codes of a survey."""

from __future__ import annotations

from collections.abc import Iterable

from ganatomy.directions.principal import principal
from ganatomy.directions.unsupervised import Ranked, check_count
from ganatomy.errors import SettingError
from ganatomy.latents import Direction
from ganatomy.surveys import Survey


def pca(
    survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0, num_components: int = 10
) -> Ranked:
    """Principal components of the codes of a survey, "PC 1" with the most variance (GANSpace, Härkönen et al. 2020).

    Scores are not used: slope and AUC are nan. The sign of a component is free; `geometry.upright` fixes it. Codes of
    more than `principal.LONGEST` numbers (w+) are sketched. `ganspace` finds components of codes that are
    not in a survey, and of activations.

    Args:
        attributes: must be None; it is here for the shared signature.
        seed: of the sketch.

    Returns:
        Directions "PC 1", "PC 2", ... with their shares of the variance.

    Raises:
        SettingError: for attributes, and for a number of components that the codes do not have.

    Example::

        first = ga.pca(survey, num_components=5)["PC 1"]
    """
    if attributes is not None:
        raise SettingError("principal components have no attributes; leave them out and give num_components")
    batches = ((codes, codes[:, :0]) for codes, _ in survey.batches())
    found = principal(batches, num_axes=max(1, num_components), seed=seed)
    check_count(num_components, len(found.variances), f"these {len(survey)} codes")
    return Ranked(
        (
            Direction(
                name=f"PC {k + 1}",
                vector=found.axes[:, k].float().reshape(survey.code_shape),
                space=survey.space,
                sigma=float(found.variances[k].sqrt()),
                method="pca",
                seed=seed,
                fingerprint=survey.generator,
            )
            for k in range(num_components)
        ),
        figure="share of variance",
        values=found.captured.tolist(),
    )

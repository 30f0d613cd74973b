"""The difference between the mean code with an attribute and the mean code without it."""

from __future__ import annotations

from collections.abc import Iterable

from ganatomy.directions.base import calibrate
from ganatomy.directions.evidence import as_labels, read
from ganatomy.latents import Directions
from ganatomy.surveys import Survey


def centroids(survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0) -> Directions:
    """Difference of class means, the arithmetic of DCGAN (Radford et al. 2016) over a whole survey.

    It is the gradient of an attribute only where the covariance of codes is isotropic (z of a normal prior); in w it
    leans towards the axes along which codes vary most.

    Returns:
        One direction for each attribute.

    Raises:
        ScoreError, UnknownNameError: see `directions.evidence.read`.

    Example::

        found = ga.centroids(survey, ["Smiling"])
    """
    evidence = read(survey, attributes, seed=seed)
    # For labels of 0 and 1 the regression on each label alone is the difference of its means.
    seen = evidence.moments(as_labels)
    return calibrate(evidence, (seen.cross / seen.variances).T, method="centroid")

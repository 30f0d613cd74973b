"""The difference between the mean code with an attribute and the mean code without it."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from ganatomy.directions.base import blocks, calibrate, read
from ganatomy.latents import Directions
from ganatomy.surveys import Survey


def centroids(survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0) -> Directions:
    """Difference of class means, the arithmetic of DCGAN (Radford et al. 2016) over a whole survey.

    It is the gradient of an attribute only where the covariance of codes is isotropic (z of a normal prior); in w it
    leans towards the axes along which codes vary most.

    Returns:
        One direction for each attribute.

    Raises:
        ScoreError, UnknownNameError: see `directions.base.read`.

    Example::

        found = ga.centroids(survey, ["Smiling"])
    """
    evidence = read(survey, attributes, seed=seed)
    labels = evidence.labels
    with_it = torch.zeros(labels.shape[1], evidence.codes.shape[1], dtype=torch.float64)
    all_of_them = torch.zeros(evidence.codes.shape[1], dtype=torch.float64)
    for rows in blocks(len(labels)):
        with_it += labels[rows].float().T @ evidence.codes[rows]
        all_of_them += evidence.codes[rows].sum(0, dtype=torch.float64)
    present = labels.sum(0)[:, None]
    vectors = with_it / present - (all_of_them - with_it) / (len(labels) - present)
    return calibrate(evidence, vectors, method="centroid")

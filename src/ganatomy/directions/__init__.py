"""Ways to find directions in a survey: one method, one file, one line in the table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from ganatomy.directions.base import Method, usable
from ganatomy.directions.centroids import centroids
from ganatomy.directions.conditional import condition
from ganatomy.directions.dual import dual
from ganatomy.directions.held import held
from ganatomy.directions.linear_map import linear_map
from ganatomy.directions.logistic import logistic
from ganatomy.directions.lowdin import lowdin
from ganatomy.directions.pca import pca
from ganatomy.directions.regression import regression
from ganatomy.directions.selective import selective
from ganatomy.directions.svm import svm
from ganatomy.errors import UnknownNameError
from ganatomy.latents import Directions
from ganatomy.surveys import Survey

__all__ = [
    "METHODS",
    "Method",
    "centroids",
    "condition",
    "dual",
    "find",
    "held",
    "linear_map",
    "logistic",
    "lowdin",
    "pca",
    "regression",
    "selective",
    "svm",
    "usable",
]

METHODS: Mapping[str, Method] = {
    "linear": partial(linear_map, penalty=0.0),
    "penalty": partial(linear_map, penalty=2.0),
    "lowdin": lowdin,
    "dual": dual,
    "svm": svm,
    "logistic": logistic,
    "centroid": centroids,
    "regression": regression,
    "held": held,
    "selective": selective,
    "pca": pca,
}
"""Every method by the name that the command line and reports use, with its default settings."""


def find(
    survey: Survey, attributes: Iterable[str] | None = None, *, method: str = "regression", seed: int = 0
) -> Directions:
    """Directions by the method of that name, with its default settings; call the method itself to choose them.

    Args:
        attributes: by default every one that `usable` names.

    Raises:
        UnknownNameError: for another method, or an attribute that was not scored.
        ScoreError: for attributes of one class, and for scores that are not numbers.
    """
    if method not in METHODS:
        raise UnknownNameError("method", method, METHODS)
    return METHODS[method](survey, attributes, seed=seed)

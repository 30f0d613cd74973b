"""Methods of finding directions, one file each: in a survey (the table `METHODS`), or in a generator itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from ganatomy.directions.base import Method
from ganatomy.directions.centroids import centroids
from ganatomy.directions.conditional import condition
from ganatomy.directions.discriminant import discriminant
from ganatomy.directions.dual import dual
from ganatomy.directions.evidence import usable
from ganatomy.directions.few_labels import FewLabels, few_labels
from ganatomy.directions.ganspace import ganspace, layer_names
from ganatomy.directions.gradient import ActiveSubspace, active, active_subspace, gradient, local_directions
from ganatomy.directions.held import held
from ganatomy.directions.imported import import_directions, import_latents
from ganatomy.directions.interfacegan import interfacegan
from ganatomy.directions.linear_map import linear_map
from ganatomy.directions.logistic import logistic
from ganatomy.directions.lowdin import lowdin
from ganatomy.directions.pca import pca
from ganatomy.directions.pls import pls
from ganatomy.directions.regression import regression
from ganatomy.directions.sefa import sefa
from ganatomy.directions.selective import selective
from ganatomy.directions.stylespace import attribute_channels, exemplars, local_channels
from ganatomy.directions.svm import svm
from ganatomy.directions.unsupervised import Ranked
from ganatomy.errors import UnknownNameError
from ganatomy.latents import Directions
from ganatomy.surveys import Survey

__all__ = [
    "METHODS",
    "ActiveSubspace",
    "FewLabels",
    "Method",
    "Ranked",
    "active",
    "active_subspace",
    "attribute_channels",
    "centroids",
    "condition",
    "discriminant",
    "dual",
    "exemplars",
    "few_labels",
    "find",
    "ganspace",
    "gradient",
    "held",
    "import_directions",
    "import_latents",
    "interfacegan",
    "layer_names",
    "linear_map",
    "local_channels",
    "local_directions",
    "logistic",
    "lowdin",
    "pca",
    "pls",
    "regression",
    "sefa",
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
    "interfacegan": interfacegan,
    "logistic": logistic,
    "centroid": centroids,
    "discriminant": discriminant,
    "pls": pls,
    "regression": regression,
    "gradient": gradient,
    "active": active,
    "held": held,
    "selective": selective,
    "pca": pca,
}
"""The methods that find directions in a survey, by the names of the command line, with default settings."""


def find(
    survey: Survey, attributes: Iterable[str] | None = None, *, method: str = "regression", seed: int = 0
) -> Directions:
    """Directions by the method of that name, with its default settings; call the method itself to change them.

    Args:
        seed: of the split into codes to learn from and held-out codes.

    Returns:
        One direction for each attribute.

    Raises:
        UnknownNameError: for another method, or an attribute that was not scored.
        ScoreError: for scores that are not finite, and for attributes that all or no images have.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(attributes=("red", "round"), cosine=0.6)
        >>> found = ga.find(ga.survey(toy, OracleScorer(toy), n=500), method="regression")
        >>> found.names, round(float(found["red"].vector @ found["round"].vector), 2)
        (['red', 'round'], 0.6)
    """
    if method not in METHODS:
        raise UnknownNameError("method", method, METHODS)
    return METHODS[method](survey, attributes, seed=seed)

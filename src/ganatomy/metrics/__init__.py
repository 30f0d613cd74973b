"""Measures of spaces, directions, edits and images: one measure, one file, and a line in the table."""

from __future__ import annotations

from collections.abc import Mapping

from ganatomy.metrics.base import MeasuredValue, Result
from ganatomy.metrics.correlations import CORRELATIONS, Correlations, correlations
from ganatomy.metrics.cosines import COSINES, cosines, mean_abs_cosine
from ganatomy.metrics.covariance import COVARIANCE, covariance
from ganatomy.metrics.dci import DCI_MEASURE, dci
from ganatomy.metrics.edited import EditedSet, edited_set
from ganatomy.metrics.entanglement import (
    ENTANGLEMENT,
    Entanglement,
    entanglement,
    measure_edits,
    measure_steps,
)
from ganatomy.metrics.frechet import FRECHET, frechet_distance
from ganatomy.metrics.fresh_images import FreshImages, Readers
from ganatomy.metrics.identity import IDENTITY, identity_kept
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.metrics.kernel import KID, kid
from ganatomy.metrics.linearity import LINEARITY, Linearity, linearity
from ganatomy.metrics.memorisation import MEMORISATION, memorisation, nearest_training
from ganatomy.metrics.naming import Naming, name_directions
from ganatomy.metrics.paired import compare_selectivity
from ganatomy.metrics.pairs import PairGrid, pair_grid
from ganatomy.metrics.path_length import PATH_LENGTH, path_length
from ganatomy.metrics.precision_recall import PRECISION_RECALL, precision_recall
from ganatomy.metrics.reconstruction import RECONSTRUCTION, reconstruction
from ganatomy.metrics.selectivity import FORMS, Selectivity, selectivity
from ganatomy.metrics.separability import SEPARABILITY, separability
from ganatomy.metrics.tables import ChangeTable, CosineTable, table_ii, table_iii
from ganatomy.metrics.walks import WALKS, walk_profile

__all__ = [
    "FORMS",
    "MEASURES",
    "ChangeTable",
    "Correlations",
    "CosineTable",
    "EditedSet",
    "Entanglement",
    "FreshImages",
    "Linearity",
    "Measure",
    "MeasuredValue",
    "Naming",
    "PairGrid",
    "Readers",
    "Result",
    "Selectivity",
    "SharedInputs",
    "compare_selectivity",
    "correlations",
    "cosines",
    "covariance",
    "dci",
    "edited_set",
    "entanglement",
    "frechet_distance",
    "identity_kept",
    "kid",
    "linearity",
    "mean_abs_cosine",
    "measure_edits",
    "measure_steps",
    "memorisation",
    "name_directions",
    "nearest_training",
    "pair_grid",
    "path_length",
    "precision_recall",
    "reconstruction",
    "selectivity",
    "separability",
    "table_ii",
    "table_iii",
    "walk_profile",
]

MEASURES: Mapping[str, Measure] = {
    "path-length": PATH_LENGTH,
    "separability": SEPARABILITY,
    "linearity": LINEARITY,
    "correlations": CORRELATIONS,
    "covariance": COVARIANCE,
    "dci": DCI_MEASURE,
    "entanglement": ENTANGLEMENT,
    "cosines": COSINES,
    "identity": IDENTITY,
    "frechet": FRECHET,
    "kid": KID,
    "precision-recall": PRECISION_RECALL,
    "walks": WALKS,
    "memorisation": MEMORISATION,
    "reconstruction": RECONSTRUCTION,
}
"""Every measure by the name that the command line and reports use."""

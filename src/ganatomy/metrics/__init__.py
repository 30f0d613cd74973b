"""Measures of spaces, directions, edits and images: one measure, one file, and a line in the table."""

from __future__ import annotations

from collections.abc import Mapping

from ganatomy.metrics.base import Figure, Result
from ganatomy.metrics.correlations import MEASURE as CORRELATIONS
from ganatomy.metrics.correlations import Correlations, correlations
from ganatomy.metrics.cosines import MEASURE as COSINES
from ganatomy.metrics.cosines import Cosines, cosines, mean_abs_cosine
from ganatomy.metrics.covariance import MEASURE as COVARIANCE
from ganatomy.metrics.covariance import Covariance, covariance
from ganatomy.metrics.dci import DCI, dci
from ganatomy.metrics.dci import MEASURE as DCI_MEASURE
from ganatomy.metrics.edited import EditedSet, edited_set
from ganatomy.metrics.entanglement import MEASURE as ENTANGLEMENT
from ganatomy.metrics.entanglement import Entanglement, entanglement
from ganatomy.metrics.frechet import MEASURE as FRECHET
from ganatomy.metrics.frechet import FrechetDistance, frechet_distance
from ganatomy.metrics.identity import MEASURE as IDENTITY
from ganatomy.metrics.identity import IdentityKept, identity_kept
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.metrics.kernel import MEASURE as KERNEL
from ganatomy.metrics.kernel import KernelDistance, kid
from ganatomy.metrics.linearity import MEASURE as LINEARITY
from ganatomy.metrics.linearity import Linearity, linearity
from ganatomy.metrics.memorisation import MEASURE as MEMORISATION
from ganatomy.metrics.memorisation import Memorisation, memorisation, nearest_training
from ganatomy.metrics.naming import Naming, name_directions
from ganatomy.metrics.paired import compare_selectivity
from ganatomy.metrics.path_length import MEASURE as PATH_LENGTH
from ganatomy.metrics.path_length import PathLength, path_length
from ganatomy.metrics.precision_recall import MEASURE as PRECISION_RECALL
from ganatomy.metrics.precision_recall import PrecisionRecall, precision_recall
from ganatomy.metrics.recognition import Recognition, recognition
from ganatomy.metrics.reconstruction import MEASURE as RECONSTRUCTION
from ganatomy.metrics.reconstruction import Reconstruction, reconstruction
from ganatomy.metrics.selectivity import FORMS, Selectivity, selectivity
from ganatomy.metrics.separability import MEASURE as SEPARABILITY
from ganatomy.metrics.separability import Separability, separability
from ganatomy.metrics.tables import ChangeTable, CosineTable, table_ii, table_iii
from ganatomy.metrics.walks import MEASURE as WALKS
from ganatomy.metrics.walks import WalkProfile, WalkProfiles, walk_profile
from ganatomy.statistics.intervals import Estimate

__all__ = [
    "DCI",
    "FORMS",
    "MEASURES",
    "ChangeTable",
    "Correlations",
    "CosineTable",
    "Cosines",
    "Covariance",
    "EditedSet",
    "Entanglement",
    "Estimate",
    "Figure",
    "FrechetDistance",
    "IdentityKept",
    "KernelDistance",
    "Linearity",
    "Measure",
    "Memorisation",
    "Naming",
    "PathLength",
    "PrecisionRecall",
    "Recognition",
    "Reconstruction",
    "Result",
    "Selectivity",
    "Separability",
    "SharedInputs",
    "WalkProfile",
    "WalkProfiles",
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
    "memorisation",
    "name_directions",
    "nearest_training",
    "path_length",
    "precision_recall",
    "recognition",
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
    "kid": KERNEL,
    "precision-recall": PRECISION_RECALL,
    "walks": WALKS,
    "memorisation": MEMORISATION,
    "reconstruction": RECONSTRUCTION,
}
"""Every measure by the name that the command line and reports use."""

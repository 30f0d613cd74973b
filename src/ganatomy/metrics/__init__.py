"""Measures of what directions do: one measure, one file."""

from __future__ import annotations

from ganatomy.estimates import Estimate
from ganatomy.metrics.cosines import mean_abs_cosine
from ganatomy.metrics.entanglement import Entanglement, entanglement
from ganatomy.metrics.naming import Naming, name_directions
from ganatomy.metrics.selectivity import FORMS, Selectivity, selectivity
from ganatomy.metrics.tables import ChangeTable, CosineTable, table_ii, table_iii

__all__ = [
    "FORMS",
    "ChangeTable",
    "CosineTable",
    "Entanglement",
    "Estimate",
    "Naming",
    "Selectivity",
    "entanglement",
    "mean_abs_cosine",
    "name_directions",
    "selectivity",
    "table_ii",
    "table_iii",
]

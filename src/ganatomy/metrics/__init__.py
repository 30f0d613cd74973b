"""Measures of what directions do: one measure, one file."""

from __future__ import annotations

from ganatomy.metrics.cosines import mean_abs_cosine
from ganatomy.metrics.entanglement import Entanglement, entanglement
from ganatomy.metrics.selectivity import FORMS, Estimate, Selectivity, selectivity
from ganatomy.metrics.tables import ChangeTable, CosineTable, table_ii, table_iii

__all__ = [
    "FORMS",
    "ChangeTable",
    "CosineTable",
    "Entanglement",
    "Estimate",
    "Selectivity",
    "entanglement",
    "mean_abs_cosine",
    "selectivity",
    "table_ii",
    "table_iii",
]

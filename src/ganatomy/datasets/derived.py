"""Attributes that a column of numbers decides, such as Young by an age in years."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ganatomy.datasets.tables import ColumnTable
from ganatomy.errors import SettingError

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True, kw_only=True)
class Derived:
    """An attribute that is there where a column is below or above a number.

    Args:
        name: of the attribute.
        column: of the table.
        relation: one of `OPERATORS`.
        number: that the column is compared with.
    """

    name: str
    column: str
    relation: str
    number: float

    def labels(self, table: ColumnTable) -> Float[np.ndarray, " n"]:
        """1 where it is there, 0 where it is not, nan where the column has no number.

        Raises:
            UnknownNameError: without such a column. CheckpointError: for a column of text.
        """
        values = table.numbers(self.column)
        found = OPERATORS[self.relation](values, self.number).astype(np.float64)
        return np.where(np.isnan(values), np.nan, found)


def parse_derived(text: str) -> Derived:
    """What a text such as `Young=age<35` says.

    Raises:
        SettingError: for any other text.

    Example:
        >>> parse_derived("Young=age<35")
        Derived(name='Young', column='age', relation='<', number=35.0)
    """
    found = re.fullmatch(r"\s*([^=<>]+?)\s*=\s*([^=<>]+?)\s*(<=|>=|<|>)\s*([-+.\d]+)\s*", text)
    try:
        if found is not None:
            name, column, relation, number = found.groups()
            return Derived(name=name, column=column, relation=relation, number=float(number))
    except ValueError:
        pass
    raise SettingError(f"{text!r} derives no attribute; write it like Young=age<35")

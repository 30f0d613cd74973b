"""A table of labels as a scorer: images that a person, or another program, has looked at."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.datasets.tables import ColumnTable, read_table
from ganatomy.errors import CheckpointError, ScoreError
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer, check_names, fingerprint_of, logit

ROW_COLUMN = "row"
"""A column of this name says which sample a line belongs to; without one, the lines are in the order of the samples."""


class TableScorer(Scorer):
    """Labels from a table with one line for each sample and one column for each attribute.

    Write images with `ganatomy sample`, label them in their order, and survey the same seed: line i belongs to row i
    of that seed's sample, so the images themselves are not looked at again. A column named `row` may give the
    order instead. Labels are 0 and 1, -1 and 1 (as in CelebA), yes and no, true and false, or probabilities; a blank
    cell is a missing label, whose row is left out where that attribute is learnt. Columns of plain text, such as file
    names, are left out. `datasets.tables.read_table` says how the file may be written.

    Args:
        path: of the file.
        names: the columns to use; by default all that hold labels.

    Raises:
        MissingFileError: when the file is not there.
        CheckpointError: when it is no table, or a column holds something that is not a label, naming the line.
        UnknownNameError: for a name that is no column.
    """

    may_lack = True

    def __init__(self, path: str | os.PathLike[str], *, names: Iterable[str] | None = None) -> None:
        self.path = Path(path)
        table = read_table(self.path)
        others = [name for name in table.names if name != ROW_COLUMN]
        self.names = check_names(names) if names is not None else _with_labels(table, others)
        labels = torch.from_numpy(np.stack([table.labels(name) for name in self.names], axis=1))
        order = _order(table)
        self._table = logit(labels if order is None else labels[order])
        self.num_rows = len(labels)
        self.fingerprint = fingerprint_of(hashlib.sha256(self.path.read_bytes()).digest(), *self.names)
        self.left_out = tuple(name for name in others if name not in self.names)
        self.description = f"{self.path.name} (table of {len(labels)} rows, {len(self.names)} attributes)"

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        return rows_of(self._table, start, len(images), self.description)


def rows_of(table: Float[Tensor, "m a"], start: int, n: int, title: str) -> Float[Tensor, "n a"]:
    """Rows of a table by their index; raises ScoreError where it ends before."""
    if start + n > len(table):
        raise ScoreError(
            f"{title} ends before row {start + n - 1}; ask for at most {len(table)} samples, or label more"
        )
    return table[start : start + n]


def _with_labels(table: ColumnTable, names: Iterable[str]) -> tuple[str, ...]:
    found = tuple(name for name in names if not table.is_text(name))
    if not found:
        raise CheckpointError(
            f"{table.path} holds no labels; it needs a line of names, then one line for each sample"
        )
    return found


def _order(table: ColumnTable) -> Tensor | None:
    """Where in the table each sample stands."""
    if ROW_COLUMN not in table.names:
        return None
    rows = table.numbers(ROW_COLUMN)
    if not np.array_equal(np.sort(rows), np.arange(len(rows))):
        raise CheckpointError(
            f"{table.path}: the column {ROW_COLUMN!r} must hold each number from 0 to {len(rows) - 1} once"
        )
    return torch.from_numpy(rows).argsort()

"""A table of labels as a scorer: images that a person, or another program, has looked at."""

from __future__ import annotations

import csv
import hashlib
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import CheckpointError, MissingFileError, ScoreError, UnknownNameError
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer, check_names, fingerprint_of, logit

ROW_COLUMN = "row"
"""A column of this name says which sample a line belongs to; without one, the lines are in the order of the samples."""

WORDS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}


class TableScorer(Scorer):
    """Labels from a CSV or Parquet file with one line for each sample and one column for each attribute.

    Write images with `ganatomy sample`, label them in their order, and survey the same seed: line i belongs to row i
    of that seed's sample, so the images themselves are not looked at again. A column named `row` may give the
    order instead. Labels are 0 and 1, -1 and 1 (as in CelebA), yes and no, true and false, or probabilities; columns
    of plain text, such as file names, are left out.

    Args:
        names: the columns to use; by default all that hold labels.

    Raises:
        MissingFileError, CheckpointError: when the file is not there or is no table.
        ScoreError: when a column holds something that is not a label, naming the line.
    """

    def __init__(self, path: str | os.PathLike[str], *, names: Iterable[str] | None = None) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise MissingFileError(f"{path} does not exist; give a .csv or .parquet file of labels")
        columns = _read_parquet(self.path) if self.path.suffix.lower() == ".parquet" else _read_csv(self.path)
        order = _order(columns.pop(ROW_COLUMN, None), self.path)
        chosen = (
            check_names(names)
            if names is not None
            else tuple(n for n, v in columns.items() if not _is_text(v))
        )
        for name in chosen:
            if name not in columns:
                raise UnknownNameError(f"column in {self.path.name}", name, columns)
        if not chosen or not next(iter(columns.values())):
            raise CheckpointError(
                f"{path} holds no labels; it needs a line of names, then one line for each sample"
            )
        labels = torch.stack([_labels(name, columns[name], self.path) for name in chosen], dim=1)
        self.names = check_names(chosen)
        self._table = logit(labels if order is None else labels[order])
        self.num_rows = len(labels)
        self.fingerprint = fingerprint_of(hashlib.sha256(self.path.read_bytes()).digest(), *self.names)
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


def _read_csv(path: Path) -> dict[str, list[object]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader, [])]
            lines = [line for line in reader if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise CheckpointError(f"{path} cannot be read as a table: {error}") from None
    for number, line in enumerate(lines):
        if len(line) != len(header):
            raise CheckpointError(
                f"{path}: row {number} has {len(line)} cells, the line of names has {len(header)}"
            )
    check_names(header or [""])
    return {name: [line[column].strip() for line in lines] for column, name in enumerate(header)}


def _read_parquet(path: Path) -> dict[str, list[object]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise CheckpointError(f"{path} cannot be read as Parquet: {error}") from None
    check_names(table.column_names)
    return {name: table.column(name).to_pylist() for name in table.column_names}


def _is_text(values: Sequence[object]) -> bool:
    """Whether no cell of a column is a label: such a column is a remark, one with a slip of the pen is not."""
    return bool(values) and all(_number(value) is None for value in values)


def _number(value: object) -> float | None:
    """A cell as a number, None where it is not one (nor empty)."""
    if isinstance(value, str):
        value = WORDS.get(value.lower(), value)
    if value is None or value == "":
        return math.nan
    try:
        return float(value)  # pyright: ignore[reportArgumentType]  (whatever it is, it may be a number)
    except (TypeError, ValueError):
        return None


def _labels(name: str, values: Sequence[object], path: Path) -> Float[Tensor, " n"]:
    numbers = [_number(value) for value in values]
    signed = all(number in (-1, 1) for number in numbers)
    for row, number in enumerate(numbers):
        if number is None or math.isnan(number):
            what = "no label" if values[row] in (None, "") or number is not None else repr(values[row])
            raise ScoreError(
                f"{path}: {name!r} has {what} in row {row}; every row needs a number from 0 to 1"
            )
        if not signed and not 0 <= number <= 1:
            raise ScoreError(
                f"{path}: {name!r} has {number:g} in row {row}; labels are 0 and 1, -1 and 1, or probabilities. "
                "Name the columns to use if this is no attribute"
            )
    labels = torch.tensor([number for number in numbers if number is not None], dtype=torch.float64)
    return (labels + 1) / 2 if signed else labels


def _order(rows: Sequence[object] | None, path: Path) -> Tensor | None:
    """Where in the table each sample stands."""
    if rows is None:
        return None
    numbers = [_number(value) for value in rows]
    if sorted(-1.0 if n is None or math.isnan(n) else n for n in numbers) != list(range(len(numbers))):
        raise ScoreError(
            f"{path}: the column {ROW_COLUMN!r} must hold each number from 0 to {len(numbers) - 1} once"
        )
    return torch.tensor(numbers).argsort()

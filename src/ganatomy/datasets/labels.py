"""Tables of labels: CelebA's attribute list as published, CSV and Parquet."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from jaxtyping import Float
from pyarrow import csv
from torch import Tensor

from ganatomy.errors import CheckpointError, MissingFileError, UnknownNameError


@dataclass(frozen=True, kw_only=True)
class LabelTable:
    """What images show: one row per file, one column per attribute, values in [0, 1]."""

    names: tuple[str, ...]
    files: tuple[str, ...]
    values: Float[Tensor, "n a"]

    def __len__(self) -> int:
        return len(self.files)

    def column(self, name: str) -> Float[Tensor, " n"]:
        """The values of one attribute.

        Raises:
            UnknownNameError: when the table has no such column.
        """
        if name not in self.names:
            raise UnknownNameError("attribute", name, self.names)
        return self.values[:, self.names.index(name)]


def read_labels(path: str | os.PathLike[str]) -> LabelTable:
    """Read a table of labels, its first column the file names; its ending says how it is written.

    `.csv` and `.parquet` have a header and a column per attribute; `.txt` is CelebA's list, with or without the line
    that counts its rows, and `.zip` holds one of these. Values of -1 and 1, as in CelebA, become 0 and 1.

    Raises:
        MissingFileError: when there is none. CheckpointError: when it is not such a table.
    """
    path = Path(path)
    if not path.exists():
        raise MissingFileError(f"{path} does not exist")
    try:
        if path.suffix == ".parquet":
            return _label_table(pq.read_table(path))
        if path.suffix == ".zip":
            inner, text = _unzip(path)
        else:
            inner, text = path.name, path.read_text(encoding="utf-8-sig")
        return _label_table(_parse(text, delimiter=",") if inner.endswith(".csv") else _from_celeba(text))
    except (OSError, ValueError, zipfile.BadZipFile, pa.ArrowException) as error:
        raise CheckpointError(
            f"{path} cannot be read as a table of labels: {error}; expected CelebA's attribute list, or a CSV or "
            "Parquet file whose first column names the images"
        ) from None


def _unzip(path: Path) -> tuple[str, str]:
    with zipfile.ZipFile(path) as archive:
        tables = [name for name in archive.namelist() if name.endswith((".txt", ".csv"))]
        if len(tables) != 1:
            raise ValueError(f"it holds {len(tables)} tables (.txt, .csv), not 1")
        return tables[0], archive.read(tables[0]).decode("utf-8-sig")


def _from_celeba(text: str) -> pa.Table:
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    count = int(lines.pop(0)) if lines and lines[0].isdecimal() else None
    if len(lines) < 2:
        raise ValueError("it has no labels")
    if count not in (None, len(lines) - 1):
        raise ValueError(f"it announces {count} rows and has {len(lines) - 1}")
    lines[0] = f"file {lines[0]}"
    return _parse("\n".join(lines), delimiter=" ")


def _parse(text: str, *, delimiter: str) -> pa.Table:
    # The names of images stay text, also where all of them are numbers.
    first = text.partition("\n")[0].split(delimiter)[0].strip().strip('"')
    return csv.read_csv(
        pa.BufferReader(text.encode()),
        parse_options=csv.ParseOptions(delimiter=delimiter),
        convert_options=csv.ConvertOptions(column_types={first: pa.string()}),
    )


def _label_table(table: pa.Table) -> LabelTable:
    names = tuple(table.column_names[1:])
    if not names or not len(table):
        raise ValueError("it has no labels")
    if len(set(names)) < len(names):
        raise ValueError("two of its columns have the same name")
    files = tuple(str(name) for name in table.column(0).to_pylist())
    values = np.stack([table.column(name).cast(pa.float32()).to_numpy() for name in names], axis=1)
    if np.isnan(values).any():
        row, column = np.argwhere(np.isnan(values))[0]
        raise ValueError(f"{files[row]} has no value for {names[column]}")
    if np.isin(values, (-1, 1)).all():
        values = (values + 1) / 2
    if values.min() < 0 or values.max() > 1:
        raise ValueError(f"its values run from {values.min():g} to {values.max():g}, not -1 and 1, or 0 to 1")
    return LabelTable(names=names, files=files, values=torch.from_numpy(np.ascontiguousarray(values)))

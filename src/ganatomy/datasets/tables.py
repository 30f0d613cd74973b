"""Tables of labels as people have them: separators, encodings, ways to say yes, no and nothing."""

from __future__ import annotations

import csv
import io
import math
import os
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float
from pyarrow import csv as arrow_csv

from ganatomy.arguments import a_file
from ganatomy.errors import CheckpointError, UnknownNameError

MOST_BYTES = 1 << 30
"""Larger tables are refused before they are read; CelebA's 202,599 rows of 40 labels take 27 MB."""

MOST_COLUMNS = 10_000
"""A table with more is something else, such as pixels."""

SEPARATORS = "\t;,"
"""What may stand between cells; where none of them is in the line of names, it is blanks."""

YES, NO = ("yes", "y", "true", "t"), ("no", "n", "false", "f")
MISSING = ("", "na", "n/a", "nan", "null", "none", "?", "-")
"""Cells that hold no label."""

IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif")


@dataclass(frozen=True, kw_only=True, eq=False)
class ColumnTable:
    """A table as it was read, every cell a text or a number.

    Args:
        path: of the file, for messages.
        names: of the columns; the first is "file" where the file names every column but that of the images.
        columns: one for each name, of equal length.
    """

    path: Path
    names: tuple[str, ...]
    columns: tuple[pa.ChunkedArray, ...]

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def column(self, name: str) -> pa.ChunkedArray:
        """One column; raises UnknownNameError where there is none of this name."""
        if name not in self.names:
            raise UnknownNameError(f"column in {self.path.name}", name, self.names)
        return self.columns[self.names.index(name)]

    def texts(self, name: str) -> tuple[str, ...]:
        """The cells of a column as texts, "" where there is none."""
        return tuple("" if cell is None else str(cell).strip() for cell in self.column(name).to_pylist())

    def is_text(self, name: str) -> bool:
        """Whether no cell is a number, such as in a column of file names or remarks; an empty column is one."""
        return all(value is None or math.isnan(value) for value in map(number, self._different(name)))

    def numbers(self, name: str) -> Float[np.ndarray, " n"]:
        """The cells as numbers: 1 for yes and true, 0 for no and false, nan for blanks.

        Raises:
            UnknownNameError: without such a column. CheckpointError: for another text, naming its row.
        """
        column = self.column(name)
        if _is_number(column.type):
            return column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        coded = column.combine_chunks().dictionary_encode()
        values = [number(cell) for cell in coded.dictionary.to_pylist()]
        codes = coded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
        if None in values:
            wrong = values.index(None)
            cell, row = coded.dictionary[wrong].as_py()[:40], int((codes == wrong).argmax())
            raise CheckpointError(
                f"{self.path}: {name!r} has {cell!r} in row {row}; "
                "a label is a number, yes or no, or blank where it is not known"
            )
        return np.array([*values, math.nan], dtype=np.float64)[codes]

    def labels(self, name: str, *, unknown: float | None = None) -> Float[np.ndarray, " n"]:
        """The cells as probabilities in [0, 1], nan for blanks; -1 and 1, as in CelebA, are 0 and 1.

        Args:
            name: of the column.
            unknown: number that stands for a label that is not known.

        Raises:
            UnknownNameError: without such a column. CheckpointError: for anything else, naming its row.
        """
        values = self.numbers(name)
        if unknown is not None:
            values = np.where(values == unknown, np.nan, values)
        known = ~np.isnan(values)
        if np.isin(values[known], (-1, 1)).all():
            return (values + 1) / 2
        outside = known & ~((values >= 0) & (values <= 1))
        if outside.any():
            row = int(outside.argmax())
            raise CheckpointError(
                f"{self.path}: {name!r} has {values[row]:g} in row {row}; labels are 0 and 1, -1 and 1, or "
                "probabilities. Name the columns to use if this is no attribute"
            )
        return values

    def _different(self, name: str) -> list[object]:
        return self.column(name).unique().to_pylist()


def read_table(path: str | os.PathLike[str], *, inside: str | None = None) -> ColumnTable:
    """Read a table of labels; what it holds says how it is written, not its ending.

    Text may be separated by commas, tabs, semicolons or blanks, in UTF-8, UTF-16 or Latin-1. Its first line names the
    columns; CelebA's list has a line before it that counts the rows, and no name for the column of images. A `.zip`
    holds one such file, `.parquet` is Parquet.

    Args:
        path: of the file.
        inside: its name in a zip that holds other files as well.

    Returns:
        The table, without lines and columns that are empty.

    Raises:
        MissingFileError: when there is none. CheckpointError: when it is no table, with the row that is wrong.
    """
    path = a_file(path, "a table of labels")
    try:
        if (inside or path.name).lower().endswith(".parquet"):
            names, columns = _read_parquet(path, inside)
        else:
            names, columns = _parse(_decode(_read_bytes(path, inside)))
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(
            f"{path} cannot be read as a table of labels: {reason}; expected CelebA's attribute list, or a CSV or "
            "Parquet file with a line of names"
        ) from None
    return ColumnTable(path=path, names=names, columns=columns)


def number(cell: object) -> float | None:
    """A cell as a number: 1 and 0 for yes and no, nan for a blank, None for any other text.

    >>> number(" Yes "), number("0,5"), number("n/a"), number("cat")
    (1.0, 0.5, nan, None)
    """
    if not isinstance(cell, str):
        return math.nan if cell is None else float(cell)  # pyright: ignore[reportArgumentType]  (a number of Arrow)
    text = cell.strip().lower()
    if text in YES or text in NO:
        return float(text in YES)
    if text in MISSING:
        return math.nan
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _read_bytes(path: Path, inside: str | None) -> bytes:
    if path.suffix.lower() != ".zip":
        _refuse_large(path.stat().st_size)
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        tables = [it for it in archive.infolist() if it.filename.lower().endswith((".txt", ".csv", ".tsv"))]
        tables = tables if inside is None else [archive.getinfo(inside)]
        if len(tables) != 1:
            raise ValueError(f"it holds {len(tables)} tables (.txt, .csv, .tsv), not 1")
        _refuse_large(tables[0].file_size)
        with archive.open(tables[0]) as file:  # what the archive says of the size may be wrong
            content = file.read(MOST_BYTES + 1)
        _refuse_large(len(content))
        return content


def _refuse_large(size: int) -> None:
    if size > MOST_BYTES:
        raise ValueError(f"it has {size:,} bytes, a table has at most {MOST_BYTES:,}")


def _decode(data: bytes) -> str:
    """UTF-8 or UTF-16, with or without a mark of byte order; else Latin-1, as Windows writes it."""
    head = data[:2000]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif len(head) > 3 and head[1::2].count(0) > len(head) / 4:
        encoding = "utf-16-le"
    elif len(head) > 3 and head[::2].count(0) > len(head) / 4:
        encoding = "utf-16-be"
    else:
        encoding = "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("latin-1" if any(byte in data for byte in b"\x81\x8d\x8f\x90\x9d") else "cp1252")
    if any(character in text for character in "\x00\x01\x02\x03\x1b"):
        raise ValueError("it is not text")
    return text


def _parse(text: str) -> tuple[tuple[str, ...], tuple[pa.ChunkedArray, ...]]:
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")
    first, _, rest = text.partition("\n")
    counted = None
    if first.strip().isdecimal() and rest.strip() and number(rest.partition("\n")[0]) is None:
        counted, text = int(first), rest.lstrip("\n")
    separator = _separator(text)
    if separator == " ":
        text = "\n".join(" ".join(line.split()) for line in text.splitlines())
    head, _, body = text.partition("\n")
    names = [name.strip() for name in next(csv.reader([head], delimiter=separator), [])]
    row = next((line for line in body.splitlines() if line.strip()), "")
    if not names or not row:
        raise ValueError("it has no labels")
    if len(names) > MOST_COLUMNS:
        raise ValueError(f"it has {len(names):,} columns, a table of labels has at most {MOST_COLUMNS:,}")
    if len(next(csv.reader([row], delimiter=separator))) == len(names) + 1:
        names.insert(0, "file")  # CelebA's list has no name for the column of images
    elif names[0].lower().endswith(IMAGES):
        raise ValueError("its first line is a row; it needs a line of names before it")
    columns = _columns(body, separator, len(names))
    if counted not in (None, len(columns[0])):
        raise ValueError(f"it announces {counted} rows and has {len(columns[0])}")
    return _named(names, columns)


def _separator(text: str) -> str:
    """The separator that is most often in the line of names; blanks where there is none and the rows agree."""
    lines = list(islice((line for line in text.splitlines() if line.strip()), 2))
    most = max(SEPARATORS, key=lines[0].count) if lines else ","
    if not lines or most in lines[0]:
        return most
    names, cells = len(lines[0].split()), len(lines[-1].split())
    return " " if cells in (names, names + 1) else ","


def _columns(body: str, separator: str, num_columns: int) -> list[pa.ChunkedArray]:
    """All cells below the line of names, as texts."""
    wrong: list[arrow_csv.InvalidRow] = []

    def skip(row: arrow_csv.InvalidRow) -> str:
        if row.text.strip(separator + " "):
            wrong.append(row)
        return "skip"

    keys = [str(index) for index in range(num_columns)]
    table = arrow_csv.read_csv(
        pa.BufferReader(body.encode()),
        read_options=arrow_csv.ReadOptions(column_names=keys, use_threads=False),
        parse_options=arrow_csv.ParseOptions(
            delimiter=separator,
            quote_char=False if separator == " " else '"',
            newlines_in_values=separator != " ",
            invalid_row_handler=skip,
        ),
        convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(keys, pa.string())),
    )
    if wrong:
        raise ValueError(
            f"row {(wrong[0].number or 1) - 1} has {wrong[0].actual_columns} cells, the line of names has "
            f"{wrong[0].expected_columns}: {wrong[0].text[:40]!r}"
        )
    return list(table.columns)


def _read_parquet(path: Path, inside: str | None) -> tuple[tuple[str, ...], tuple[pa.ChunkedArray, ...]]:
    _refuse_large(path.stat().st_size)
    table = pq.read_table(path if inside is None else io.BytesIO(_read_bytes(path, inside)))
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind):
            raise ValueError(f"its column {name!r} holds {kind}, neither numbers nor text")
        columns.append(column.cast(kind if _is_number(kind) else pa.string()))
    return _named(table.column_names, columns)


def _named(
    names: Iterable[str], columns: Sequence[pa.ChunkedArray]
) -> tuple[tuple[str, ...], tuple[pa.ChunkedArray, ...]]:
    """Columns with their names, but for empty ones, as a separator at the end of each line leaves them."""
    kept = [
        (name or ("file" if index == 0 else ""), column)
        for index, (name, column) in enumerate(zip(names, columns, strict=True))
        if name or any(cell not in (None, "") for cell in column.unique().to_pylist())
    ]
    if not kept or not len(kept[0][1]):
        raise ValueError("it has no labels")
    found = tuple(name for name, _ in kept)
    if "" in found:
        raise ValueError(f"its column {found.index('') + 1} has no name")
    twice = [name for name in found if found.count(name) > 1]
    if twice:
        raise ValueError(f"two of its columns have the same name, {twice[0]!r}")
    return found, tuple(column for _, column in kept)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)

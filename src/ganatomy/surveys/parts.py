"""A survey on disk: a folder of columns.

- `survey.json`: the generator, the scorer and the settings of the sample. A folder has one survey.
- `part-000000.parquet`, ...: up to 8,192 rows each, in the order of the seed's sample. `row` is the index in that
  sample, `code` the flattened code, `logit:<attribute>` its score, `class` the label of a conditional generator. The
  metadata have a digest of the settings, and how many images of the file have each attribute.

A part is written under another name and then renamed, so at any moment every part is complete; an interrupted survey
continues after the last row that it wrote. A part that grows is written anew.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import torch

from ganatomy.arguments import not_finite
from ganatomy.errors import CheckpointError, OutputError
from ganatomy.reading import parse_json
from ganatomy.surveys.rows import Rows, counts_of
from ganatomy.surveys.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

DIGEST, COUNTS = b"ganatomy.survey", b"ganatomy.counts"


@dataclass(frozen=True, kw_only=True)
class StoredPart:
    """A file of a survey, as its footer describes it.

    Args:
        start: its first row in the sample.
        num_rows: that are used of those in the file.
        present: how many images of the file have each attribute.
        known: how many have a label of each.
        whole: whether all rows of the file are used, so that these counts are of them.
    """

    path: Path
    start: int
    num_rows: int
    present: tuple[int, ...]
    known: tuple[int, ...]
    whole: bool = True

    @property
    def stop(self) -> int:
        return self.start + self.num_rows


@contextmanager
def writing(folder: Path, settings: Settings) -> Iterator[None]:
    """Lock a folder for one writer and write its settings; the lock ends with the process, however that ends.

    Raises:
        OutputError: when the folder cannot be written, or another process writes it.
    """
    with _refusing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    with lock:
        _claim(lock, folder)
        unfinished = folder / ".survey.json.writing"
        with _refusing(folder):
            unfinished.write_text(json.dumps(asdict(settings), indent=2) + "\n", encoding="utf-8")
            os.replace(unfinished, folder / "survey.json")
            # What a killed writer left; this process is the only one now.
            for left in folder.glob(".part-*.writing"):
                left.unlink()
        yield


@contextmanager
def _refusing(folder: Path) -> Iterator[None]:
    """Turns the system's errors while a folder is written into OutputError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(
            f"{folder} cannot be written: {reason}; free space there, or choose another folder"
        ) from None


def _claim(lock: IO[str], folder: Path) -> None:
    if sys.platform == "win32":  # no advisory locks there: two writers at once are not noticed
        return
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OutputError(
            f"another process is writing {folder}; wait for it, or choose another folder"
        ) from None


def _schema(settings: Settings) -> pa.Schema:
    """The columns of a part."""
    import pyarrow as pa

    number = pa.field("element", pa.float32(), nullable=False)
    fields = [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("code", pa.list_(number, settings.code_width), nullable=False),
        *(pa.field(f"logit:{name}", pa.float32(), nullable=False) for name in settings.attributes),
    ]
    if settings.num_classes:
        fields.append(pa.field("class", pa.int64(), nullable=False))
    return pa.schema(fields)


def to_table(rows: Rows, settings: Settings, index: np.ndarray | None = None) -> pa.Table:
    """Rows as columns of Arrow; `index` says which rows of the sample they are, where they do not follow each other."""
    import pyarrow as pa

    schema = _schema(settings)
    index = np.arange(rows.start, rows.stop) if index is None else index
    flat = pa.array(rows.codes.contiguous().flatten().numpy())
    columns: list[Any] = [
        pa.array(index),
        pa.FixedSizeListArray.from_arrays(flat, type=schema.field("code").type),
        *(pa.array(column.contiguous().numpy()) for column in rows.logits.T),
    ]
    if rows.classes is not None:
        columns.append(pa.array(rows.classes.numpy()))
    return pa.Table.from_arrays(columns, schema=schema)


def part_path(folder: Path, part: int) -> Path:
    return folder / f"part-{part:06d}.parquet"


def write_part(folder: Path, part: int, rows: Rows, settings: Settings) -> None:
    """Write the rows of a part; after an interruption it is as before."""
    import pyarrow.parquet as pq

    present, known = counts_of(rows.logits)
    facts = {DIGEST: settings.digest, COUNTS: json.dumps({"present": present, "known": known})}
    content = to_table(rows, settings).replace_schema_metadata(facts)
    path = part_path(folder, part)
    unfinished = path.with_name(f".{path.name}.writing")
    with _refusing(folder):
        try:
            with unfinished.open("wb") as file:
                # Random numbers do not compress, and dictionaries of them only cost time.
                pq.write_table(
                    content, file, compression="none", use_dictionary=False, write_page_checksum=True
                )
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, path)
        except OSError:
            with suppress(OSError):
                unfinished.unlink()
            raise


def find_parts(folder: Path, settings: Settings, *, strict: bool) -> dict[int, StoredPart]:
    """The parts of a survey by their footers. Files that are no part of it are errors if `strict`, else skipped."""
    import pyarrow as pa

    expected, found = _schema(settings), {}
    for path in sorted(folder.glob("part-*.parquet")):
        try:
            part = int(path.stem.removeprefix("part-"))
            found[part] = _footer(path, part, settings, expected)
        except (pa.ArrowException, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            if strict:
                said = (
                    error if isinstance(error, CheckpointError) else f"{path} is damaged or of another survey"
                )
                raise CheckpointError(f"{said}; run the same survey again to repair it") from None
    return found


def _footer(path: Path, part: int, settings: Settings, expected: pa.Schema) -> StoredPart:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        schema, footer = file.schema_arrow, file.metadata
        facts = schema.metadata or {}
        if schema != expected or facts.get(DIGEST) != settings.digest.encode():
            raise ValueError("other columns or settings")
        # Surveys are not compressed, and pages that are claim any size.
        if _codecs(footer) != {"UNCOMPRESSED"}:
            raise CheckpointError(f"{path} is compressed, as no survey is")
        index = footer.row_group(0).column(0).statistics
        start, num_rows = part * settings.part_rows, footer.num_rows
    if (index.min, index.max) != (start, start + num_rows - 1) or num_rows > settings.part_rows:
        raise CheckpointError(f"{path} does not hold rows {start} to {start + num_rows - 1}")
    counts = parse_json(facts[COUNTS])
    if any(len(counts[kind]) != len(settings.attributes) for kind in ("present", "known")):
        raise ValueError("counts of other attributes")
    return StoredPart(
        path=path,
        start=start,
        num_rows=num_rows,
        present=tuple(map(int, counts["present"])),
        known=tuple(map(int, counts["known"])),
    )


def _codecs(footer: pq.FileMetaData) -> set[str]:
    """How the columns of a file are compressed."""
    groups = (footer.row_group(index) for index in range(footer.num_row_groups))
    return {group.column(index).compression for group in groups for index in range(group.num_columns)}


def read_part(part: StoredPart, settings: Settings) -> Rows:
    """The rows of a part; raises CheckpointError where it is damaged."""
    content = read_columns(part, _schema(settings).names)
    index = np.arange(part.start, part.stop)
    if not np.array_equal(content.column("row").to_numpy(), index):
        raise CheckpointError(
            f"{part.path} does not hold rows {part.start} to {part.stop - 1}; run the same survey again"
        )
    classes = content.column("class").to_numpy() if settings.num_classes else None
    if classes is not None and not ((classes >= 0) & (classes < settings.num_classes)).all():
        raise CheckpointError(
            f"{part.path} has classes beyond the {settings.num_classes} of its model; run the same survey again"
        )
    codes = np.concatenate([chunk.flatten().to_numpy() for chunk in content.column("code").chunks])
    rows = Rows(
        start=part.start,
        codes=torch.tensor(codes).view(part.num_rows, *settings.code_shape),
        logits=logits_of(content, settings.attributes),
        classes=None if classes is None else torch.tensor(classes),
    )
    if broken := not_finite(rows.codes):
        raise CheckpointError(
            f"{part.path}: the code of row {part.start + broken[0]} is not finite; run the same survey again"
        )
    return rows


def read_columns(part: StoredPart, columns: Sequence[str]) -> pa.Table:
    """Some columns of a part and no others; raises CheckpointError where they are damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(part.path, page_checksum_verification=True) as file:
            table = file.read(columns=list(columns))
    except (pa.ArrowException, OSError) as error:
        raise CheckpointError(
            f"{part.path} is damaged: {error}; run the same survey again to repair it"
        ) from None
    return table.slice(0, part.num_rows)


def logits_of(content: pa.Table, attributes: Sequence[str]) -> torch.Tensor:
    """The scores in a table, a column for each attribute."""
    logits = torch.empty(content.num_rows, len(attributes))
    for column, name in enumerate(attributes):
        logits[:, column] = torch.tensor(content.column(f"logit:{name}").to_numpy())
    return logits

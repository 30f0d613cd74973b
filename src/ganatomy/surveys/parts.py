"""A survey on disk: a folder of columns.

- `survey.json`: the generator, the scorer and the settings of the sample. A folder has one survey.
- `part-000000.parquet`, ...: 512 rows each, in the order of the seed's sample. `row` is the index in that sample,
  `code` the flattened code, `logit:<attribute>` its score, `class` the label of a conditional generator.

A part is written under another name and then renamed, so at any moment every part is complete; an interrupted survey
continues after the last row that it wrote. A part that grows is written anew.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ganatomy.arguments import not_finite
from ganatomy.errors import CheckpointError, OutputError, SettingError
from ganatomy.latents import Latents, Space
from ganatomy.perception.base import Scores
from ganatomy.surveys.base import Survey

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 1
PART_ROWS = 512


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that determines the rows of a survey; two surveys with equal settings have equal rows."""

    generator: str | None
    scorer: str | None
    attributes: tuple[str, ...]
    space: str
    seed: int
    truncation_psi: float
    code_shape: tuple[int, ...]
    num_layers: int | None = None
    num_classes: int = 0
    label: int | None = None
    format: int = FORMAT

    @classmethod
    def of(cls, survey: Survey) -> Settings:
        """The settings of a survey in memory."""
        latents = survey.latents
        return cls(
            generator=latents.fingerprint,
            scorer=survey.scorer,
            attributes=survey.names,
            space=latents.space.value,
            seed=survey.seed,
            truncation_psi=float(survey.truncation_psi),
            code_shape=tuple(latents.codes.shape[1:]),
            num_layers=latents.num_layers,
            num_classes=0 if latents.labels is None else latents.labels.shape[1],
            label=survey.label,
        )

    @classmethod
    def read(cls, folder: Path) -> Settings | None:
        """The settings in a folder, None where there are none yet; raises CheckpointError for any other JSON."""
        try:
            found = json.loads((folder / "survey.json").read_text(encoding="utf-8"))
            found |= {key: tuple(found[key]) for key in ("attributes", "code_shape")}
            settings = cls(**found)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise CheckpointError(f"{folder / 'survey.json'} does not describe a survey: {error}") from None
        if settings.format != FORMAT:
            raise CheckpointError(f"{folder} has format {settings.format}, this version reads {FORMAT}")
        return settings

    def refuse_other(self, other: Settings, folder: Path) -> None:
        """Raise SettingError with the differences from the settings found in a folder."""
        mine, found = asdict(self), asdict(other)
        different = [
            f"{key} {_short(found[key])}, not {_short(mine[key])}" for key in mine if mine[key] != found[key]
        ]
        if different:
            raise SettingError(
                f"{folder} holds another survey: {'; '.join(different)}. Choose another folder"
            )


@dataclass(frozen=True, kw_only=True)
class SurveyRows:
    """All rows of a survey as arrays of their final size, so that a long survey is in memory only once."""

    codes: Float[Tensor, "n *shape"]
    logits: Float[Tensor, "n a"]
    classes: Int[Tensor, " n"]
    num_classes: int

    @classmethod
    def empty(cls, n: int, settings: Settings) -> SurveyRows:
        return cls(
            codes=torch.empty(n, *settings.code_shape),
            logits=torch.empty(n, len(settings.attributes)),
            classes=torch.zeros(n, dtype=torch.int64),
            num_classes=settings.num_classes,
        )

    @property
    def num_rows(self) -> int:
        return len(self.codes)

    @property
    def num_parts(self) -> int:
        return math.ceil(self.num_rows / PART_ROWS)

    def rows_in(self, part: int) -> int:
        """The number of rows of a part in this table."""
        return min(PART_ROWS, self.num_rows - part * PART_ROWS)

    def put(self, start: int, latents: Latents, scores: Scores) -> None:
        """Fill rows from `start` on."""
        rows = slice(start, start + len(latents))
        self.codes[rows] = latents.codes.detach().cpu().float()
        self.logits[rows] = scores.logits.detach().cpu()
        if latents.labels is not None:
            self.classes[rows] = latents.labels.argmax(1).cpu()

    def survey(self, settings: Settings) -> Survey:
        labels = F.one_hot(self.classes, self.num_classes).float() if self.num_classes else None
        latents = Latents(
            codes=self.codes,
            space=Space.parse(settings.space),
            num_layers=settings.num_layers,
            labels=labels,
            fingerprint=settings.generator,
        )
        return Survey(
            latents=latents,
            scores=Scores(names=settings.attributes, logits=self.logits),
            seed=settings.seed,
            scorer=settings.scorer,
            truncation_psi=settings.truncation_psi,
            label=settings.label,
        )


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
        yield


@contextmanager
def _refusing(folder: Path) -> Iterator[None]:
    """Turns the system's errors while a folder is written into OutputError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{folder} cannot be written: {reason}; choose another folder") from None


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
    """The columns of a part, with a digest of the settings that its rows were made under."""
    import pyarrow as pa

    width = math.prod(settings.code_shape)
    fields = [pa.field("row", pa.int64()), pa.field("code", pa.list_(pa.float32(), width))]
    fields += [pa.field(f"logit:{name}", pa.float32()) for name in settings.attributes]
    if settings.num_classes:
        fields.append(pa.field("class", pa.int64()))
    digest = hashlib.sha256(json.dumps(asdict(settings)).encode()).hexdigest()
    return pa.schema(fields, metadata={"ganatomy.survey": digest})


def _part_path(folder: Path, part: int) -> Path:
    return folder / f"part-{part:06d}.parquet"


def write_part(folder: Path, part: int, table: SurveyRows, settings: Settings, count: int) -> None:
    """Write the first `count` rows of a part; after an interruption it is as before."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(settings)
    start = part * PART_ROWS
    rows = slice(start, start + count)
    width = math.prod(settings.code_shape)
    columns: list[Any] = [pa.array(np.arange(start, start + count))]
    columns.append(pa.FixedSizeListArray.from_arrays(pa.array(table.codes[rows].flatten().numpy()), width))
    columns += [pa.array(column.contiguous().numpy()) for column in table.logits[rows].T]
    if settings.num_classes:
        columns.append(pa.array(table.classes[rows].numpy()))
    path = _part_path(folder, part)
    # The next run overwrites this name, in case this one is killed.
    unfinished = path.with_name(f".{path.name}.writing")
    content = pa.Table.from_arrays(columns, schema=schema)
    with _refusing(folder), unfinished.open("wb") as file:
        # Random numbers do not compress, and dictionaries of them only cost time.
        pq.write_table(content, file, compression="none", use_dictionary=False, write_page_checksum=True)
        file.flush()
        os.fsync(file.fileno())
        os.replace(unfinished, path)


def count_rows(folder: Path, settings: Settings, *, strict: bool) -> dict[int, int]:
    """How many rows each part has. Files that are no part of this survey are errors if `strict`, else skipped."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    expected, counts = _schema(settings), {}
    for path in sorted(folder.glob("part-*.parquet")):
        try:
            schema, count = pq.read_schema(path), pq.read_metadata(path).num_rows
            part = int(path.stem.removeprefix("part-"))
            whole = schema == expected and schema.metadata == expected.metadata and count <= PART_ROWS
        except (pa.ArrowException, OSError, ValueError):
            part, count, whole = -1, 0, False
        if whole:
            counts[part] = count
        elif strict:
            raise CheckpointError(
                f"{path} is damaged or of another survey; run the same survey again to repair it"
            )
    return counts


def read_part(folder: Path, part: int, table: SurveyRows, settings: Settings, count: int) -> int:
    """Fill a table with the first `count` rows of a part; raises CheckpointError where it is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path, start = _part_path(folder, part), part * PART_ROWS
    rows = slice(start, start + count)
    try:
        content = pq.read_table(path, page_checksum_verification=True).slice(0, count).combine_chunks()
    except (pa.ArrowException, OSError) as error:
        raise CheckpointError(f"{path} is damaged: {error}; run the same survey again to repair it") from None
    if not np.array_equal(content.column("row").to_numpy(), np.arange(start, start + count)):
        raise CheckpointError(
            f"{path} does not hold rows {start} to {start + count - 1}; run the same survey again"
        )
    codes = np.concatenate([chunk.flatten().to_numpy() for chunk in content.column("code").chunks])
    table.codes[rows] = torch.tensor(codes).view(count, *settings.code_shape)
    if broken := not_finite(table.codes[rows]):
        raise CheckpointError(
            f"{path}: the code of row {start + broken[0]} is not finite; run the same survey again"
        )
    for column, name in enumerate(settings.attributes):
        table.logits[rows, column] = torch.tensor(content.column(f"logit:{name}").to_numpy())
    if settings.num_classes:
        table.classes[rows] = torch.tensor(content.column("class").to_numpy())
    return count


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:12]}..."

"""Writes rows into the parts of a folder, as they come."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from ganatomy.errors import OutputError
from ganatomy.surveys.parts import StoredPart, read_part, write_part
from ganatomy.surveys.rows import Rows
from ganatomy.surveys.settings import Settings

FLUSH_SECONDS = 5.0
"""An incomplete part is written this often, so that a slow survey that is killed loses little."""


@dataclass(kw_only=True)
class PartWriter:
    """Gathers rows, in their order, and writes each part when it is whole, and every `FLUSH_SECONDS`.

    Leaving its context writes what is left, also when work is stopped.

    Args:
        n: rows of the whole survey.
        have: parts that are there already; incomplete ones are extended.
    """

    folder: Path
    settings: Settings
    n: int
    have: Mapping[int, StoredPart]
    held: list[Rows] = field(default_factory=list, init=False)
    """Rows of the part that is being made, from its first on."""
    unwritten: int = field(default=0, init=False)
    flushed: float = field(default_factory=time.monotonic, init=False)

    def put(self, rows: Rows) -> None:
        """Take rows of one part.

        Raises:
            OutputError: when they cannot be written.
        """
        part = rows.start // self.settings.part_rows
        if not self.held and rows.start % self.settings.part_rows:
            self.held = [read_part(self.have[part], self.settings)]
        self.held.append(rows)
        self.unwritten += len(rows)
        first = part * self.settings.part_rows
        if rows.stop == first + self.settings.rows_in(part, self.n):
            self.flush()
            self.held = []
        elif time.monotonic() - self.flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what is not written yet."""
        if self.unwritten:
            self.held = [Rows.cat(self.held)]
            part = self.held[0].start // self.settings.part_rows
            write_part(self.folder, part, self.held[0], self.settings)
            self.unwritten, self.flushed = 0, time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or not issubclass(kind, OutputError):
            self.flush()

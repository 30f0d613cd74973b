"""All that decides the rows of a survey, and how many of them are made at once and lie in one file."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from ganatomy.arguments import texts, whole
from ganatomy.errors import CheckpointError, SettingError

FORMAT = 2

BLOCK_ROWS = 512
"""Codes that are drawn at once, and that one worker scores at once: about 1 MB of codes of 512 numbers."""

PART_BYTES = 20_000_000
"""Size of a file up to which it holds more than one block."""

MOST_BLOCKS = 16
"""Blocks in a file: 8,192 rows, so that ten million are 1,221 files."""


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
    def read(cls, folder: Path) -> Settings | None:
        """The settings in a folder, None where there are none yet; raises CheckpointError for any other JSON."""
        try:
            found = json.loads((folder / "survey.json").read_text(encoding="utf-8"))
            found |= {
                "attributes": texts("attributes", found["attributes"]),
                "code_shape": tuple(whole("code_shape", size, least=1) for size in found["code_shape"]),
            }
            settings = cls(**found)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise CheckpointError(f"{folder / 'survey.json'} does not describe a survey: {error}") from None
        if settings.format != FORMAT:
            raise CheckpointError(f"{folder} has format {settings.format}, this version reads {FORMAT}")
        return settings

    @property
    def code_width(self) -> int:
        """How many numbers a code has."""
        return math.prod(self.code_shape)

    @property
    def part_rows(self) -> int:
        """The rows of a file: one block or more, up to `MOST_BLOCKS` and `PART_BYTES`."""
        block = 4 * BLOCK_ROWS * (self.code_width + len(self.attributes))
        return BLOCK_ROWS * max(1, min(MOST_BLOCKS, PART_BYTES // block))

    @property
    def digest(self) -> str:
        """SHA-256 of the settings, which every file carries."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()

    def rows_in(self, part: int, n: int) -> int:
        """How many of `n` rows lie in a file."""
        return max(0, min(self.part_rows, n - part * self.part_rows))

    def num_parts(self, n: int) -> int:
        """How many files `n` rows take."""
        return math.ceil(n / self.part_rows)

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


def blocks(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The pieces of a range of rows, each within one block.

    >>> list(blocks(500, 1030))
    [(500, 512), (512, 1024), (1024, 1030)]
    """
    while start < stop:
        end = min(stop, (start // BLOCK_ROWS + 1) * BLOCK_ROWS)
        yield start, end
        start = end


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:12]}..."

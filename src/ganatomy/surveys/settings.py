"""All that decides the rows of a survey, and how many of them are made at once and lie in one file."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ganatomy.arguments import texts, whole
from ganatomy.errors import CheckpointError, SettingError
from ganatomy.latents import Latents, Space
from ganatomy.reading import parse_json

FORMAT = 2

BLOCK_ROWS = 512
"""Codes that are drawn at once, and that one worker scores at once: about 1 MB of codes of 512 numbers."""

PART_BYTES = 20_000_000
"""Size of a file up to which it holds more than one block."""

MOST_NUMBERS = 2**17
"""In one code; those of s, the longest, have some ten thousand."""

MOST_CLASSES = 2**17

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
    class_names: tuple[str, ...] = ()
    format: int = FORMAT

    @classmethod
    def of(
        cls,
        codes: Latents,
        *,
        scorer: str | None,
        attributes: tuple[str, ...],
        seed: int,
        truncation_psi: float,
        label: int | None,
        class_names: tuple[str, ...],
    ) -> Settings:
        """The settings of a sample, of which some codes are at hand."""
        return cls(
            generator=codes.fingerprint,
            scorer=scorer,
            attributes=attributes,
            space=codes.space.value,
            seed=seed,
            truncation_psi=float(truncation_psi),
            code_shape=tuple(codes.codes.shape[1:]),
            num_layers=codes.num_layers,
            num_classes=0 if codes.labels is None else codes.labels.shape[1],
            label=label,
            class_names=class_names,
        )

    @classmethod
    def read(cls, folder: Path) -> Settings | None:
        """The settings in a folder, None where there are none yet; raises CheckpointError for any other JSON."""
        try:
            found = parse_json((folder / "survey.json").read_text(encoding="utf-8"))
            found |= {
                "attributes": texts("attributes", found["attributes"]),
                "code_shape": tuple(whole("code_shape", size, least=1) for size in found["code_shape"]),
                "class_names": texts("class_names", found.get("class_names", ())),
            }
            settings = cls(**found)
            settings.check()
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
        return hashlib.sha256(json.dumps(self._deciding).encode()).hexdigest()

    @property
    def _deciding(self) -> dict[str, Any]:
        """All but what its classes are called, on which no row depends."""
        return {name: value for name, value in asdict(self).items() if name != "class_names"}

    def rows_in(self, part: int, n: int) -> int:
        """How many of `n` rows lie in a file."""
        return max(0, min(self.part_rows, n - part * self.part_rows))

    def num_parts(self, n: int) -> int:
        """How many files `n` rows take."""
        return math.ceil(n / self.part_rows)

    def check(self) -> None:
        """Raise ValueError for settings that no survey has."""
        wrong = [size for size in self.code_shape if type(size) is not int or size < 1]
        if wrong or not 1 <= len(self.code_shape) <= 2 or self.code_width > MOST_NUMBERS:
            raise ValueError(f"its codes have shape {_short(list(self.code_shape))}")
        if type(self.num_classes) is not int or not 0 <= self.num_classes <= MOST_CLASSES:
            raise ValueError(f"it has {_short(self.num_classes)} classes")
        if len(self.class_names) not in (0, self.num_classes):
            raise ValueError(f"it has {len(self.class_names)} names of {self.num_classes} classes")
        names = self.attributes
        if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
            raise ValueError(f"its attributes are {_short(names)}")
        Space.parse(self.space)

    def refuse_other(self, other: Settings, folder: Path) -> None:
        """Raise SettingError with the differences from the settings found in a folder."""
        mine, found = self._deciding, other._deciding
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

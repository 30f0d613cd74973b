"""What the tests of the comparison share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ganatomy.experiments.compare import Comparison, Standing
from ganatomy.generators.toy import ToyGenerator
from ganatomy.perception import Scorer


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A comparison, what it was made from, where it lies on disk, and what was told while it went on."""

    comparison: Comparison
    generator: ToyGenerator
    scorer: Scorer
    folder: Path
    told: tuple[tuple[str, int, int], ...]

    @cached_property
    def standing(self) -> Standing:
        return Standing(comparison=self.comparison)

    @property
    def page(self) -> str:
        return (self.folder / "compare.html").read_text(encoding="utf-8")

    @cached_property
    def numbers(self) -> dict[str, Any]:
        return json.loads((self.folder / "compare.json").read_text(encoding="utf-8"))

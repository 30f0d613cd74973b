"""What the tests of the comparison share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.compare import Comparison


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A comparison, what it was made from, where it lies on disk, and the progress that it reported."""

    comparison: Comparison
    experiment: Experiment
    folder: Path
    reported: tuple[tuple[str, int, int], ...]

    @property
    def page(self) -> str:
        return (self.folder / "report.html").read_text(encoding="utf-8")

    @cached_property
    def numbers(self) -> dict[str, Any]:
        return json.loads((self.folder / "summary.json").read_text(encoding="utf-8"))

"""What the tests of the report share: an exploration with its report on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.explore.run import Exploration


@dataclass(frozen=True, kw_only=True)
class Reported:
    """An exploration, what it was made from, and where its report lies."""

    exploration: Exploration
    experiment: Experiment
    model: Path
    folder: Path

    @property
    def page(self) -> str:
        return (self.folder / "report.html").read_text(encoding="utf-8")

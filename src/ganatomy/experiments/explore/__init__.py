"""The main job: survey a generator, find its directions by every method, measure what each one changes."""

from ganatomy.experiments.explore.run import Exploration, explore
from ganatomy.experiments.explore.writer import write_report

__all__ = ["Exploration", "explore", "write_report"]
